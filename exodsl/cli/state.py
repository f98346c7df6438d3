"""`exodsl state`: all there is to know of one state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exodsl.cli.exits import answer
from exodsl.cli.options import Database, Json
from exodsl.cli.results import error_line, short, trace
from exodsl.cli.states import fanouts_of, place
from exodsl.cli.storage import found
from exodsl.cli.tables import as_plain, lasted, local_time

if TYPE_CHECKING:
    from exodsl.manager.views import StateView

StateId = Annotated[int, typer.Argument(metavar="ID", help="The number that `exodsl states` shows.")]
_MARGIN = 11


def state(state_id: StateId, db: Database = None, as_json: Json = False) -> None:
    """Show one state: its inputs, its outputs or its error, and when all that was.

    Examples:

      exodsl state 412
      exodsl state 412 --json
    """
    with found(db) as manager:
        view = manager.state(state_id)
        fanouts = fanouts_of(manager, view.run_id)
    if as_json:
        answer(json.dumps(as_plain(view), ensure_ascii=False, indent=2))
        return
    for name, value in _lines(view, fanouts):
        answer(f"{name:<{_MARGIN}}{_indented(value)}")


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
    yield "finished", f"{local_time(view.finished_at)} (took {lasted(view.queued_at, view.finished_at)})"
    yield "inputs", _json(view.inputs)
    for name, value in (("outputs", view.outputs), ("data", view.data)):
        if value is not None:
            yield name, _json(value)
    if view.error is not None:
        yield "error", error_line(view.error)
        told = trace(view.error)
        if told:
            yield "", told


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _indented(value: str) -> str:
    return value.replace("\n", f"\n{' ' * _MARGIN}")
