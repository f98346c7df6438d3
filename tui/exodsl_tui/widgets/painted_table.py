"""How a table is drawn: line by line, only those that are seen, and of these only those that have changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from exodsl_tui.signs import Pieces, Signs
from exodsl_tui.themes import over
from exodsl_tui.widgets.columns import BETWEEN, Column, fit
from exodsl_tui.widgets.painted import Painted
from exodsl_tui.words import fitted, plain, shortened

Row = TypeVar("Row")
MARGIN = 2
"""Cells before the first column: the cursor's mark and that of a marked row."""


class PaintedTable(Painted, Generic[Row]):
    """The look of a table: a heading that stays, columns that fit, a cursor.

    :param columns: what a row shows, the most important ones first.
    """

    DEFAULT_CSS = """
    PaintedTable { height: 1fr; background: $background; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    def __init__(
        self, columns: Sequence[Column[Row]], *, signs: Signs, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.hidden: frozenset[str] = frozenset()
        self.signs = signs
        self.cursor = 0
        self.sorted_by: tuple[str, bool] | None = None
        self._fitted: list[tuple[Column[Row], int]] = []

    # What is drawn

    @property
    @abstractmethod
    def height(self) -> int:
        """How many rows there are, or are known to be."""

    @abstractmethod
    def row(self, index: int) -> Row | None:
        """Return a row, or `None` while it is not known."""

    @abstractmethod
    def is_marked(self, index: int, row: Row) -> bool:
        """Say whether a row has a mark."""

    @property
    @abstractmethod
    def emptiness(self) -> str:
        """What is said where there are no rows."""

    def need(self, first: int, last: int) -> None:
        """Called with the rows that are seen; for lists that come piece by piece."""

    def hide_columns(self, names: frozenset[str]) -> None:
        """Show all columns but these."""
        self.hidden = names
        self._refit()

    def on_mount(self) -> None:
        """Keep ages right."""
        self.set_interval(1.0, self.repaint)

    def on_resize(self) -> None:
        """Fit the columns into the new width."""
        self._refit()
        self.fit_height()
        self.into_sight()
        self.tell_needs()

    def watch_show_vertical_scrollbar(self) -> None:
        """Fit the columns beside the scrollbar, or into the room it had."""
        self._refit()

    @property
    def _width(self) -> int:
        """How many cells there are beside the scrollbar."""
        return self.scrollable_content_region.width

    def _refit(self) -> None:
        self._fitted = fit(self.columns, max(1, self._width - MARGIN), self.hidden)
        self._drawn.clear()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say what is seen now."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._drawn.clear()
            self.tell_needs()

    @property
    def seen(self) -> tuple[int, int]:
        """The first and the last row that is seen."""
        top = self.scroll_offset.y
        return top, max(top, top + self.size.height - 2)

    def tell_needs(self) -> None:
        """Say which rows are seen."""
        self.need(*self.seen)

    def fit_height(self) -> None:
        """Let the scrollbar know how many rows there are."""
        size = Size(self._width, self.height + 1)
        if size != self.virtual_size:
            self.virtual_size = size

    def into_sight(self) -> None:
        """Scroll so that the cursor is seen."""
        shown = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + shown:
            self.scroll_to(y=self.cursor - shown + 1, animate=False, immediate=True)

    def line(self, y: int) -> Strip:
        """Return one line: the heading, or a row."""
        base = self.rich_style
        if y == 0:
            return self._heading(base)
        index = y - 1 + self.scroll_offset.y
        row = self.row(index)
        if row is not None:
            return self._row(index, row, base)
        if index < self.height:
            return self._text("  . . ." if index != self.cursor else "> . . .", base)
        return self._text(f"  {plain(self.emptiness)}" if y == 1 and not self.height else "", base)

    def _text(self, text: str, base: Style) -> Strip:
        width = self._width
        return Strip([Segment(fitted(text, width, self.signs.cut), base + self._looks["dim"])], width)

    def _heading(self, base: Style) -> Strip:
        style = base + self._looks["dim"]
        segments = [Segment(" " * MARGIN, style)]
        for column, width in self._fitted:
            title = column.title
            if self.sorted_by is not None and self.sorted_by[0] == column.name:
                title += " v" if self.sorted_by[1] else " ^"
            shown = fitted(title, width, self.signs.cut, right=column.align == "right")
            segments.append(Segment(shown + " " * BETWEEN, style))
        return self._whole(segments, style)

    def _row(self, index: int, row: Row, base: Style) -> Strip:
        on = index == self.cursor
        marked = self.is_marked(index, row)
        if on and self.has_focus:
            base = base + Style(reverse=True)
        head = (">" if on else " ") + (self.signs.marked if marked else " ")
        segments = [Segment(head, base + self._looks["strong"])]
        for column, width in self._fitted:
            segments += self._cell(column.cell(row, width), width, column.align == "right", base)
        return self._whole(segments, base)

    def _cell(self, pieces: Pieces, width: int, right: bool, base: Style) -> list[Segment]:
        parts: list[Segment] = []
        left = width
        for text, tone in pieces:
            shown = shortened(plain(text), left, self.signs.cut)
            parts.append(Segment(shown, over(base, self._looks[tone])))
            left -= parts[-1].cell_length
            if left <= 0:
                break
        blank = [Segment(" " * left, base)] if left > 0 else []
        between = [Segment(" " * BETWEEN, base)]
        return [*blank, *parts, *between] if right else [*parts, *blank, *between]

    def _whole(self, segments: list[Segment], base: Style) -> Strip:
        return Strip(segments).crop_extend(0, self._width, base)
