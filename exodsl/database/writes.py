"""What an exchange writes: each kind of change in as few statements as there are sizes of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import to_json

from exodsl.database.large import LARGE, keep_apart, keep_apart_for
from exodsl.database.rows import SEPARATOR, Row, Statement, write, write_returning
from exodsl.engine.changes import Changes, Closed, Created, Ended, Siblings
from exodsl.engine.reports import Usage
from exodsl.engine.status import CREATED, QUEUED, SUCCESS, Gate, State

SPILL_PART = 64
"""How many outputs of a wide fanout are kept in one row until they are made into states."""

_SUCCEEDED = Statement(
    f"UPDATE state SET status = {State.SUCCESS:d}, finished_at = ?, outputs = v.column3,"
    " started_at = CASE WHEN queued_at > ? - v.column4 THEN queued_at ELSE ? - v.column4 END,"
    " cpu_us = v.column5, peak_kib = v.column6"
    " FROM (VALUES {rows}) AS v"
    f" WHERE state.id = v.column1 AND state.lease = v.column2 AND state.status = {State.QUEUED:d}",
    "iitiii",
)
_ENDED = Statement(
    "UPDATE state SET status = v.column4, outputs = v.column5, error = v.column6, data = v.column7,"
    " enqueue_after = coalesce(v.column8, state.enqueue_after), finished_at = v.column9,"
    f" queued_at = CASE v.column4 WHEN {State.CREATED:d} THEN NULL ELSE queued_at END,"
    " started_at = coalesce("
    "CASE WHEN queued_at > ? - v.column10 THEN queued_at ELSE ? - v.column10 END, started_at),"
    " cpu_us = coalesce(v.column11, cpu_us), peak_kib = coalesce(v.column12, peak_kib)"
    " FROM (VALUES {rows}) AS v"
    " WHERE state.id = v.column1 AND state.lease = v.column2 AND state.status = v.column3",
    "iiiitttiiiii",
)
_FRESH = Statement(
    "INSERT INTO state (id, run_id, node, path, parent_id, inputs, attempt, retry_count, status, lease,"
    " enqueue_after, created_at, queued_at)"
    " SELECT v.*, 0, 0, ?, ?, ?, ?, ? FROM (VALUES {rows}) AS v",
    "iiibit",
)
_SIBLINGS = Statement(
    "INSERT INTO state (id, path, outputs, run_id, node, attempt, retry_count, status, parent_id, lease,"
    " enqueue_after, created_at, finished_at)"
    f" SELECT v.*, ?, ?, ?, ?, {State.SUCCESS:d}, ?, 0, ?, ?, ? FROM (VALUES {{rows}}) AS v",
    "ibt",
)
_CREATED = Statement(
    "INSERT INTO state (id, run_id, node, path, attempt, retry_count, status, parent_id, inputs, lease,"
    " enqueue_after, created_at, queued_at) VALUES {rows}",
    "iiibiiiitiiii",
)
_BORN = Statement(
    "INSERT INTO state (id, run_id, node, path, attempt, retry_count, status, parent_id, inputs, outputs,"
    " error, lease, enqueue_after, created_at, finished_at) VALUES {rows}",
    "iiibiiiitttiiii",
)
_OPENED = Statement(
    "INSERT INTO gate (run_id, node, path, pending, arrived, failed, pruned, status, opener, cause) VALUES {rows}"
    " RETURNING id, run_id, node, path, opener, pending, failed, cause",
    "iibiiiiiii",
)
_MOVED = Statement(
    "UPDATE gate SET pending = pending + v.column4, arrived = arrived + v.column5, failed = failed + v.column6,"
    " pruned = pruned + v.column7,"
    " cause = CASE WHEN failed + v.column6 <= 0 THEN NULL ELSE coalesce(cause, v.column8) END"
    " FROM (VALUES {rows}) AS v"
    " WHERE gate.run_id = v.column1 AND gate.node = v.column2 AND gate.path = v.column3"
    " RETURNING gate.id, gate.run_id, gate.node, gate.path, gate.opener, gate.pending, gate.failed, gate.cause",
    "iibiiiii",
)
_CLOSED = Statement(
    "UPDATE gate SET status = v.column2, state_id = v.column3 FROM (VALUES {rows}) AS v WHERE gate.id = v.column1",
    "iii",
)
_RUNS = Statement(
    "UPDATE run SET pending = pending + v.column2, failed = failed + v.column3,"
    " cause = CASE WHEN failed + v.column3 <= 0 THEN NULL ELSE coalesce(cause, v.column4) END"
    " FROM (VALUES {rows}) AS v WHERE run.id = v.column1 RETURNING run.id, run.pending, run.failed",
    "iiii",
)
_COUNTS = Statement(
    "INSERT INTO node_count (run_id, node, total, success, errored, next_created_error, pruned, retry_created,"
    " cancelled)"
    " VALUES {rows} ON CONFLICT (run_id, node) DO UPDATE SET total = node_count.total + excluded.total,"
    " success = node_count.success + excluded.success, errored = node_count.errored + excluded.errored,"
    " next_created_error = node_count.next_created_error + excluded.next_created_error,"
    " pruned = node_count.pruned + excluded.pruned,"
    " retry_created = node_count.retry_created + excluded.retry_created,"
    " cancelled = node_count.cancelled + excluded.cancelled",
    "iiiiiiiii",
)
_STORE = Statement(
    "INSERT INTO store_entry (run_id, key, value) VALUES {rows}"
    " ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value",
    "itt",
)
_SPILL = Statement("INSERT INTO spill (state_id, first, body) VALUES {rows}", "iit")

_UNKNOWN: Row = (None, None, None)
NodeId = Callable[[int, int], int]
"""Gives the database's id of a node from its run and its index."""


