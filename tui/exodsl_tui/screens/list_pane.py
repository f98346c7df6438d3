"""A tab with a list: filtered by `/`, by `!` to what needs somebody, with details beside it where there is room."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from exodsl.errors import FilterInvalid
from exodsl_tui.screens.base import InspectorScreen, Pane
from exodsl_tui.screens.column_choice import ColumnChoice
from exodsl_tui.screens.prompt import Prompt
from exodsl_tui.widgets.paged_table import PagedTable
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import counted

Row = TypeVar("Row")
WIDE = 120
"""Columns from which on details stand beside a list."""


class ListPane(Pane, Generic[Row]):
    """A table, and perhaps what the row under the cursor has to say.

    :param filter: what is filtered at first.
    """

    NEEDS_ME: ClassVar[str] = ""
    """What `!` adds to the filter; nothing where it makes no sense."""
    SORTS: ClassVar[tuple[str, ...]] = ()
    """What `s` puts behind `sort:` in the filter, one after the other."""
    NOUN: ClassVar[tuple[str, str]] = ("row", "rows")

    DEFAULT_CSS = """
    ListPane > Horizontal { height: 1fr; }
    ListPane .side { display: none; width: 1fr; border-left: solid $panel; }
    ListPane.-wide .side { display: block; }
    ListPane.-zoomed-list .side { display: none; }
    ListPane.-zoomed-side .side { display: block; }
    ListPane.-zoomed-side > Horizontal > Table { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="filter"),
        Binding("exclamation_mark", "needs_me", "Only what needs me", show=False, id="needs-me"),
        Binding("plus", "zoom(1)", "Larger pane", show=False, id="zoom.in"),
        Binding("underscore", "zoom(-1)", "Smaller pane", show=False, id="zoom.out"),
    ]

    def __init__(self, filter: str = "") -> None:
        super().__init__()
        self.filter_text = filter
        self.problem = ""

    # What a list is made of

    @abstractmethod
    def make_table(self) -> Table[Row]:
        """Make the table."""

    def make_side(self) -> Widget | None:
        """Make what shows details of the row under the cursor."""
        return None

    @abstractmethod
    def apply(self) -> None:
        """Show what `filter_text` lets through. :raises FilterInvalid: when it cannot be understood."""

    def check_filter(self, text: str) -> None:
        """:raises FilterInvalid: when a filter cannot be understood."""

    def completions(self, text: str, position: int) -> Sequence[str]:
        """Return whole filters that complete the word at a position."""
        return ()

    def status(self) -> str:
        """Return what the status line says."""
        table = self.table
        if self.problem:
            return self.problem
        if isinstance(table, PagedTable) and table.problem:
            return table.problem
        if isinstance(table, PagedTable) and table.searching:
            found = counted(table.pages.height, *self.NOUN)
            return f"{found} so far, searched {table.pages.searched:,}" + self._marked()
        return counted(table.height, *self.NOUN) + self._marked()

    # What every list does

    @property
    def table(self) -> Table[Row]:
        """The table."""
        return self.query_one(Table)

    def compose(self) -> ComposeResult:
        """Put the details beside the table."""
        with Horizontal():
            yield self.make_table()
            side = self.make_side()
            if side is not None:
                side.add_class("side")
                yield side

    def on_mount(self) -> None:
        """Show the list; a filter that came with a link and is wrong is told, and left away."""
        try:
            self.apply()
        except FilterInvalid as error:
            self.problem, self.filter_text = str(error), ""
            self.apply()
            self.changed()

    def on_resize(self) -> None:
        """Show details where there is room for them."""
        self.set_class(self.size.width >= WIDE, "-wide")

    def opened(self) -> None:
        """Give the list the focus."""
        self.table.focus()
        self.say_status()

    def rest(self) -> None:
        """Rest, with the table."""
        super().rest()
        for table in self.query(PagedTable):
            table.rest()

    def wake(self) -> None:
        """Go on, with the table."""
        super().wake()
        for table in self.query(PagedTable):
            table.wake()

    def say_status(self) -> None:
        """Say in the status line how the list stands."""
        screen = self.screen
        if self.display and isinstance(screen, InspectorScreen):
            screen.say(self.status())

    def _marked(self) -> str:
        table = self.table
        if table.range_begun:
            return ", a range is begun: move, and press v again"
        if table.all_marked:
            return ", all that match are marked"
        return f", {len(table.marks):,} marked" if table.marks else ""

    def on_paged_table_loaded(self) -> None:
        """Say how the list stands."""
        self.say_status()

    def on_table_marked(self) -> None:
        """Say how many are marked."""
        self.say_status()

    def on_table_moved(self, message: Table.Moved) -> None:
        """Offer the keys that act on this row."""
        if isinstance(self.screen, InspectorScreen) and self.display:
            self.screen.aimed()

    # Filters

    def set_filter(self, text: str) -> None:
        """Filter the list; :raises FilterInvalid: when the text cannot be understood."""
        before, self.filter_text, self.problem = self.filter_text, text.strip(), ""
        try:
            self.apply()
        except FilterInvalid:
            self.filter_text = before
            raise
        self.changed()
        self.say_status()

    def action_filter(self) -> None:
        """Ask for a filter."""
        prompt = Prompt("/", self.filter_text, check=self.check_filter, complete=self.completions)
        self.app.push_screen(prompt, self._filtered)

    def _filtered(self, text: str | None) -> None:
        if text is not None:
            self.set_filter(text)

    def on_table_sort_asked(self, message: Table.SortAsked) -> None:
        """Put the next order into the filter: the list is sorted where it is read."""
        message.stop()
        words = self.filter_text.split()
        now = next((word.removeprefix("sort:") for word in words if word.startswith("sort:")), None)
        ways = [None, *self.SORTS]
        way = ways[(ways.index(now) + 1) % len(ways)] if now in ways else None
        rest = [word for word in words if not word.startswith("sort:")]
        if self.SORTS:
            self.set_filter(" ".join([*rest, *([] if way is None else [f"sort:{way}"])]))

    def action_needs_me(self) -> None:
        """Show only what needs somebody, or everything again."""
        words = self.filter_text.split()
        wanted = self.NEEDS_ME.split()
        if not wanted:
            return
        if all(word in words for word in wanted):
            words = [word for word in words if word not in wanted]
        else:
            words += [word for word in wanted if word not in words]
        self.set_filter(" ".join(words))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what makes sense here."""
        if action == "needs_me":
            return bool(self.NEEDS_ME)
        if action == "zoom":
            return bool(self.query(".side"))
        return True

    def clear(self) -> bool:
        """Stop a search, else take marks back, else the filter."""
        table = self.table
        if self.has_class("-zoomed-side") or self.has_class("-zoomed-list"):
            self.action_zoom(-1)
            return True
        if isinstance(table, PagedTable) and table.stop():
            return True
        if table.clear_marks():
            return True
        if self.filter_text:
            self.set_filter("")
            return True
        return False

    def acted(self) -> None:
        """Take marks away: what they were about is done."""
        self.table.clear_marks()

    # Room

    def action_zoom(self, by: int) -> None:
        """Give the list, or what is beside it, all the room; or share it. Where it cannot be shared, show the other."""
        side = self.query_one(".side")
        wide = self.has_class("-wide")
        on_side = side.has_focus or side.has_focus_within or not wide
        self.set_class(by > 0 and not on_side, "-zoomed-list")
        self.set_class(by > 0 and on_side, "-zoomed-side")
        if not wide:
            self.call_after_refresh(self._focus_first, side if by > 0 else self.table)

    def _focus_first(self, inside: Widget) -> None:
        first = next((node for node in inside.walk_children(Widget, with_self=True) if node.focusable), None)
        if first is not None:
            first.focus()

    def on_table_columns_asked(self, message: Table.ColumnsAsked) -> None:
        """Ask which columns to show."""
        table = message.table
        message.stop()

        def chosen(hidden: Collection[str] | None) -> None:
            if hidden is not None:
                table.hide_columns(frozenset(hidden))

        self.app.push_screen(ColumnChoice(table.columns, table.hidden), chosen)
