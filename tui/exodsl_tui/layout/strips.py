"""Numbers as a row of characters, the higher the fuller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LEVELS = "⣀⣤⣶⣿"
"""Braille: as wide as a letter in every terminal, which block elements are not."""
ASCII_LEVELS = ".:=#"


def strip(values: Iterable[float], most: float, levels: str) -> str:
    """Return a character for each number: a blank for 0, else one of `levels`, the last one at `most`."""
    return "".join(_level(value, most, levels) for value in values)


def _level(value: float, most: float, levels: str) -> str:
    if value <= 0:
        return " "
    step = -(-value * len(levels) // most) if most > 0 else len(levels)
    return levels[min(int(step), len(levels)) - 1]


def summed(values: Sequence[int], columns: Iterable[range]) -> list[int]:
    """Return the sum of what each column shows."""
    return [sum(values[bucket] for bucket in column) for column in columns]


def highest(values: Sequence[int], columns: Iterable[range]) -> list[int]:
    """Return the highest number of what each column shows."""
    return [max((values[bucket] for bucket in column), default=0) for column in columns]
