"""Sessions of runtimes that are elsewhere: found again in the database by whichever process serves them next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row
from exodsl.engine.status import State

_HELD = f"status = {State.QUEUED:d} AND lease >= ? AND lease < ?"


def session(connection: Any, key: int) -> Row | None:
    """Return (name, host, run, graphs, lease_until) of a runtime that no process here is."""
    row: Row | None = connection.execute(
        "SELECT name, host, run_id, graphs, lease_until FROM session WHERE id = ? AND process = '' AND host <> ''",
        (key,),
    ).fetchone()
    return row


def held(connection: Any, session: int) -> dict[int, int]:
    """Return the leases of the states that a session holds, by their keys."""
    rows = connection.execute(
        f"SELECT id, lease FROM state WHERE {_HELD}", (session << 32, (session + 1) << 32)
    ).fetchall()
    return dict(rows)


def put_back(connection: Any, keys: Sequence[int]) -> None:
    """Let states be handed out again that their runtime never got."""
    marks = ",".join("?" * len(keys))
    connection.execute(
        f"UPDATE state SET status = {State.CREATED:d}, lease = 0, queued_at = NULL"
        f" WHERE status = {State.QUEUED:d} AND id IN ({marks})",
        tuple(keys),
    )


def renew(connection: Any, keys: Sequence[int], until: int) -> None:
    """Renew the leases of several runtimes at once."""
    marks = ",".join("?" * len(keys))
    connection.execute(f"UPDATE session SET lease_until = ? WHERE id IN ({marks})", (until, *keys))


def spare(connection: Any, now: int) -> None:
    """Let the leases of all runtimes that are elsewhere begin anew."""
    connection.execute("UPDATE session SET lease_until = lease_ms + ? WHERE process = '' AND host <> ''", (now,))


def due(connection: Any, nodes: Sequence[int], now: int, most: int, only: str) -> int:
    """Count the due states of these nodes, up to `most`.

    :param only: a condition that `reads.only` made.
    """
    found = 0
    for node in nodes:
        ((count,),) = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM state WHERE status = {State.CREATED:d} AND node = ?"
            f" AND enqueue_after <= ?{only} LIMIT ?) AS due",
            (node, now, most - found),
        ).fetchall()
        found += count
        if found >= most:
            break
    return found
