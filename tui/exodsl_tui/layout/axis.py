"""Time from left to right: busy stretches share the columns by their length, and idle ones are folded.

A run that waits two hours for its next state shows a mark such as `//2h//` there, and what happened before and after
keeps its room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

FOLD_PERCENT = 8
"""An idle stretch that is longer than such a part of the busy time is folded."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some columns, and the buckets of time that they show.

    :param gap: what stands in place of a folded stretch; `None` where every bucket is shown.
    """

    column: int
    width: int
    first: int
    buckets: int
    gap: str | None = None

    def buckets_in(self, column: int) -> range:
        """Return the buckets that one of its columns shows, both counted from its own first."""
        start = column * self.buckets // self.width
        return range(start, max((column + 1) * self.buckets // self.width, start + 1))

    def shown(self, bucket: int) -> tuple[int, int]:
        """Return the first and the last column that show a bucket, counted likewise."""
        last = ((bucket + 1) * self.width - 1) // self.buckets
        return min(last, -(-bucket * self.width // self.buckets)), last


@dataclass(frozen=True, slots=True)
class Axis:
    """Which buckets of time each column shows."""

    stretches: tuple[Stretch, ...]
    width: int

    @classmethod
    def of(cls, busy: Sequence[bool], label: Callable[[int], str], width: int) -> Axis:
        """Share out the columns.

        :param busy: for each bucket whether anything happened or ran in it.
        :param label: spells the length of a gap, given in buckets.
        :param width: how many columns there are.
        """
        parts = _parts(busy, label)
        marks = [mark for _, mark in parts if mark is not None]
        if sum(map(len, marks)) > width // 2:  # too many to stand beside what they part
            parts = [(len(busy), None)]
        return cls(_shared(parts, width), width)

    def span(self, bucket: int) -> tuple[int, int]:
        """Return the first and the last column that show a bucket; of a folded one those of its gap."""
        for stretch in self.stretches:
            if bucket < stretch.first + stretch.buckets:
                first, last = (0, stretch.width - 1) if stretch.gap else stretch.shown(bucket - stretch.first)
                return stretch.column + first, stretch.column + last
        end = max(self.width - 1, 0)
        return end, end

    def column(self, bucket: int) -> int:
        """Return the first column that shows a bucket."""
        return self.span(bucket)[0]

    def columns(self) -> list[range]:
        """Return the buckets that each column shows; those of a gap share its columns' first."""
        found = [range(0)] * self.width
        for stretch in self.stretches:
            if stretch.gap is not None:
                continue
            for column in range(stretch.width):
                shown = stretch.buckets_in(column)
                found[stretch.column + column] = range(stretch.first + shown.start, stretch.first + shown.stop)
        return found

    def bucket(self, column: int) -> int:
        """Return the last bucket that a column shows."""
        for stretch in self.stretches:
            if column < stretch.column + stretch.width:
                if stretch.gap is not None:
                    return stretch.first + stretch.buckets - 1
                return stretch.first + stretch.buckets_in(max(column - stretch.column, 0))[-1]
        return sum(stretch.buckets for stretch in self.stretches) - 1

    def beside(self, bucket: int, by: int) -> int:
        """Return the bucket of the next column, or the one before; a folded stretch is one step."""
        first, last = self.span(bucket)
        if by > 0:
            return max(self.bucket(last + 1), bucket)
        return min(self.bucket(first - 1), bucket) if first > 0 else 0

    def gaps(self) -> dict[int, str]:
        """Return what stands for folded stretches, by the column where each begins."""
        return {stretch.column: stretch.gap for stretch in self.stretches if stretch.gap is not None}

    def is_folded(self, bucket: int) -> bool:
        """Say whether a bucket lies in a folded stretch."""
        return any(
            stretch.gap is not None and stretch.first <= bucket < stretch.first + stretch.buckets
            for stretch in self.stretches
        )


_Part = tuple[int, str | None]
"""How many buckets, and what stands in place of them if they are folded."""


def _parts(busy: Sequence[bool], label: Callable[[int], str]) -> list[_Part]:
    """Part the buckets at the idle stretches that are long enough to be folded."""
    least = max(sum(busy) * FOLD_PERCENT / 100, 1) if any(busy) else len(busy)
    found: list[_Part] = []
    for is_busy, group in groupby(busy):
        count = len(list(group))
        if not is_busy and count > least:
            found.append((count, f"//{label(count)}//"))
        elif found and found[-1][1] is None:
            found[-1] = found[-1][0] + count, None
        else:
            found.append((count, None))
    return found


def _shared(parts: Sequence[_Part], width: int) -> tuple[Stretch, ...]:
    """Give each gap the width of its mark, each other stretch a column, and share out the rest by their length."""
    open_parts = [count for count, mark in parts if mark is None]
    room = width - len(open_parts) - sum(len(mark) for _, mark in parts if mark)
    found: list[Stretch] = []
    column = first = seen = 0
    for count, mark in parts:
        if mark is None:
            taken = 1 + (seen + count) * room // sum(open_parts) - seen * room // sum(open_parts)
            seen += count
        else:
            taken = len(mark)
        found.append(Stretch(column, taken, first, count, mark))
        column, first = column + taken, first + count
    return tuple(found)
