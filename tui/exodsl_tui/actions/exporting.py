"""What is written to files: the graph of a run, lists page by page, a run as a database of its own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TextIO

from pydantic_core import to_json

from exodsl.manager.filters import RunFilter, StateFilter
from exodsl.manager.inspection import StateSummary
from exodsl.manager.protocol import StateManager
from exodsl.template.drawings import as_mermaid
from exodsl_tui.actions.files import new_file, write_new
from exodsl_tui.actions.work import Job, Outcome, Watch
from exodsl_tui.words import counted, place, short

PAGE = 500
"""Rows that are read at once."""
STATE_COLUMNS = (
    "state_id",
    "node",
    "status",
    "place",
    "attempt",
    "retries",
    "created_at",
    "started_at",
    "finished_at",
    "error",
)
RUN_COLUMNS = (
    "run_id",
    "namespace",
    "graph",
    "version",
    "status",
    "total",
    "live",
    "success",
    "failed",
    "pruned",
    "cancelled",
    "created_at",
    "finished_at",
)
Row = Mapping[str, Any]
Rows = Callable[[StateManager], Iterator[Row]]
Form = Literal["csv", "json"]


class _Stopped(Exception):
    """Somebody wants no more of a file."""


def mermaid(run_id: str, path: Path) -> Job[Outcome]:
    """Return what writes the graph of a run, with the counts of its states."""

    def do(manager: StateManager, _watch: Watch) -> Outcome:
        run = manager.run(run_id, whole=False)
        template = manager.template(run.namespace, run.graph, run.version)
        counts = {node.identifier: node for node in manager.progress(run.run_id)}
        write_new(path, as_mermaid(template, counts))
        return Outcome(f"Written: {path}")

    return do


def graph_mermaid(graph: tuple[str, str], path: Path) -> Job[Outcome]:
    """Return what writes a graph, without counts."""

    def do(manager: StateManager, _watch: Watch) -> Outcome:
        write_new(path, as_mermaid(manager.template(*graph)))
        return Outcome(f"Written: {path}")

    return do


def run_file(run_id: str, path: Path) -> Job[Outcome]:
    """Return what writes a run into a database of its own."""

    def do(manager: StateManager, watch: Watch) -> Outcome:
        watch.tell(f"copying run {short(run_id)}")
        states = manager.export_run(run_id, path)
        return Outcome(f"Written: {path} with {counted(states, 'state')}; open it with: exodsl tui {path}")

    return do


def listed(rows: Rows, columns: tuple[str, ...], form: Form, path: Path) -> Job[Outcome]:
    """Return what writes a list as it is read; once it is stopped, nothing of the file stays."""

    def do(manager: StateManager, watch: Watch) -> Outcome:
        write = _write_csv if form == "csv" else _write_json
        try:
            with new_file(path) as file:
                count = write(file, _told(rows(manager), watch), columns)
        except _Stopped:
            return Outcome("Stopped; nothing was written.")
        return Outcome(f"Written: {path} with {counted(count, 'row')}")

    return do


def states_of(run_id: str, filter: StateFilter, *, whole: bool) -> Rows:
    """Return what gives all states that match, in the order of the graph.

    :param whole: with their values, too; one query more for each.
    """

    def rows(manager: StateManager) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            found = manager.find_states(run_id, replace(filter, sort=None), limit=PAGE, cursor=cursor)
            for state in found.items:
                yield _whole_state(manager, state) if whole else _state(state)
            cursor = found.cursor
            if cursor is None:
                return

    return rows


def runs_of(filter: RunFilter) -> Rows:
    """Return what gives all runs that match, the newest first."""

    def rows(manager: StateManager) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            page = manager.find_runs(filter, limit=PAGE, cursor=cursor)
            for run in page.items:
                yield {name: _plain(value) for name, value in asdict(run).items()}
            cursor = page.next_cursor
            if cursor is None:
                return

    return rows


def _state(state: StateSummary) -> dict[str, Any]:
    return {
        "state_id": state.state_id,
        "node": state.identifier,
        "status": state.status,
        "place": place(state.path, state.fanout_index),
        "attempt": state.attempt,
        "retries": state.retry_count,
        "created_at": _plain(state.created_at),
        "started_at": _plain(state.started_at),
        "finished_at": _plain(state.finished_at),
        "error": state.error,
    }


def _whole_state(manager: StateManager, summary: StateSummary) -> Row:
    state = manager.state(summary.state_id)
    values = {"inputs": state.inputs, "outputs": state.outputs, "data": state.data}
    return {**_state(summary), **values, "error": None if state.error is None else asdict(state.error)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _told(rows: Iterator[Row], watch: Watch) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if watch.stopped:
            raise _Stopped
        if count % PAGE == 0:
            watch.tell(f"written {count:,}")
        yield row


def _write_csv(file: TextIO, rows: Iterator[Row], columns: tuple[str, ...]) -> int:
    writer = csv.DictWriter(file, columns, extrasaction="ignore")
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    return count


def _write_json(file: TextIO, rows: Iterator[Row], _columns: tuple[str, ...]) -> int:
    count = 0
    file.write("[")
    for row in rows:
        file.write(",\n" if count else "\n")
        file.write(to_json(row).decode())
        count += 1
    file.write("\n]\n" if count else "]\n")
    return count
