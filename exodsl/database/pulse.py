"""What is live in a run, by the partial indexes that hold nothing else."""

from __future__ import annotations

from typing import Any

from exodsl.database.rows import Row, below
from exodsl.engine.status import State

_DUE = f"state{{by}} WHERE status = {State.CREATED:d} AND node = ? AND run_id = ?"
_MOST_PASSED = 5_000
"""How many states of other runs are looked at before giving up on when the first of one run is due."""


def running(connection: Any, run: int) -> list[Row]:
    """Return (id, node, path, since, retry_count) of the states of a run that runtimes hold, the oldest first."""
    rows: list[Row] = connection.execute(
        f"SELECT id, node, path, queued_at, retry_count FROM state{connection.dialect.by('state_held')}"
        f" WHERE status = {State.QUEUED:d} AND run_id = ? ORDER BY queued_at, id",
        (run,),
    ).fetchall()
    return rows


def unfolding(connection: Any, run: int) -> list[Row]:
    """Return (id, node, path, since, retry_count) of the wide fanouts that are not all made into states yet."""
    rows: list[Row] = connection.execute(
        "SELECT id, node, path, queued_at, retry_count FROM state"
        " WHERE id IN (SELECT state_id FROM spill) AND +run_id = ? ORDER BY id",
        (run,),
    ).fetchall()
    return rows


def waiting(connection: Any, run: int, node: int, path: bytes) -> Row:
    """Return (count, first due, most retries, how many are retries) of a node's states that wait to be claimed."""
    clause, values = below(path)
    row: Row = connection.execute(
        f"SELECT count(*), min(enqueue_after), max(retry_count), count(CASE WHEN retry_count > 0 THEN 1 END)"
        f" FROM {_due(connection)}{clause}",
        (node, run, *values),
    ).fetchone()
    return row


def first_waiting(connection: Any, run: int, node: int, path: bytes, limit: int) -> list[int]:
    """Return the keys of those that are due first."""
    clause, values = below(path)
    rows = connection.execute(
        f"SELECT id FROM {_due(connection)}{clause} ORDER BY enqueue_after, id LIMIT ?", (node, run, *values, limit)
    ).fetchall()
    return [row[0] for row in rows]


def next_due(connection: Any, run: int, node: int) -> int | None:
    """Return when the first of a run's waiting states of a node is due; `None` also when very many of others are."""
    row = connection.execute(
        f"SELECT enqueue_after FROM (SELECT run_id, enqueue_after FROM state WHERE status = {State.CREATED:d}"
        " AND node = ? ORDER BY enqueue_after, id LIMIT ?) AS due WHERE run_id = ? LIMIT 1",
        (node, _MOST_PASSED, run),
    ).fetchone()
    return None if row is None else row[0]


def _due(connection: Any) -> str:
    return _DUE.format(by=connection.dialect.by("state_due"))
