"""Runs in full: how many there are, every state of one with where it comes from, and the ancestors of one state."""

from __future__ import annotations

from typing import Any

from exodsl.database.rows import Row


def run_keys(connection: Any, namespace: str, limit: int, skip: int) -> list[int]:
    """Return the keys of runs of a namespace, newest first."""
    rows = connection.execute(
        "SELECT r.id FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"
        " WHERE t.namespace = ? AND NOT r.cleaning ORDER BY r.id DESC LIMIT ? OFFSET ?",
        (namespace, limit, skip),
    ).fetchall()
    return [row[0] for row in rows]


def count_runs(connection: Any, namespace: str) -> int:
    """Return how many runs a namespace has."""
    count: int = connection.execute(
        "SELECT count(*) FROM graph_template AS t JOIN run AS r ON r.template_id = t.id"
        " WHERE t.namespace = ? AND NOT r.cleaning",
        (namespace,),
    ).fetchone()[0]
    return count


def run_called(connection: Any, namespace: str, run_id: str) -> int | None:
    """Return the key of a run of a namespace by its whole id."""
    row = connection.execute(
        "SELECT r.id FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"
        " WHERE r.run_id = ? AND t.namespace = ? AND NOT r.cleaning",
        (run_id, namespace),
    ).fetchone()
    return None if row is None else row[0]


def states(connection: Any, run: int) -> list[Row]:
    """Return (id, lost, node, status, parent, message of its error) of every state of a run, as they were created."""
    rows: list[Row] = connection.execute(
        f"SELECT id, lost, node, status, parent_id, {connection.dialect.field('error', 'message')} FROM state"
        " WHERE run_id = ? ORDER BY id",
        (run,),
    ).fetchall()
    return rows


def line_of(connection: Any, key: int) -> list[Row]:
    """Return (id, lost, node) of a state and of those that led to it, the first one first."""
    rows: list[Row] = connection.execute(
        "WITH RECURSIVE above (id, step) AS ("
        " SELECT id, 0 FROM state WHERE id = ?"
        " UNION ALL SELECT s.parent_id, step + 1 FROM above JOIN state AS s ON s.id = above.id)"
        " SELECT s.id, s.lost, s.node FROM above JOIN state AS s ON s.id = above.id ORDER BY step DESC",
        (key,),
    ).fetchall()
    return rows
