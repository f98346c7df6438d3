"""When states were made, began and ended: all of a run, in chunks by the index of fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exodsl.database.rows import Row

Place = tuple[int, bytes, int]
"""Node, path, attempt."""
_PLACE = "(node, path, attempt)"
_BEGUN = "coalesce(started_at, queued_at)"
LAST = 2**62
"""A node behind all nodes."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """States of a run behind one place, up to another one."""

    run: int
    after: Place
    until: Place

    @property
    def values(self) -> tuple[Any, ...]:
        """What the condition on it is filled with."""
        return (self.run, *self.after, *self.until)


_CHUNK = f"run_id = ? AND {_PLACE} > (?, ?, ?) AND {_PLACE} <= (?, ?, ?)"


def bounds(connection: Any, run: int, root: int) -> Row:
    """Return when a run began, and ended if it has, in milliseconds; a copy begins with its first state."""
    first = (
        "SELECT s.created_at FROM state AS s WHERE s.run_id = run.id AND s.node = ? ORDER BY s.path, s.attempt LIMIT 1"
    )
    row: Row = connection.execute(
        f"SELECT {connection.dialect.least}(created_at, coalesce(({first}), created_at)), finished_at"
        " FROM run WHERE id = ?",
        (root, run),
    ).fetchone()
    return row


def next_chunk(connection: Any, run: int, after: Place, last: int, size: int) -> Chunk:
    """Return the next so many states of a run, or all that are left; of nodes up to the `last`."""
    row: Place | None = connection.execute(
        f"SELECT node, path, attempt FROM state WHERE run_id = ? AND {_PLACE} > (?, ?, ?) AND node <= ?"
        " ORDER BY node, path, attempt LIMIT 1 OFFSET ?",
        (run, *after, last, size - 1),
    ).fetchone()
    return Chunk(run, after, row or (last + 1, b"", -1))


def buckets(connection: Any, chunk: Chunk, start: int, length: int) -> list[Row]:
    """Count states that are alike: (node, status, created, begun, ended, count, first, last).

    Created, begun and ended are numbers of buckets; first and last say when something happened to one of them.

    :param start: when the first bucket begins; each is `length` milliseconds long.
    """
    number = f"- {start:d}) / {length:d}"
    rows: list[Row] = connection.execute(
        f"SELECT node, status, (created_at {number}, ({_BEGUN} {number}, (finished_at {number}, count(*),"
        f" min({_BEGUN}), max(coalesce(finished_at, {_BEGUN}))"
        f" FROM state WHERE {_CHUNK} GROUP BY 1, 2, 3, 4, 5",
        chunk.values,
    ).fetchall()
    return rows


def slowest(connection: Any, chunk: Chunk, limit: int) -> list[tuple[int, int]]:
    """Return (milliseconds, key) of the states of a chunk whose bodies took longest, of those that ended."""
    rows: list[tuple[int, int]] = connection.execute(
        f"SELECT finished_at - {_BEGUN} AS took, id FROM state WHERE {_CHUNK} AND finished_at - {_BEGUN} IS NOT NULL"
        " ORDER BY took DESC, id LIMIT ?",
        (*chunk.values, limit),
    ).fetchall()
    return rows
