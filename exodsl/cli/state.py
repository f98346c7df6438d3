"""`exodsl state`: all there is to know of one state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exodsl.cli.exits import answer
from exodsl.cli.options import Database, Json
from exodsl.cli.results import error_line, short, trace
from exodsl.cli.states import fanouts_of, place
from exodsl.cli.storage import found
from exodsl.cli.tables import as_plain, lasted, local_time, spelled_seconds

if TYPE_CHECKING:
    from exodsl.manager.views import RunView, StateNotes, StateProgress, StateView

StateId = Annotated[int, typer.Argument(metavar="ID", help="The number that `exodsl states` shows.")]
_MARGIN = 11


def state(state_id: StateId, db: Database = None, as_json: Json = False) -> None:
    """Show one state: its inputs, its outputs or its error, when all that was, and what its body logged.

    While the body runs, this also shows how far it says that it is.

    Examples:

      exodsl state 412
      exodsl state 412 --json
    """
    with found(db) as manager:
        view = manager.state(state_id)
        notes = manager.notes(state_id)
        fanouts = fanouts_of(manager, view.run_id)
        run = manager.run(view.run_id)
    if as_json:
        told = as_plain(notes)
        log = {"lines": told["lines"], "dropped": told["dropped"]}
        answer(json.dumps(as_plain(view) | {"progress": told["progress"], "log": log}, ensure_ascii=False, indent=2))
        return
    for name, value in (*_lines(view, fanouts), *_waiting(view, run), *_told(notes, view)):
        answer(f"{name:<{_MARGIN}}{_indented(value)}")


def _waiting(view: StateView, run: RunView) -> Iterator[tuple[str, str]]:
    """Say what a state waits for that no runtime can run."""
    if view.status != "CREATED" or run.finished_at is not None:
        return
    if not run.served:
        yield "waits for", "a runtime: none serves its run"
    elif view.identifier in run.unserved:
        yield "waits for", f'a runtime that has the code of node "{view.node_name}"'


def _lines(view: StateView, fanouts: frozenset[str]) -> Iterator[tuple[str, str]]:
    same = view.node_name == view.identifier
    yield "state", str(view.state_id)
    yield "run", f"{short(view.run_id)} ({view.run_id})"
    yield "node", view.identifier if same else f"{view.identifier} ({view.node_name})"
    yield "status", view.status
    yield "place", place(view, fanouts)
    yield "retries", str(view.retry_count)
    yield "created", local_time(view.created_at)
    if view.enqueue_after - view.created_at >= timedelta(seconds=1):
        yield "due", local_time(view.enqueue_after)
    if view.started_at is not None:
        yield "started", local_time(view.started_at)
    begun = view.started_at or view.queued_at
    yield "finished", f"{local_time(view.finished_at)} (took {lasted(begun, view.finished_at)})"
    if view.cpu_seconds is not None:
        yield "processor", spelled_seconds(view.cpu_seconds)
    if view.peak_memory is not None:
        yield "memory", f"{view.peak_memory / 2**20:,.1f} MiB at most"
    yield "inputs", _json(view.inputs)
    for name, value in (("outputs", view.outputs), ("data", view.data)):
        if value is not None:
            yield name, _json(value)
    if view.error is not None:
        yield "error", error_line(view.error)
        told = trace(view.error)
        if told:
            yield "", told


def _told(notes: StateNotes, view: StateView) -> Iterator[tuple[str, str]]:
    """Return what the body told, as names and texts."""
    if notes.progress is not None:
        yield "progress", f"{_far(notes.progress)}, {_when(notes.progress, ended=view.finished_at is not None)}"
    lines = [f"{local_time(line.at)} {line.level} {line.message}" for line in notes.lines]
    if notes.dropped:
        lines.insert(0, f"({notes.dropped} earlier lines gave way)")
    if lines:
        yield "log", "\n".join(lines)


def _far(progress: StateProgress) -> str:
    """Return how far a body is: `30 of 120 (25%), third page`."""
    far = _number(progress.done)
    if progress.total is not None:
        far += f" of {_number(progress.total)}"
    if progress.total:
        far += f" ({progress.done / progress.total:.0%})"
    return f"{far}, {progress.note}" if progress.note else far


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _when(progress: StateProgress, *, ended: bool) -> str:
    if ended:
        return local_time(progress.at)
    return f"{spelled_seconds(max(0.0, (datetime.now(UTC) - progress.at).total_seconds()))} ago"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _indented(value: str) -> str:
    return value.replace("\n", f"\n{' ' * _MARGIN}")
