"""Schedules and their ticks: which are due, what was decided, and whose runs still go on (semantics 9)."""

from __future__ import annotations

from typing import Any

from exodsl.database.rows import Row
from exodsl.engine.status import Run

_COLUMNS = "id, namespace, graph, cron, tz, catch_up, overlap, paused, next_at"
_QUEUED = "run_id IS NULL AND outcome = 'QUEUED'"
_LIVE = f"(r.status = {Run.RUNNING:d} OR r.status = {Run.PAUSED:d})"


def outlook(connection: Any) -> tuple[int | None, bool]:
    """Return when the next tick of all schedules is due, and whether runs wait in a queue."""
    row: tuple[int | None, int] = connection.execute(
        f"SELECT (SELECT min(next_at) FROM schedule), EXISTS (SELECT 1 FROM tick WHERE {_QUEUED})"
    ).fetchone()
    return row[0], bool(row[1])


def listed(connection: Any, namespace: str | None, graph: str | None) -> list[Row]:
    """Return (id, namespace, graph, cron, tz, catch_up, overlap, paused, next_at) of schedules, by graph."""
    wanted = {"namespace = ?": namespace, "graph = ?": graph}
    given = {sql: value for sql, value in wanted.items() if value is not None}
    where = f" WHERE {' AND '.join(given)}" if given else ""
    rows: list[Row] = connection.execute(
        f"SELECT {_COLUMNS} FROM schedule{where} ORDER BY namespace, graph, id", tuple(given.values())
    ).fetchall()
    return rows


def one(connection: Any, key: int) -> Row | None:
    """Return one schedule, as `listed` does."""
    row: Row | None = connection.execute(f"SELECT {_COLUMNS} FROM schedule WHERE id = ?", (key,)).fetchone()
    return row


def insert(
    connection: Any, namespace: str, graph: str, options: tuple[str, str, str, str], next_at: int | None
) -> None:
    """Store a schedule; `options` are cron, tz, catch_up and overlap."""
    connection.execute(
        "INSERT INTO schedule (namespace, graph, cron, tz, catch_up, overlap, paused, next_at)"
        " VALUES (?,?,?,?,?,?,FALSE,?)",
        (namespace, graph, *options, next_at),
    )


def change(connection: Any, key: int, catch_up: str, overlap: str) -> None:
    """Give a schedule other options; when it ticks next stays as it is."""
    connection.execute("UPDATE schedule SET catch_up = ?, overlap = ? WHERE id = ?", (catch_up, overlap, key))


def remove(connection: Any, key: int) -> None:
    """Forget a schedule and its ticks; their runs stay."""
    connection.execute("DELETE FROM tick WHERE schedule_id = ?", (key,))
    connection.execute("DELETE FROM schedule WHERE id = ?", (key,))


def set_next(connection: Any, key: int, next_at: int | None, *, paused: bool = False) -> None:
    """Say which tick is not decided yet; a paused schedule has none."""
    connection.execute("UPDATE schedule SET next_at = ?, paused = ? WHERE id = ?", (next_at, paused, key))


def due(connection: Any, now: int, limit: int) -> list[Row]:
    """Return schedules with ticks that are due, the longest overdue first, as `listed` does."""
    rows: list[Row] = connection.execute(
        f"SELECT {_COLUMNS} FROM schedule WHERE next_at <= ? ORDER BY next_at, id LIMIT ?{connection.dialect.unlocked}",
        (now, limit),
    ).fetchall()
    return rows


def waiting(connection: Any) -> list[Row]:
    """Return schedules that are not paused and have ticks in their queue, as `listed` does."""
    rows: list[Row] = connection.execute(
        f"SELECT {_COLUMNS} FROM schedule WHERE NOT paused AND EXISTS"
        f" (SELECT 1 FROM tick WHERE {_QUEUED} AND schedule_id = schedule.id){connection.dialect.unlocked}"
    ).fetchall()
    return rows


def first_waiting(connection: Any, schedule: int) -> int | None:
    """Return the oldest tick in the queue of a schedule."""
    at: int | None = connection.execute(
        f"SELECT min(at) FROM tick WHERE {_QUEUED} AND schedule_id = ?", (schedule,)
    ).fetchone()[0]
    return at


def live_runs(connection: Any, schedule: int) -> list[int]:
    """Return the runs of a schedule that have not ended: looked for among all of those, which are few."""
    rows = connection.execute(
        f"SELECT r.id FROM run AS r WHERE {_LIVE} AND r.id IN (SELECT run_id FROM tick WHERE schedule_id = ?)"
        f" ORDER BY r.id{connection.dialect.locked}",
        (schedule,),
    ).fetchall()
    return [row[0] for row in rows]


def decide(connection: Any, schedule: int, at: int, outcome: str, reason: str | None = None) -> bool:
    """Record what became of a tick, once and for all; False when it was decided before."""
    cursor = connection.execute(
        "INSERT INTO tick (schedule_id, at, outcome, reason) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        (schedule, at, outcome, reason),
    )
    return bool(cursor.rowcount)


def started(connection: Any, schedule: int, at: int, run: int) -> None:
    """Give a tick its run."""
    connection.execute(
        "UPDATE tick SET outcome = 'STARTED', run_id = ?, reason = NULL WHERE schedule_id = ? AND at = ?",
        (run, schedule, at),
    )


def failed(connection: Any, schedule: int, at: int, reason: str) -> None:
    """Record that a tick could not start its run."""
    connection.execute(
        "UPDATE tick SET outcome = 'FAILED', reason = ? WHERE schedule_id = ? AND at = ?", (reason, schedule, at)
    )


def ticks(connection: Any, schedule: int, limit: int) -> list[Row]:
    """Return (at, outcome, reason, run_id, status) of the newest ticks; a run that was cleaned away has neither."""
    rows: list[Row] = connection.execute(
        "SELECT t.at, t.outcome, t.reason, r.run_id, r.status FROM tick AS t LEFT JOIN run AS r ON r.id = t.run_id"
        " WHERE t.schedule_id = ? ORDER BY t.at DESC LIMIT ?",
        (schedule, limit),
    ).fetchall()
    return rows
