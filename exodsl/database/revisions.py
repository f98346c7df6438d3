"""What control by hand reads and writes: retries, cancels, pauses. Rare, so a query for each thing is fine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from exodsl.database.notes import copy_notes
from exodsl.database.rows import Row, below
from exodsl.database.tables import SPECIAL
from exodsl.engine.status import Gate, Run, State

_STATE = "id, node, path, status, parent_id, attempt, retry_count, inputs, outputs, lease"
_GATE = "id, node, path, status, opener"
_AT_ONCE = 500


def special_runs(connection: Any) -> list[Row]:
    """Return (id, status, revised) of the runs that are paused, or had states retried by hand and still go on."""
    rows: list[Row] = connection.execute(f"SELECT id, status, revised FROM run WHERE {SPECIAL}").fetchall()
    return rows


def state(connection: Any, key: int) -> Row | None:
    """Return (run_id, and the columns of a past state) of one state."""
    row: Row | None = connection.execute(f"SELECT run_id, {_STATE} FROM state WHERE id = ?", (key,)).fetchone()
    return row


def states_of(connection: Any, run: int, node: int, prefix: bytes) -> list[Row]:
    """Return the states of a node below a path that were not superseded."""
    clause, values = below(prefix)
    rows: list[Row] = connection.execute(
        f"SELECT {_STATE} FROM state WHERE run_id = ? AND node = ?{clause} AND status <> {State.RETRY_CREATED:d}",
        (run, node, *values),
    ).fetchall()
    return rows


def gates_of(connection: Any, run: int, node: int, prefix: bytes) -> list[Row]:
    """Return the gates of a unite below a path."""
    clause, values = below(prefix)
    rows: list[Row] = connection.execute(
        f"SELECT {_GATE} FROM gate WHERE run_id = ? AND node = ?{clause}", (run, node, *values)
    ).fetchall()
    return rows


def gate_at(connection: Any, run: int, node: int, path: bytes) -> Row | None:
    """Return the gate of a unite at exactly one path."""
    row: Row | None = connection.execute(
        f"SELECT {_GATE} FROM gate WHERE run_id = ? AND node = ? AND path = ?", (run, node, path)
    ).fetchone()
    return row


def last_attempt(connection: Any, run: int, node: int, path: bytes) -> int | None:
    """Return the number of the last attempt at a place, if there was one."""
    number: int | None = connection.execute(
        "SELECT max(attempt) FROM state WHERE run_id = ? AND node = ? AND path = ?", (run, node, path)
    ).fetchone()[0]
    return number


def retryable(connection: Any, run: int, node: int | None, statuses: Sequence[State]) -> list[int]:
    """Return the keys of a run's states of these statuses, upstream first."""
    only = "" if node is None else " AND node = ?"
    marks = ",".join(str(int(status)) for status in statuses)
    rows = connection.execute(
        f"SELECT id FROM state WHERE run_id = ?{only} AND status IN ({marks}) ORDER BY node, path",
        (run, *(() if node is None else (node,))),
    ).fetchall()
    return [row[0] for row in rows]


def supersede(connection: Any, keys: Sequence[int]) -> None:
    """Make states RETRY_CREATED."""
    for part in _parts(keys):
        marks = ",".join("?" * len(part))
        connection.execute(f"UPDATE state SET status = {State.RETRY_CREATED:d} WHERE id IN ({marks})", part)


def drop_gates(connection: Any, keys: Sequence[int]) -> None:
    """Delete gates."""
    for part in _parts(keys):
        connection.execute(f"DELETE FROM gate WHERE id IN ({','.join('?' * len(part))})", part)


def reopen_gates(connection: Any, keys: Sequence[int]) -> None:
    """Let gates wait again."""
    for part in _parts(keys):
        marks = ",".join("?" * len(part))
        connection.execute(
            f"UPDATE gate SET status = {Gate.OPEN:d}, state_id = NULL, cause = NULL WHERE id IN ({marks})", part
        )


