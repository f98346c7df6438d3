"""Keys of states and runs: given out by this process alone, or in blocks that a server hands out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exodsl.database import templates


class LastKey:
    """Counts on from the greatest key: right where one process writes at a time, and catches up after another."""

    def __init__(self) -> None:
        self._last = self._last_run = 0

    def catch_up(self, connection: Any) -> None:
        """Learn the greatest keys that there are or were."""
        self._last, self._last_run = templates.last_state(connection), templates.last_run(connection)

    def next(self) -> int:
        """Return the next key."""
        self._last += 1
        return self._last

    def reserve(self, count: int) -> int:
        """Set consecutive keys aside; return the first."""
        first = self._last + 1
        self._last += count
        return first

    def next_run(self) -> int:
        """Return the next key of a run."""
        self._last_run += 1
        return self._last_run


class KeyBlocks:
    """Gives out the keys of one block after the other; no two processes have the same block.

    :param blocks: sets so many consecutive blocks for states aside, and returns the first key of the first.
    :param size: how many keys such a block has.
    :param runs: returns the keys of runs of one more block.
    """

    def __init__(self, blocks: Callable[[int], int], size: int, runs: Callable[[], range]) -> None:
        self._blocks, self._size, self._more_runs = blocks, size, runs
        self._next = self._end = 0
        self._runs = iter(range(0))

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

    def next_run(self) -> int:
        """Return the next key of a run."""
        key = next(self._runs, None)
        if key is None:
            self._runs = iter(self._more_runs())
            key = next(self._runs)
        return key