class Written:
    """What the database answered to one step: gates and runs that have nothing pending, and stale leases."""

    __slots__ = ("complete", "drained", "finished")

    def __init__(self, complete: bool, drained: list[Row], finished: list[Row]) -> None:
        self.complete, self.drained, self.finished = complete, drained, finished


def write_changes(connection: Any, changes: Changes, now: int, lease: int, node_id: NodeId) -> Written:
    """Write one step; incomplete when a lease was stale, and then the transaction must be rolled back."""
    if not _end_states(connection, changes.ended, now):
        return Written(False, [], [])
    _insert_states(connection, changes.created, now, lease, node_id)
    for group in changes.siblings:
        _insert_siblings(connection, group, now, node_id)
    _close_gates(connection, changes.closed)
    drained = _move_gates(connection, changes, node_id)
    finished = _move_runs(connection, changes)
    _write_rest(connection, changes, node_id)
    return Written(True, drained, finished)


def _end_states(connection: Any, ended: list[Ended], now: int) -> bool:
    for e in ended:
        if e.outputs is not None and len(e.outputs) > LARGE:
            e.outputs = keep_apart_for(connection, e.key, e.outputs)
    plain = [(e.key, e.lease, e.outputs, *_used(e.usage)) for e in ended if e.status is SUCCESS and e.was is QUEUED]
    touched = write(connection, _SUCCEEDED, plain, now, now, now) if plain else 0
    if len(plain) == len(ended):
        return touched == len(ended)
    others = [_ended_row(e, now) for e in ended if e.status is not SUCCESS or e.was is not QUEUED]
    return touched + write(connection, _ENDED, others, now, now) == len(ended)


def _ended_row(ended: Ended, now: int) -> Row:
    over = ended.status not in (CREATED, State.EXECUTED)
    return (
        ended.key,
        ended.lease,
        ended.was,
        ended.status,
        ended.outputs,
        ended.error,
        ended.data,
        ended.enqueue_after,
        now if over else None,
        *_used(ended.usage),
    )


def _used(usage: Usage | None) -> Row:
    return _UNKNOWN if usage is None else (usage.ran_ms, usage.cpu_us, usage.peak_kib)


