"""A table that draws only what is seen: millions of rows cost as much as forty.

The cursor stays on its row, which it knows by key, while others come and go around it. Whoever has many rows gives
them piece by piece (`PagedTable`); a short list is handed over whole with `show`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from exodsl_tui.signs import Signs
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.marked_table import MarkedTable

Row = TypeVar("Row")

READING = "reading . . ."
"""What is said where nobody knows yet whether there are rows."""


class Table(MarkedTable[Row]):
    """Rows in columns, with a cursor and marks.

    :param columns: what a row shows, the most important ones first.
    :param key: what a row is known by, whatever else of it changes.
    :param failed: whether `n` and `N` stop at a row.
    :param empty: what is said where there are no rows.
    """

    HELP = "A list. The row with `>` is the one that keys act on; a marked row has its own sign beside it."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "Open", id="list.open"),
        Binding("down,j", "move(1)", "Next row", show=False, id="list.down"),
        Binding("up,k", "move(-1)", "Previous row", show=False, id="list.up"),
        Binding("pagedown,ctrl+d", "page(1)", "Next page", show=False, id="list.page-down"),
        Binding("pageup,ctrl+u", "page(-1)", "Previous page", show=False, id="list.page-up"),
        Binding("g,home", "first", "First row", show=False, id="list.first"),
        Binding("G,end", "last", "Last row", show=False, id="list.last"),
        Binding("n", "failure(1)", "Next failure", show=False, id="list.next-failure"),
        Binding("N", "failure(-1)", "Previous failure", show=False, id="list.previous-failure"),
        Binding("space", "mark", "Mark", show=False, id="list.mark"),
        Binding("v", "range", "Mark a range", show=False, id="list.range"),
        Binding("a", "mark_all", "Mark all that match", show=False, id="list.mark-all"),
        Binding("s", "sort", "Sort", show=False, id="list.sort"),
        Binding("c", "columns", "Columns", show=False, id="list.columns"),
    ]

    class Picked(Message):
        """A row was opened."""

        def __init__(self, table: Table[Any], row: Any) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> Table[Any]:
            """The table."""
            return self.table

    class Moved(Message):
        """The cursor is on another row, or its row has changed; `None` where there are no rows."""

        def __init__(self, table: Table[Any], row: Any | None) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> Table[Any]:
            """The table."""
            return self.table

    class Marked(Message):
        """Rows were marked, or are not any more."""

        def __init__(self, table: Table[Any]) -> None:
            super().__init__()
            self.table = table

    class SortAsked(Message):
        """Somebody wants another order of a list that is not all in memory."""

        def __init__(self, table: Table[Any]) -> None:
            super().__init__()
            self.table = table

    class ColumnsAsked(Message):
        """Somebody wants to choose columns."""

        def __init__(self, table: Table[Any]) -> None:
            super().__init__()
            self.table = table

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        signs: Signs,
        failed: Callable[[Row], bool] | None = None,
        empty: str = "nothing here",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(columns, key, signs=signs, id=id, classes=classes)
        self.empty = empty
        self._failed = failed
        self._expected = False
        self._given: Sequence[Row] = ()
        self._rows: Sequence[Row] = ()
        self._cursor_key: Hashable = None

    # Rows

    def expect(self) -> None:
        """Say that rows are read, until the first are shown."""
        self._expected = True

    def show(self, rows: Sequence[Row]) -> None:
        """Show a list that is all in memory."""
        self._expected = False
        self._given = rows
        self._rows = self._in_order(rows)
        self.rows_changed()

    @property
    def height(self) -> int:
        """How many rows there are, or are known to be."""
        return len(self._rows)

    def row(self, index: int) -> Row | None:
        """Return a row, or `None` while it is not known."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def index_of(self, key: Hashable) -> int | None:
        """Return where the row of a key is, if it is known."""
        return next((index for index, row in enumerate(self._rows) if self.key(row) == key), None)

    @property
    def emptiness(self) -> str:
        """What is said where there are no rows, or none yet."""
        return READING if self._expected else self.empty

    def say_empty(self, text: str) -> None:
        """Say something else where there are no rows."""
        self.empty = text
        self.redraw()

    def rows_changed(self) -> None:
        """Keep the cursor on its row, and draw what differs."""
        if self._cursor_key is not None:
            found = self.index_of(self._cursor_key)
            if found is not None and found != self.cursor:
                self._follow_to(found)
        self.cursor = max(0, min(self.cursor, self.height - 1))
        self.fit_height()
        self._settle()
        self.repaint()

    def _follow_to(self, index: int) -> None:
        """Keep the cursor on its row: in its line of the screen, but for a list that is seen from its beginning."""
        top, line = self.scroll_offset.y, self.cursor - self.scroll_offset.y
        self.cursor = index
        self.fit_height()
        if top:
            self.scroll_to(y=max(0, index - line), animate=False, immediate=True)
        self.into_sight()

    def _in_order(self, rows: Sequence[Row]) -> Sequence[Row]:
        if self.sorted_by is None:
            return rows
        name, descending = self.sorted_by
        order = next(column.order for column in self.columns if column.name == name)
        return rows if order is None else sorted(rows, key=order, reverse=descending)

    def _settle(self) -> None:
        """Note by key which row the cursor is on, and tell it."""
        row = self.current
        if row is not None or self.height == 0:
            self._cursor_key = None if row is None else self.key(row)
            self.post_message(self.Moved(self, row))

    # Moving

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, and that into sight."""
        self.cursor = max(0, min(index, self.height - 1))
        self._cursor_key = None
        self.into_sight()
        self._settle()
        self.repaint()
        self.tell_needs()

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.move_to(self.cursor + by * max(1, self.size.height - 2))

    def action_first(self) -> None:
        """Go to the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self.move_to(self.height - 1)

    def action_failure(self, by: int) -> None:
        """Go to the next row that failed, or the one before."""
        index = self.cursor + by
        while 0 <= index < self.height:
            row = self.row(index)
            if row is not None and self.failed(row):
                self.move_to(index)
                return
            index += by
        self.notify("No more failures below." if by > 0 else "No more failures above.", timeout=2)

    def failed(self, row: Row) -> bool:
        """Say whether `n` stops at a row."""
        return self._failed is not None and self._failed(row)

    def action_pick(self) -> None:
        """Open the row."""
        row = self.current
        if row is not None:
            self.post_message(self.Picked(self, row))

    def marks_changed(self) -> None:
        """Tell it."""
        self.post_message(self.Marked(self))

    # Sorting and columns

    def action_sort(self) -> None:
        """Sort by the next column that can be sorted by: upwards, downwards, then the next one."""
        ways: list[tuple[str, bool] | None] = [None]
        ways += [(column.name, down) for column in self.columns if column.order for down in (True, False)]
        if len(ways) > 1:
            self.sort(ways[(ways.index(self.sorted_by) + 1) % len(ways)])
        else:
            self.post_message(self.SortAsked(self))

    def sort(self, way: tuple[str, bool] | None) -> None:
        """Sort by a column, the greatest first if the second part says so; `None` for the list's own order."""
        self.sorted_by = way
        self.show(self._given)
        self.redraw()

    def action_columns(self) -> None:
        """Choose which columns are shown."""
        self.post_message(self.ColumnsAsked(self))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click opens."""
        index = int(event.y) + self.scroll_offset.y - 1
        if event.y < 1 or index >= self.height:
            return
        self.move_to(index)
        if event.chain == 2:
            self.action_pick()
