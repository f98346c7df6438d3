"""All that is recorded of a run but ids and times, in a form that two runs can be compared by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from exodsl.manager.protocol import StateManager
from exodsl.manager.views import NodeProgress, StateView

_PAGE = 1_000
_UNENDED = ("CREATED", "QUEUED", "EXECUTED")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: every state at its place, every gate, the counts of each node, and the store."""

    status: str
    store: dict[str, Any]
    states: list[dict[str, Any]]
    gates: list[dict[str, Any]]
    progress: tuple[NodeProgress, ...]


def outcome(manager: StateManager, run_id: str) -> Outcome:
    """Read what became of a run whose store was kept."""
    return Outcome(
        manager.run(run_id).status,
        manager.read_store(run_id),
        [_state(view) for view in states(manager, run_id)],
        [_without(asdict(gate), "state_id", "cause") for gate in manager.gates(run_id, limit=_PAGE).items],
        manager.progress(run_id),
    )


def ended(manager: StateManager, run_id: str) -> dict[int, tuple[object, ...]]:
    """Return when and how each state ended that has ended."""
    return {
        view.state_id: (view.status, view.finished_at, view.outputs)
        for view in states(manager, run_id)
        if view.status not in _UNENDED
    }


def states(manager: StateManager, run_id: str) -> Iterator[StateView]:
    """Give every state of a run: nodes in topological order, each in fanout order."""
    cursor = None
    while True:
        page = manager.states(run_id, limit=_PAGE, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _state(view: StateView) -> dict[str, Any]:
    kept = ("identifier", "path", "fanout_index", "attempt", "status", "retry_count", "inputs", "outputs", "data")
    error = None if view.error is None else (view.error.name, view.error.message)
    return {name: getattr(view, name) for name in kept} | {"error": error}


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