def drained(connection: Any, keys: Sequence[int]) -> list[Row]:
    """Return which of these gates have nothing pending, as an exchange wants them."""
    if not keys:
        return []
    marks = ",".join("?" * len(keys))
    rows: list[Row] = connection.execute(
        "SELECT id, run_id, node, path, opener, pending, failed, cause FROM gate"
        f" WHERE id IN ({marks}) AND pending = 0 AND status = {Gate.OPEN:d}",
        tuple(keys),
    ).fetchall()
    return rows


def go_on(connection: Any, run: int) -> None:
    """Let a run go on that may have ended; it is revised from now on."""
    connection.execute(
        "UPDATE run SET revised = TRUE, finished_at = NULL,"
        f" status = CASE status WHEN {Run.PAUSED:d} THEN status ELSE {Run.RUNNING:d} END WHERE id = ?",
        (run,),
    )


def set_status(connection: Any, run: int, status: Run) -> None:
    """Pause a run, or let it go on."""
    connection.execute("UPDATE run SET status = ? WHERE id = ?", (int(status), run))


def cancel(connection: Any, run: int, now: int) -> list[Row]:
    """Close every gate of a run and cancel what is live; return (node, count) of what was cancelled."""
    connection.execute(
        f"UPDATE gate SET status = {Gate.CANCELLED:d} WHERE run_id = ? AND status = {Gate.OPEN:d}", (run,)
    )
    live = f"status IN ({State.CREATED:d}, {State.QUEUED:d}, {State.EXECUTED:d})"
    connection.execute(
        f"DELETE FROM spill WHERE state_id IN (SELECT id FROM state WHERE run_id = ? AND status = {State.EXECUTED:d})",
        (run,),
    )
    rows: list[Row] = connection.execute(
        f"SELECT node, count(*) FROM state WHERE run_id = ? AND {live} GROUP BY node", (run,)
    ).fetchall()
    connection.execute(
        f"UPDATE state SET status = {State.CANCELLED:d}, finished_at = ? WHERE run_id = ? AND {live}", (now, run)
    )
    return rows


def forget_causes(connection: Any, run: int, keys: Collection[int]) -> None:
    """Take states back as the cause of what a gate, or the run, stands for."""
    for part in _parts(list(keys)):
        marks = ",".join("?" * len(part))
        connection.execute(f"UPDATE gate SET cause = NULL WHERE run_id = ? AND cause IN ({marks})", (run, *part))
        connection.execute(f"UPDATE run SET cause = NULL WHERE id = ? AND cause IN ({marks})", (run, *part))


def gates_without_cause(connection: Any, run: int) -> list[Row]:
    """Return (id, node, path) of the gates where failures count and none is named."""
    rows: list[Row] = connection.execute(
        "SELECT id, node, path FROM gate WHERE run_id = ? AND failed > 0 AND cause IS NULL", (run,)
    ).fetchall()
    return rows


def lacks_cause(connection: Any, run: int) -> bool:
    """Say whether failures count at the run and none is named."""
    return bool(
        connection.execute("SELECT 1 FROM run WHERE id = ? AND failed > 0 AND cause IS NULL", (run,)).fetchone()
    )


def failures(connection: Any, run: int) -> list[Row]:
    """Return (id, node, path, status) of the states that failed, oldest first."""
    rows: list[Row] = connection.execute(
        "SELECT id, node, path, status FROM state WHERE run_id = ?"
        f" AND status IN ({State.ERRORED:d}, {State.NEXT_CREATED_ERROR:d}) ORDER BY id",
        (run,),
    ).fetchall()
    return rows


def blocked_gates(connection: Any, run: int) -> list[Row]:
    """Return (cause, node, path) of the unites that are blocked."""
    rows: list[Row] = connection.execute(
        f"SELECT cause, node, path FROM gate WHERE run_id = ? AND status = {Gate.BLOCKED:d} AND cause IS NOT NULL",
        (run,),
    ).fetchall()
    return rows


def set_gate_cause(connection: Any, gate: int, cause: int) -> None:
    """Name a failure that counts at a gate."""
    connection.execute("UPDATE gate SET cause = ? WHERE id = ?", (cause, gate))