def _insert_states(connection: Any, created: list[Created], now: int, lease: int, node_id: NodeId) -> None:
    queued: list[Row] = []
    due: list[Row] = []
    live: list[Row] = []
    born: list[Row] = []
    run, base = -1, 0
    for s in created:
        if s.run != run:
            run, base = s.run, node_id(s.run, 0)
        if s.inputs is not None and len(s.inputs) > LARGE:
            s.inputs = keep_apart(connection, run, s.inputs)
        if not s.attempt and (s.status is QUEUED or (s.status is CREATED and s.enqueue_after in (0, now))):
            fresh = queued if s.status is QUEUED else due
            fresh.append((s.key, run, base + s.node, s.path, s.parent, s.inputs))
            continue
        head = (s.key, run, base + s.node, s.path, s.attempt, s.retry_count, int(s.status), s.parent, s.inputs)
        if s.status is QUEUED:
            live.append((*head, lease, now, now, now))
        elif s.status is CREATED:
            live.append((*head, 0, s.enqueue_after or now, now, None))
        else:
            outputs = s.outputs
            if outputs is not None and len(outputs) > LARGE:
                outputs = keep_apart(connection, run, outputs)
            born.append((*head, outputs, s.error, 0, now, now, now))
    if queued:
        write(connection, _FRESH, queued, int(QUEUED), lease, now, now, now)
    if due:
        write(connection, _FRESH, due, int(CREATED), 0, now, now, None)
    if live:
        write(connection, _CREATED, live)
    if born:
        write(connection, _BORN, born)


def _insert_siblings(connection: Any, group: Siblings, now: int, node_id: NodeId) -> None:
    run = group.run
    rows: list[Row] = [
        row if len(row[2]) <= LARGE else (*row[:2], keep_apart(connection, run, row[2])) for row in group.states
    ]
    shared = (run, node_id(run, group.node), group.attempt, group.retry_count, group.parent, now, now, now)
    write(connection, _SIBLINGS, rows, *shared)


def _close_gates(connection: Any, closed: list[Closed]) -> None:
    if closed:
        write(connection, _CLOSED, [(gate.key, int(gate.status), gate.state) for gate in closed])


def _move_gates(connection: Any, changes: Changes, node_id: NodeId) -> list[Row]:
    """Insert and move gates; return those with nothing pending: (key, run, node, path, opener, failed, cause)."""
    found: list[Row] = []
    if changes.opened:
        found += write_returning(
            connection,
            _OPENED,
            [
                (
                    run,
                    node_id(run, node),
                    path,
                    m.pending,
                    m.arrived,
                    m.failed,
                    m.pruned,
                    int(Gate.OPEN),
                    o.opener,
                    m.cause,
                )
                for (run, node, path), o in changes.opened.items()
                for m in (o.moves,)
            ],
        )
    moved = [
        (run, node_id(run, node), path, m.pending, m.arrived, m.failed, m.pruned, m.cause)
        for (run, node, path), m in changes.gates.items()
        if m
    ]
    if moved:
        found += write_returning(connection, _MOVED, moved)
    return [row for row in found if row[5] == 0]


def _move_runs(connection: Any, changes: Changes) -> list[Row]:
    """Move the counters of runs; return those with nothing pending: (key, pending, failed)."""
    moved = [(run, m.pending, m.failed, m.cause) for run, m in changes.runs.items() if m]
    if not moved:
        return []
    return [row for row in write_returning(connection, _RUNS, moved) if row[1] == 0]


def _write_rest(connection: Any, changes: Changes, node_id: NodeId) -> None:
    write_counts(connection, changes, node_id)
    if changes.store:
        write_store(connection, ((run, key, value) for (run, key), value in changes.store.items()))
    for spilled in changes.spilled:
        _spill(connection, spilled.state, spilled.outputs)


def write_counts(connection: Any, changes: Changes, node_id: NodeId) -> None:
    """Move the counts of nodes."""
    if changes.counts:
        write(
            connection,
            _COUNTS,
            [
                (
                    run,
                    node_id(run, node),
                    c.total,
                    c.success,
                    c.errored,
                    c.next_created_error,
                    c.pruned,
                    c.retry_created,
                    c.cancelled,
                )
                for (run, node), c in changes.counts.items()
            ],
        )


def write_store(connection: Any, entries: Iterable[tuple[int, str, Any]]) -> None:
    """Set entries of runs' stores."""
    write(connection, _STORE, [(run, key, to_json(value).decode()) for run, key, value in entries])


def _spill(connection: Any, state: int, outputs: Any) -> None:
    for first in range(0, len(outputs), SPILL_PART):
        part = outputs[first : first + SPILL_PART]
        write(connection, _SPILL, [(state, first, SEPARATOR.join(part))])
