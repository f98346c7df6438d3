"""Which columns of a table to show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from exodsl_tui.host import host
from exodsl_tui.signs import Pieces
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import say


class ColumnChoice(ModalScreen[frozenset[str] | None]):
    """A list of columns; space shows or hides one, enter takes the choice, escape leaves things as they were."""

    DEFAULT_CSS = """
    ColumnChoice { align: center middle; }
    ColumnChoice > Vertical { width: 34; height: 16; border: solid $primary; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Leave it", id="columns.leave"),
        Binding("space", "turn", "Show or hide", id="columns.turn", priority=True),
        Binding("enter", "take", "Take", id="columns.take", priority=True),
    ]

    def __init__(self, columns: Sequence[Column[Any]], hidden: Collection[str]) -> None:
        super().__init__()
        self._columns = [column for column in columns if column.priority > 0]
        self._hidden = set(hidden)

    def compose(self) -> ComposeResult:
        """Show the columns."""
        shown: Column[Column[Any]] = Column("shown", "", self._mark, 1, priority=0)
        name: Column[Column[Any]] = Column("name", "column", lambda column, _: say(column.name), 10, 1, priority=0)
        with Vertical():
            yield Table((shown, name), lambda column: column.name, signs=host(self).signs)
            yield Static("space show or hide, enter take", markup=False)

    def _mark(self, column: Column[Any], _width: int) -> Pieces:
        return say(" " if column.name in self._hidden else host(self).signs.marked, "ok")

    def on_mount(self) -> None:
        """Show them."""
        self.query_one(Table).show(self._columns)

    def action_turn(self) -> None:
        """Show or hide the column under the cursor."""
        table = self.query_one(Table)
        if table.current is not None:
            self._hidden ^= {table.current.name}
            table.repaint()

    def action_take(self) -> None:
        """Take the choice."""
        self.dismiss(frozenset(self._hidden))
