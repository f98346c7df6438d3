"""What a gate waits for, and what keeps it shut: every question by an index, never a walk over a region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row, Statement, below, write_returning
from exodsl.engine.status import State

_LATEST = Statement(
    "SELECT s.node, s.path, s.status, s.id FROM (VALUES {rows}) AS v JOIN state AS s"
    " ON s.run_id = v.column1 AND s.node = v.column2 AND s.path = v.column3 ORDER BY s.attempt",
    "iib",
)
_BAD = "state{by} WHERE run_id = ? AND status = {status:d} AND node = ?"


def gate(connection: Any, run: int, node: int, path: bytes) -> Row | None:
    """Return (node, path, status, pending, arrived, failed, pruned, state_id, cause, id, opener) of a gate."""
    row: Row | None = connection.execute(
        "SELECT node, path, status, pending, arrived, failed, pruned, state_id, cause, id, opener FROM gate"
        " WHERE run_id = ? AND node = ? AND path = ?",
        (run, node, path),
    ).fetchone()
    return row


def inner_gates(connection: Any, run: int, nodes: Sequence[int], path: bytes) -> list[Row]:
    """Return (node, status, count) of the gates of these unites at a path or below it."""
    clause, values = below(path)
    found: list[Row] = []
    for node in nodes:
        found += connection.execute(
            f"SELECT node, status, count(*) FROM gate WHERE run_id = ? AND node = ?{clause} GROUP BY node, status",
            (run, node, *values),
        ).fetchall()
    return found


def failed(connection: Any, run: int, node: int, status: State, path: bytes, limit: int) -> list[Row]:
    """Return (id, path, whether it has no inputs) of a node's states that ended badly, in fanout order."""
    clause, values = below(path)
    rows: list[Row] = connection.execute(
        f"SELECT id, path, inputs IS NULL FROM {_bad(connection, status)}{clause} ORDER BY path, attempt LIMIT ?",
        (run, node, *values, limit),
    ).fetchall()
    return rows


def count_failed(connection: Any, run: int, node: int, status: State, path: bytes) -> int:
    """Return how many of a node's states ended like this; the index alone tells."""
    clause, values = below(path)
    found: int = connection.execute(
        f"SELECT count(*) FROM {_bad(connection, status)}{clause}", (run, node, *values)
    ).fetchone()[0]
    return found


def latest(connection: Any, places: Sequence[tuple[int, int, bytes]]) -> dict[tuple[int, bytes], tuple[State, int]]:
    """Return status and key of the latest attempt at each of these places of a run, by (node, path)."""
    rows = write_returning(connection, _LATEST, places)
    return {(node, path): (State(status), key) for node, path, status, key in rows}


def is_born_ended(connection: Any, state: int) -> bool:
    """Say whether a unite's state was never to run."""
    found: tuple[int] = connection.execute("SELECT inputs IS NULL FROM state WHERE id = ?", (state,)).fetchone()
    return bool(found[0])


def created_at(connection: Any, state: int) -> int:
    """Return when a state was created."""
    found: int = connection.execute("SELECT created_at FROM state WHERE id = ?", (state,)).fetchone()[0]
    return found


def _bad(connection: Any, status: State) -> str:
    return _BAD.format(by=connection.dialect.by("state_bad"), status=status)
