"""Columns for the slots of a graph: each as near as it can be to the middle of what it is joined to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from exodsl_tui.layout.layers import Layers, Slot

ROUNDS = 4
GAP = 2
"""Columns between two neighbours of a layer."""


def placed(layers: Layers, widths: Mapping[Slot, int]) -> dict[Slot, int]:
    """Return the leftmost column of each slot; slots of a layer keep their order, and a gap between them."""
    left = {slot: at for row in layers.rows for slot, at in _packed(row, widths).items()}
    for _ in range(ROUNDS):
        for row in layers.rows[1:]:
            left |= _drawn_to(row, layers.above, left, widths)
        for row in reversed(layers.rows[:-1]):
            left |= _drawn_to(row, layers.below, left, widths)
    outermost = min(left.values(), default=0)
    return {slot: at - outermost for slot, at in left.items()}


def _packed(row: Iterable[Slot], widths: Mapping[Slot, int]) -> dict[Slot, int]:
    found, at = {}, 0
    for slot in row:
        found[slot] = at
        at += widths[slot] + GAP
    return found


def _drawn_to(
    row: Sequence[Slot],
    neighbours: Mapping[Slot, tuple[Slot, ...]],
    left: Mapping[Slot, int],
    widths: Mapping[Slot, int],
) -> dict[Slot, int]:
    """Move the slots of a layer towards their neighbours, as far as their order and their widths allow."""
    packed = _packed(row, widths)
    wanted = [_wanted(slot, neighbours[slot], left, widths) - packed[slot] for slot in row]
    return {slot: packed[slot] + round(at) for slot, at in zip(row, nearest_rising(wanted), strict=True)}


def _wanted(slot: Slot, joined: tuple[Slot, ...], left: Mapping[Slot, int], widths: Mapping[Slot, int]) -> float:
    if not joined:
        return left[slot]
    middles = sum(left[other] + widths[other] // 2 for other in joined)
    return middles / len(joined) - widths[slot] // 2


def nearest_rising(wanted: Iterable[float]) -> list[float]:
    """Return the numbers that never fall and lie nearest to those wanted (least squares, pooling neighbours)."""
    pools: list[tuple[float, int]] = []  # a sum, of how many
    for value in wanted:
        total, count = value, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            more, of = pools.pop()
            total, count = total + more, count + of
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]
