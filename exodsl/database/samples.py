"""A few states of a node out of very many, from all over its paths, by the index of fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row
from exodsl.engine.status import State

_OF_NODE = "FROM state WHERE run_id = ? AND node = ?"
_DIGITS = 8
"""How many bytes, after those that all paths share, decide where a sample begins."""


def starts(connection: Any, run: int, node: int, count: int) -> list[bytes]:
    """Return paths that cut a node's states into about equal parts; one path where there is one state."""
    ends = [
        connection.execute(f"SELECT path {_OF_NODE} ORDER BY path {way} LIMIT 1", (run, node)).fetchone()
        for way in ("ASC", "DESC")
    ]
    if ends[0] is None:
        return []
    low, high = (bytes(row[0]) for row in ends)
    same = next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))
    first, last = (int.from_bytes(path[same : same + _DIGITS].ljust(_DIGITS, b"\0"), "big") for path in (low, high))
    between = (first + (last - first) * at // count for at in range(1, count))
    return list(dict.fromkeys([low, *(low[:same] + at.to_bytes(_DIGITS, "big") for at in between)]))


def sample(
    connection: Any, run: int, node: int, columns: str, condition: str, begins: Sequence[bytes], each: int, looks: int
) -> list[Row]:
    """Return columns of a node's successful states, up to `each` from every one of these paths on.

    :param columns: of the table of states, the key first, and `condition` on them; both are never given from outside.
    :param looks: how many states are looked at from each path on.
    """
    query = (
        f"SELECT {columns} FROM state WHERE id IN (SELECT id {_OF_NODE} AND path >= ? ORDER BY path, attempt LIMIT ?)"
        f" AND status = {State.SUCCESS:d} AND {condition} ORDER BY id LIMIT ?"
    )
    found: dict[Row, None] = {}
    for path in begins:
        found.update(dict.fromkeys(connection.execute(query, (run, node, path, looks, each)).fetchall()))
    return list(found)
