"""Columns of a table: what they show, and which of them there is room for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from exodsl_tui.signs import Pieces

Row = TypeVar("Row")
BETWEEN = 1
"""Blank cells between two columns."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column.

    :param name: what it is called in settings, and where it is sorted by.
    :param title: its heading.
    :param cell: returns what stands in a row, given the width there is; it is cut where it is longer.
    :param width: how many cells it takes; the fewest, where it grows.
    :param grow: its share of the room that is left over; 0 for one that keeps its width.
    :param priority: columns with high numbers go first where there is no room; 0 always stays.
    :param order: sorts rows that are all in memory, or `None` where nothing is sorted by it.
    """

    name: str
    title: str
    cell: Callable[[Row, int], Pieces]
    width: int
    grow: int = 0
    priority: int = 1
    align: Literal["left", "right"] = "left"
    order: Callable[[Row], Any] | None = None


def fit(columns: Sequence[Column[Row]], room: int, hidden: Collection[str] = ()) -> list[tuple[Column[Row], int]]:
    """Return the columns that fit into `room` cells, each with its width; those of low priority give way first."""
    chosen = [column for column in columns if column.name not in hidden or column.priority == 0]
    while len(chosen) > 1 and _needed(chosen) > room:
        last = max(chosen, key=lambda column: (column.priority, columns.index(column)))
        if last.priority == 0:
            break
        chosen.remove(last)
    left = max(0, room - _needed(chosen))
    shares = sum(column.grow for column in chosen)
    widths = [column.width + (left * column.grow // shares if shares else 0) for column in chosen]
    return list(zip(chosen, widths, strict=True))


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + BETWEEN * (len(columns) - 1)
