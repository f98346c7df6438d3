"""Paths: the lineage of a state as bytes, four big-endian bytes a step (semantics 4).

Byte order is fanout order, and a prefix is a branch, so one range of an index holds a branch in
order.
"""

from __future__ import annotations

STEP = 4


def step(position: int) -> bytes:
    """Return one step of a path."""
    return position.to_bytes(STEP, "big")


FIRST = step(0)


def positions(path: bytes) -> tuple[int, ...]:
    """Return the steps of a path as numbers."""
    return tuple(int.from_bytes(path[at : at + STEP], "big") for at in range(0, len(path), STEP))


def original(path: bytes) -> bytes:
    """Return where the state that holds the output at `path` stands.

    The first output is kept by the state that ran, which stands one step higher; each other one
    by a sibling that stands at the output's own path.
    """
    return path[:-STEP] if path.endswith(FIRST) else path


def behind(prefix: bytes) -> bytes:
    """Return the least path that is greater than every path with this (not empty) prefix."""
    return prefix[:-STEP] + step(int.from_bytes(prefix[-STEP:], "big") + 1)
