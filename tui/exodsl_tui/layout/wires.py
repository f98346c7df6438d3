"""Lines between boxes, cell by cell: where they run, and what meets in each cell.

The lines between two layers lie in a channel. Each source has one line there: down from its port, along a track of
its own where it has to go sideways, and down to its targets. Lines that lead to one target meet above it; others only
cross, and the upright one then goes over the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Cell = tuple[int, int]
"""A column and a row."""


@dataclass(frozen=True, slots=True)
class Arms:
    """What leaves a cell to each side: 0 nothing, 1 a line for one state, 2 one for many.

    :param sources: the nodes whose lines these are.
    """

    up: int = 0
    down: int = 0
    left: int = 0
    right: int = 0
    sources: frozenset[str] = frozenset()

    def met(self, other: Arms) -> Arms:
        """Return both in one cell."""
        return Arms(
            max(self.up, other.up),
            max(self.down, other.down),
            max(self.left, other.left),
            max(self.right, other.right),
            self.sources | other.sources,
        )

    @property
    def upright(self) -> bool:
        """Whether it goes up or down."""
        return bool(self.up or self.down)


@dataclass(frozen=True, slots=True)
class Wire:
    """The line of one source through a channel: from a column at the top to some at the bottom."""

    source: str
    weight: int
    port: int
    ends: tuple[int, ...]

    @property
    def first(self) -> int:
        """The leftmost column."""
        return min(self.port, *self.ends)

    @property
    def last(self) -> int:
        """The rightmost column."""
        return max(self.port, *self.ends)

    @property
    def is_straight(self) -> bool:
        """Whether it only goes down."""
        return self.first == self.last


def tracks(wires: Iterable[Wire]) -> tuple[tuple[Wire, ...], ...]:
    """Share out the rows of a channel: on one track no two lines touch."""
    found: list[list[Wire]] = []
    for wire in sorted((w for w in wires if not w.is_straight), key=lambda w: (w.first, w.last, w.source)):
        track = next((track for track in found if track[-1].last + 1 < wire.first), None)
        if track is None:
            found.append([wire])
        else:
            track.append(wire)
    return tuple(map(tuple, found))


@dataclass
class Wiring:
    """All lines of a picture."""

    upright: dict[Cell, Arms] = field(default_factory=dict[Cell, Arms])
    level: dict[Cell, Arms] = field(default_factory=dict[Cell, Arms])

    def channel(self, wires: Sequence[Wire], shared: Sequence[Sequence[Wire]], top: int, height: int) -> None:
        """Draw the lines of one channel; `shared` are its tracks."""
        for wire in wires:
            if wire.is_straight:
                self.down(wire.port, top, top + height, wire.source, wire.weight)
        for row, track in enumerate(shared, top):
            for wire in track:
                self._bent(wire, top, row, top + height)

    def down(self, column: int, top: int, bottom: int, source: str, weight: int) -> None:
        """Draw a line straight down, up to but without `bottom`."""
        arms = Arms(up=weight, down=weight, sources=frozenset((source,)))
        for row in range(top, bottom):
            self._add(self.upright, (column, row), arms)

    def _bent(self, wire: Wire, top: int, track: int, bottom: int) -> None:
        by, weight = frozenset((wire.source,)), wire.weight
        self.down(wire.port, top, track, wire.source, weight)
        self._add(self.upright, (wire.port, track), Arms(up=weight, sources=by))
        for column in wire.ends:
            self._add(self.upright, (column, track), Arms(down=weight, sources=by))
            self.down(column, track + 1, bottom, wire.source, weight)
        for column in range(wire.first, wire.last + 1):
            left, right = weight * (column > wire.first), weight * (column < wire.last)
            self._add(self.level, (column, track), Arms(left=left, right=right, sources=by))

    @staticmethod
    def _add(cells: dict[Cell, Arms], at: Cell, arms: Arms) -> None:
        known = cells.get(at)
        cells[at] = arms if known is None else known.met(arms)

    def cells(self) -> dict[Cell, Arms]:
        """Return what is seen: where strangers cross, only the upright line."""
        found = {**self.level, **self.upright}
        for at in self.level.keys() & self.upright.keys():
            if self.level[at].sources & self.upright[at].sources:
                found[at] = self.level[at].met(self.upright[at])
        return found