def set_run_cause(connection: Any, run: int, cause: int) -> None:
    """Name a failure that counts at a run, if none is named."""
    connection.execute("UPDATE run SET cause = coalesce(cause, ?) WHERE id = ?", (cause, run))


def half_made(connection: Any, run: int) -> int | None:
    """Return the key of a wide fanout that was cancelled before all of its outputs were states, if there is one."""
    row = connection.execute(
        f"SELECT id FROM state WHERE run_id = ? AND status = {State.CANCELLED:d} AND outputs IS NOT NULL LIMIT 1",
        (run,),
    ).fetchone()
    return None if row is None else row[0]


def key_range(connection: Any, run: int) -> tuple[int, int]:
    """Return the least and the greatest key of a run's states."""
    low, high = connection.execute("SELECT min(id), max(id) FROM state WHERE run_id = ?", (run,)).fetchone()
    return low, high


def copy_run(connection: Any, run: int, new: int, run_id: str, by: int, now: int) -> None:
    """Copy a run with its states, whose keys are moved `by`, under a new key and id.

    What runtimes held, or a cancel had stopped, is CREATED in the copy, and waits as if it had never been handed out.
    """
    connection.execute(
        "INSERT INTO run (id, run_id, template_id, status, pending, failed, cause, inputs, target, revised,"
        f" created_at) SELECT ?, ?, template_id, {Run.RUNNING:d}, pending, failed, cause + ?, inputs,"
        " target, TRUE, ? FROM run WHERE id = ?",
        (new, run_id, by, now, run),
    )
    stopped = f"status IN ({State.QUEUED:d}, {State.CANCELLED:d})"
    connection.execute(
        "INSERT INTO state (id, run_id, node, path, attempt, retry_count, status, parent_id, inputs, outputs, error,"
        " data, lost, lease, enqueue_after, created_at, queued_at, started_at, finished_at, cpu_us, peak_kib)"
        " SELECT id + ?, ?, node, path, attempt, retry_count,"
        f" CASE WHEN {stopped} THEN {State.CREATED:d} ELSE status END, parent_id + ?, inputs, outputs,"
        f" error, data, lost, 0, enqueue_after, created_at, CASE WHEN {stopped} THEN NULL ELSE queued_at END,"
        f" CASE WHEN {stopped} THEN NULL ELSE started_at END, CASE WHEN {stopped} THEN NULL ELSE finished_at END,"
        " cpu_us, peak_kib"
        " FROM state WHERE run_id = ?",
        (by, new, by, run),
    )
    connection.execute(
        "INSERT INTO gate (run_id, node, path, pending, arrived, failed, pruned, status, opener, state_id, cause)"
        " SELECT ?, node, path, pending, arrived, failed, pruned,"
        f" CASE status WHEN {Gate.CANCELLED:d} THEN {Gate.OPEN:d} ELSE status END, opener + ?, state_id + ?, cause + ?"
        " FROM gate WHERE run_id = ?",
        (new, by, by, by, run),
    )
    connection.execute(
        "INSERT INTO spill (state_id, first, body) SELECT state_id + ?, first, body FROM spill"
        " WHERE state_id IN (SELECT id FROM state WHERE run_id = ?)",
        (by, run),
    )
    _copy_rows(connection, "node_count", run, new)
    connection.execute("UPDATE node_count SET cancelled = 0 WHERE run_id = ?", (new,))
    _copy_rows(connection, "store_entry", run, new)
    _copy_rows(connection, "large_value", run, new)
    copy_notes(connection, run, by)


_COPIED = {
    "node_count": "node, total, success, errored, next_created_error, pruned, retry_created, cancelled",
    "store_entry": "key, value",
    "large_value": "digest, body",
}


def _copy_rows(connection: Any, table: str, run: int, new: int) -> None:
    columns = _COPIED[table]
    connection.execute(
        f"INSERT INTO {table} (run_id, {columns}) SELECT ?, {columns} FROM {table} WHERE run_id = ?", (new, run)
    )


def _parts(keys: Sequence[int]) -> list[tuple[int, ...]]:
    return [tuple(keys[at : at + _AT_ONCE]) for at in range(0, len(keys), _AT_ONCE)]
