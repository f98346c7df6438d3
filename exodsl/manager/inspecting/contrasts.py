"""How inputs of failed states differ from inputs of those that went well: pure counting."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from pydantic_core import to_json

from exodsl.manager.inspection import Contrast

LEAST_DIFFERENCE = 0.2
"""What discriminates: shares that are at least so far apart."""
LEAST_FAILED = 2
"""A value of fewer failed states than this, where there are more, is chance."""
MOST = 50
_DEEPEST = 6
_LONGEST = 200
"""Texts of more characters are no values that states share."""
Json = dict[str, Any]


def contrasts(failed: Sequence[Json], succeeded: Sequence[Json]) -> tuple[Contrast, ...]:
    """Return what failed states have and those that went well have less, the sharpest difference first."""
    if not failed or not succeeded:
        return ()
    bad, good = _columns(failed), _columns(succeeded)
    found = [
        one
        for field, values in bad.items()
        for one in _of_field(field, values, good.get(field, []), len(failed), len(succeeded))
    ]
    found.sort(key=lambda one: (-_difference(one), -one.failed, one.field, one.value))
    return tuple(found[:MOST])


def _difference(one: Contrast) -> float:
    return one.failed / one.failed_of - one.succeeded / one.succeeded_of


def _columns(inputs: Sequence[Json]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for one in inputs:
        for field, value in _flat(one, ()):
            columns.setdefault(field, []).append(value)
    return columns


def _flat(value: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Give the fields of an object, and of those in it, by dotted names; of a list how long it is."""
    for name, part in value.items():
        field = (*above, name)
        if isinstance(part, dict) and part and len(field) < _DEEPEST:
            yield from _flat(part, field)
        elif isinstance(part, list):
            yield f"{'.'.join(field)}.length", len(part)
        elif part is None or isinstance(part, bool | int | float) or (isinstance(part, str) and len(part) <= _LONGEST):
            yield ".".join(field), part


def _of_field(field: str, bad: list[Any], good: list[Any], failed: int, succeeded: int) -> list[Contrast]:
    """Return what discriminates by one field: its values, and the threshold that parts its numbers best."""
    least = min(LEAST_FAILED, failed)
    had = Counter(map(_spelled, good))
    told = [
        Contrast(field, value, count, failed, had[value], succeeded)
        for value, count in Counter(map(_spelled, bad)).items()
    ]
    best = max(told, key=_difference, default=None)
    parted = _threshold(field, bad, good, failed, succeeded)
    if parted is not None and (best is None or _difference(parted) > _difference(best)):
        told.append(parted)
    return [one for one in told if one.failed >= least and _difference(one) >= LEAST_DIFFERENCE]


def _spelled(value: Any) -> str:
    return to_json(value).decode()


def _threshold(field: str, bad: list[Any], good: list[Any], failed: int, succeeded: int) -> Contrast | None:
    """Return the `>=`, `<=` or range of numbers that most failed states and the fewest others are in."""
    mine, theirs = sorted(filter(_is_number, bad)), sorted(filter(_is_number, good))
    if len(set(mine)) < 2 or not theirs:
        return None
    low, high = mine[0], mine[-1]
    ranges = [(f">= {_spelled(cut)}", cut, inf) for cut in sorted(set(mine))]
    ranges += [(f"<= {_spelled(cut)}", -inf, cut) for cut in sorted(set(mine))]
    ranges.append((f"{_spelled(low)} .. {_spelled(high)}", low, high))
    found = [
        Contrast(field, name, _within(mine, start, end), failed, _within(theirs, start, end), succeeded)
        for name, start, end in ranges
    ]
    return max(found, key=lambda one: (_difference(one), one.failed, one.value.startswith((">", "<"))))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(numbers: list[Any], start: Any, end: Any) -> int:
    return bisect_right(numbers, end) - bisect_left(numbers, start)
