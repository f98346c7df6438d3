"""Marks in a table: of single rows, of a range, or of all that a list has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from exodsl_tui.signs import Signs
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.painted_table import PaintedTable

Row = TypeVar("Row")


class MarkedTable(PaintedTable[Row]):
    """Knows by key which rows are marked; whether they were loaded makes no difference.

    :param key: what a row is known by, whatever else of it changes.
    """

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        signs: Signs,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(columns, signs=signs, id=id, classes=classes)
        self.key = key
        self.marks: set[Hashable] = set()
        self.all_marked = False
        self._range_from: int | None = None

    @property
    def current(self) -> Row | None:
        """The row that the cursor is on."""
        return self.row(self.cursor)

    @abstractmethod
    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""

    @abstractmethod
    def marks_changed(self) -> None:
        """Called when rows were marked, or are not any more."""

    def action_mark(self) -> None:
        """Mark the row, or take its mark away, and go on to the next."""
        row = self.current
        if row is None:
            return
        self.all_marked = False
        self.marks ^= {self.key(row)}
        self._marked()
        self.action_move(1)

    def action_range(self) -> None:
        """Begin a range at the row; the second time, mark everything from there to the row."""
        if self._range_from is None:
            self._range_from = self.cursor
            self._marked()
        else:
            first, last = sorted((self._range_from, self.cursor))
            self._range_from = None
            self.mark_between(first, last)

    def mark_between(self, first: int, last: int) -> None:
        """Mark rows, both ends included."""
        self.marks |= {self.key(row) for index in range(first, last + 1) if (row := self.row(index)) is not None}
        self._marked()

    def action_mark_all(self) -> None:
        """Mark all rows that match the filter, also those that were not loaded; or none any more."""
        self.all_marked = not self.all_marked
        self.marks.clear()
        self._marked()

    @property
    def range_begun(self) -> bool:
        """Whether a range waits for its other end."""
        return self._range_from is not None

    def clear_marks(self) -> bool:
        """Take all marks away; return whether there were any."""
        had = bool(self.marks or self.all_marked or self._range_from is not None)
        self.marks.clear()
        self.all_marked, self._range_from = False, None
        if had:
            self._marked()
        return had

    def _marked(self) -> None:
        self.repaint()
        self.marks_changed()

    def is_marked(self, index: int, row: Row) -> bool:
        """Say whether a row has a mark, or lies in the range that was begun."""
        if self.all_marked or self.key(row) in self.marks:
            return True
        if self._range_from is None:
            return False
        first, last = sorted((self._range_from, self.cursor))
        return first <= index <= last
