"""What control by hand reads and writes: retries, cancels, pauses. Rare, so a query for each thing is fine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row
from exodsl.database.tables import SPECIAL
from exodsl.engine.lineage import behind
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
    clause, values = _below(prefix)
    rows: list[Row] = connection.execute(
        f"SELECT {_STATE} FROM state WHERE run_id = ? AND node = ?{clause} AND status <> {State.RETRY_CREATED:d}",
        (run, node, *values),
    ).fetchall()
    return rows


def gates_of(connection: Any, run: int, node: int, prefix: bytes) -> list[Row]:
    """Return the gates of a unite below a path."""
    clause, values = _below(prefix)
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
        "UPDATE run SET revised = 1, finished_at = NULL,"
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


def _below(prefix: bytes) -> tuple[str, tuple[bytes, ...]]:
    return (" AND path >= ? AND path < ?", (prefix, behind(prefix))) if prefix else ("", ())


def _parts(keys: Sequence[int]) -> list[tuple[int, ...]]:
    return [tuple(keys[at : at + _AT_ONCE]) for at in range(0, len(keys), _AT_ONCE)]
