"""What is handed out without a runtime to hold it: found again by the state alone, in whichever process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row
from exodsl.engine.status import State

NOWHERE = ("", "")
"""The place of a session that no process keeps; so it cannot be gone before its lease is."""


def state(connection: Any, key: int) -> Row | None:
    """Return (run, node, path, attempt, retry_count, parent, inputs, lease, status, lost) of a state.

    The namespace of its run and that of its node stand behind.
    """
    row: Row | None = connection.execute(
        "SELECT s.run_id, s.node, s.path, s.attempt, s.retry_count, s.parent_id, s.inputs, s.lease, s.status, s.lost,"
        " t.namespace, n.namespace FROM state AS s JOIN run AS r ON r.id = s.run_id"
        " JOIN graph_template AS t ON t.id = r.template_id JOIN template_node AS n ON n.id = s.node"
        " WHERE s.id = ? AND NOT r.cleaning",
        (key,),
    ).fetchone()
    return row


def lent_until(connection: Any, session: int) -> int | None:
    """Return when the lease of a session ends that no process keeps; `None` for any other."""
    row = connection.execute("SELECT lease_until FROM session WHERE id = ? AND host = ''", (session,)).fetchone()
    return None if row is None else row[0]


def holds(connection: Any, session: int) -> bool:
    """Say whether a session holds a state."""
    found = connection.execute(
        f"SELECT 1 FROM state WHERE status = {State.QUEUED:d} AND lease >= ? AND lease < ? LIMIT 1",
        (session << 32, (session + 1) << 32),
    ).fetchone()
    return found is not None


def forget(connection: Any, session: int) -> None:
    """Forget a session that holds nothing any more."""
    connection.execute("DELETE FROM session WHERE id = ?", (session,))


def handed_out(connection: Any, keys: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how often states were lost, and when they were created, by their keys."""
    marks = ",".join("?" * len(keys))
    rows = connection.execute(f"SELECT id, lost, created_at FROM state WHERE id IN ({marks})", tuple(keys)).fetchall()
    return {key: (lost, created) for key, lost, created in rows}


def ending(connection: Any, key: int) -> tuple[State, int]:
    """Return the status of a state, and when it is due."""
    status, due = connection.execute("SELECT status, enqueue_after FROM state WHERE id = ?", (key,)).fetchone()
    return State(status), due


def take_word(connection: Any, run: int, node: int, word: str) -> bool:
    """Remember a word given to a manual retry; False when it was given before."""
    cursor = connection.execute(
        "INSERT INTO manual_retry (run_id, node, word) VALUES (?,?,?) ON CONFLICT DO NOTHING", (run, node, word)
    )
    return bool(cursor.rowcount)


def newest_at(connection: Any, run: int, node: int, path: bytes) -> Row:
    """Return (id, lost, status) of the latest attempt at a place."""
    row: Row = connection.execute(
        "SELECT id, lost, status FROM state WHERE run_id = ? AND node = ? AND path = ? ORDER BY attempt DESC LIMIT 1",
        (run, node, path),
    ).fetchone()
    return row
