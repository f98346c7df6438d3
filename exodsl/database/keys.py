"""Keys of states: given out by this process alone, or in blocks that a server hands out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exodsl.database import templates


class LastKey:
    """Counts on from the greatest key: right where one process writes at a time, and catches up after another."""

    def __init__(self) -> None:
        self._last = 0

    def catch_up(self, connection: Any) -> None:
        """Learn the greatest key that there is or was."""
        self._last = templates.last_state(connection)

    def next(self) -> int:
        """Return the next key."""
        self._last += 1
        return self._last

    def reserve(self, count: int) -> int:
        """Set consecutive keys aside; return the first."""
        first = self._last + 1
        self._last += count
        return first


class KeyBlocks:
    """Gives out the keys of one block after the other; no two processes have the same block.

    :param blocks: sets so many consecutive blocks aside, and returns the first key of the first.
    :param size: how many keys a block has.
    """

    def __init__(self, blocks: Callable[[int], int], size: int) -> None:
        self._blocks, self._size = blocks, size
        self._next = self._end = 0

    def catch_up(self, connection: Any) -> None:
        """Do nothing: what others took is never in a block of ours."""

    def next(self) -> int:
        """Return the next key of the block."""
        if self._next == self._end:
            self._next = self._blocks(1)
            self._end = self._next + self._size
        self._next += 1
        return self._next - 1

    def reserve(self, count: int) -> int:
        """Set consecutive keys aside; return the first."""
        return self._blocks(-(-count // self._size))
