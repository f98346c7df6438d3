"""What a run came to: the outputs of its last nodes, or why it failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from exodsl.cli.counts import failed
from exodsl.cli.exits import DONE, FAILED, answer, say
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from exodsl.engine.reports import ErrorInfo
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import RunView, StateStatus, StateView

SHORT = 8
_CAUSED = "\n\nThe above exception was the direct cause of the following exception:\n\n"
_PAGE = 1000
_SHOWN = 500
_SHOWN_GATES = 3


def short(run_id: str) -> str:
    """Return the last digits of a run's id, by which people know it."""
    return run_id[-SHORT:]


def show_result(manager: StateManager, run: RunView, db: str | None, *, as_json: bool) -> int:
    """Write what an ended run came to, the result to stdout and a failure to stderr; return the exit code."""
    if as_json:
        answer(json.dumps(_document(manager, run), ensure_ascii=False, indent=2))
    elif run.status == "SUCCESS":
        _show_outputs(manager, run)
    if run.status == "FAILED":
        for line in _failure(manager, run, db):
            say(line)
    return DONE if run.status == "SUCCESS" else FAILED


def _show_outputs(manager: StateManager, run: RunView) -> None:
    outputs = _outputs(manager, run)
    for text in _readable(outputs):
        answer(text)
    if any(outputs.values()):
        return
    for identifier in outputs:
        say(f'"{identifier}" gave nothing: {_why_nothing(manager, run, identifier)}.')


def _why_nothing(manager: StateManager, run: RunView, identifier: str) -> str:
    page = manager.states(run.run_id, identifier=identifier, status="PRUNED", limit=1)
    if not page.items:
        return "every branch ended before"
    reason = (page.items[0].data or {}).get("reason")
    said = "pruned there" if reason is None else f"pruned there: {reason}"
    return said if page.next_cursor is None else f"{said} (and others)"


def states(
    manager: StateManager, run_id: str, identifier: str | None = None, status: StateStatus | None = None
) -> Iterator[StateView]:
    """Give the states of a run, page after page."""
    cursor: str | None = None
    while True:
        page = manager.states(run_id, identifier=identifier, status=status, limit=_PAGE, cursor=cursor, whole=True)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def plain_output(outputs: Mapping[str, Any]) -> Any:
    """Return the value of a node that gives a plain one, else the object of its fields."""
    return outputs["result"] if list(outputs) == ["result"] else dict(outputs)


def error_line(error: ErrorInfo) -> str:
    """Return an error as the last line of a traceback spells it; a type of Python's or ours by its bare name."""
    kind = error.name
    return f"{kind}: {error.message}" if error.message else kind


def trace(error: ErrorInfo) -> str:
    """Return the traceback of an error, without the line that `error_line` gives already.

    What led exodsl to an error of its own, such as how a model worded it, is in the message.
    """
    told = error.traceback.strip()
    if error.type.startswith("exodsl.errors."):
        told = told.rpartition(_CAUSED)[2]
    kind = error.type.removeprefix("builtins.")
    return told.removesuffix(f"{kind}: {error.message}".strip()).rstrip()


def _outputs(manager: StateManager, run: RunView) -> dict[str, list[Any]]:
    """Return what the last nodes gave, each in fanout order."""
    template = manager.template(run.namespace, run.graph, run.version)
    last = [node.identifier for node in template.nodes if not node.next_nodes]
    return {
        identifier: [
            plain_output(state.outputs)
            for state in states(manager, run.run_id, identifier, "SUCCESS")
            if state.outputs is not None
        ]
        for identifier in last
    }


def _document(manager: StateManager, run: RunView) -> dict[str, Any]:
    found: dict[str, Any] = {
        "run_id": run.run_id,
        "namespace": run.namespace,
        "graph": run.graph,
        "version": run.version,
        "status": run.status,
        "outputs": _outputs(manager, run),
    }
    state = _cause(manager, run)
    if state is not None:
        found["failed"] = {
            "state_id": state.state_id,
            "identifier": state.identifier,
            "status": state.status,
            "inputs": state.inputs,
            "error": None if state.error is None else asdict(state.error),
        }
    return found


def _readable(outputs: Mapping[str, list[Any]]) -> Iterator[str]:
    several = sum(bool(values) for values in outputs.values()) > 1
    for identifier, values in outputs.items():
        shown = [_spelled(value) for value in values if value != {}]
        if several and shown:
            yield f"{identifier}:"
        yield from shown


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _cause(manager: StateManager, run: RunView) -> StateView | None:
    return None if run.failed_state_id is None else manager.state(run.failed_state_id)


def _failure(manager: StateManager, run: RunView, db: str | None) -> Iterator[str]:
    state = _cause(manager, run)
    if state is None:
        yield f"It failed: {run.error}"
        return
    error = state.error
    said = state.status if error is None else error_line(error)
    yield f'"{state.identifier}" failed first (state {state.state_id}): {_shortened(said)}'
    yield f"  inputs: {_shortened(json.dumps(state.inputs, ensure_ascii=False))}"
    told = "" if error is None else trace(error)
    if told:
        yield "\n".join(f"  {line}" for line in told.splitlines())
    yield from _blocked(manager, run)
    others = sum(failed(node) for node in manager.progress(run.run_id)) - 1
    yield f"And {others:,} more failed. Look at them:" if others > 0 else "Look at it:"
    yield f"  {command(db, 'states', short(run.run_id), '--status', state.status)}"
    yield f"  {command(db, 'state', str(state.state_id))}"


def _blocked(manager: StateManager, run: RunView) -> Iterator[str]:
    """Name unites that a failure blocked: they have no state (semantics 4)."""
    page = manager.gates(run.run_id, status="BLOCKED", limit=_SHOWN_GATES)
    for gate in page.items:
        at = f" at {'.'.join(map(str, gate.path))}" if gate.path else ""
        by = "" if gate.cause is None else f' by "{manager.state(gate.cause).identifier}" (state {gate.cause})'
        yield f'"{gate.identifier}"{at} did not run: blocked{by}'
    if page.next_cursor is not None:
        yield "More unites were blocked."


def _shortened(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({len(text):,} characters)"
