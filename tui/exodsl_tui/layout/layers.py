"""Layers of a graph: longest paths first, then an order in each layer with few crossings (no coordinates yet).

An edge over several layers passes each of those between in a *bend*. All edges of a node share its bends: they
leave it as one line, and part where they have to.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

SWEEPS = 12
"""How often the order of the layers is mended, downwards and upwards in turn."""

Slot = tuple[str, int]
"""A place in a layer: a node in its own one, or in a later one the bend of its edges."""


@dataclass(frozen=True)
class Layers:
    """Slots by layer, each from left to right, and what follows each in the next layer."""

    rows: tuple[tuple[Slot, ...], ...]
    below: Mapping[Slot, tuple[Slot, ...]]

    @classmethod
    def of(cls, followers: Mapping[str, Sequence[str]]) -> Layers:
        """Lay out a graph without cycles.

        :param followers: the next nodes of each node; nodes in topological order.
        """
        ranks = _ranks(followers)
        below = _below(followers, ranks)
        rows: list[list[Slot]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
        for slot in below:
            rows[slot[1]].append(slot)
        return cls(_untangled(tuple(map(tuple, rows)), below), below)

    @cached_property
    def above(self) -> dict[Slot, tuple[Slot, ...]]:
        """What leads to each slot from the layer before."""
        return _turned(self.below)

    @cached_property
    def crossings(self) -> int:
        """How many pairs of lines cross."""
        return _crossings(self.rows, self.below)

    def is_bend(self, slot: Slot) -> bool:
        """Say whether only a line passes here."""
        return slot in self._bends

    @cached_property
    def _bends(self) -> frozenset[Slot]:
        first: dict[str, int] = {}
        for name, layer in self.below:
            first[name] = min(layer, first.get(name, layer))
        return frozenset(slot for slot in self.below if slot[1] > first[slot[0]])


def _ranks(followers: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the length of the longest path to each node."""
    found = dict.fromkeys(followers, 0)
    for name, targets in followers.items():
        for target in targets:
            found[target] = max(found[target], found[name] + 1)
    return found


def _below(followers: Mapping[str, Sequence[str]], ranks: Mapping[str, int]) -> dict[Slot, tuple[Slot, ...]]:
    found: dict[Slot, tuple[Slot, ...]] = {}
    for name, targets in followers.items():
        last = max((ranks[target] for target in targets), default=0)
        for layer in range(ranks[name], max(last, ranks[name] + 1)):
            onward = ((name, layer + 1),) if layer + 1 < last else ()
            ending = tuple((target, layer + 1) for target in targets if ranks[target] == layer + 1)
            found[name, layer] = (*ending, *onward)
    return found


def _turned(edges: Mapping[Slot, Iterable[Slot]]) -> dict[Slot, tuple[Slot, ...]]:
    found: dict[Slot, list[Slot]] = {slot: [] for slot in edges}
    for source, targets in edges.items():
        for target in targets:
            found[target].append(source)
    return {slot: tuple(sources) for slot, sources in found.items()}


Rows = tuple[tuple[Slot, ...], ...]


def _untangled(rows: Rows, below: Mapping[Slot, tuple[Slot, ...]]) -> Rows:
    """Order each layer by the mean place of its neighbours, and keep the best of what comes of it."""
    above, best, least = _turned(below), rows, _crossings(rows, below)
    for sweep in range(SWEEPS):
        if not least:
            break
        rows = _swept(rows, above) if sweep % 2 == 0 else _swept(rows[::-1], below)[::-1]
        crossings = _crossings(rows, below)
        if crossings < least:
            best, least = rows, crossings
    return best


def _swept(rows: Rows, neighbours: Mapping[Slot, tuple[Slot, ...]]) -> Rows:
    found = list(rows[:1])
    for row in rows[1:]:
        places = {slot: place for place, slot in enumerate(found[-1])}
        found.append(tuple(sorted(row, key=_centres(row, places, neighbours).__getitem__)))
    return tuple(found)


def _centres(
    row: tuple[Slot, ...], places: Mapping[Slot, int], neighbours: Mapping[Slot, tuple[Slot, ...]]
) -> dict[Slot, float]:
    """Return the mean place of what each slot is joined to; a slot that is not stays where it is."""
    found: dict[Slot, float] = {}
    for place, slot in enumerate(row):
        joined = [places[other] for other in neighbours[slot]]
        found[slot] = sum(joined) / len(joined) if joined else float(place)
    return found


def _crossings(rows: Rows, below: Mapping[Slot, tuple[Slot, ...]]) -> int:
    return sum(_inversions(_ends(upper, lower, below)) for upper, lower in pairwise(rows))


def _ends(
    upper: tuple[Slot, ...], lower: tuple[Slot, ...], below: Mapping[Slot, tuple[Slot, ...]]
) -> Iterator[list[int]]:
    places = {slot: place for place, slot in enumerate(lower)}
    for slot in upper:
        yield sorted(places[target] for target in below[slot])


def _inversions(ends: Iterable[list[int]]) -> int:
    """Count the lines that end left of one that began further left."""
    seen: list[int] = []
    found = 0
    for places in ends:
        found += sum(len(seen) - bisect_left(seen, place + 1) for place in places)
        for place in places:
            insort(seen, place)
    return found
