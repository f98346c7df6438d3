"""The store of a run: what its nodes keep for one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from exodsl.errors import ExodslError
from exodsl.manager.protocol import StateManager
from exodsl_tui.host import host
from exodsl_tui.looking import Subject
from exodsl_tui.screens.whole_list_pane import WholeListPane
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import compact, pretty, say

Entry = tuple[str, Any]
LONGEST = 4096
"""More of a value than this is never seen in one line."""


class StorePane(WholeListPane[Entry]):
    """Keys and values; beside them the value under the cursor, where there is room."""

    NOUN = ("key", "keys")
    HELP = "The committed store of the run. `y` copies the value under the cursor as JSON."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy_value", "Copy the value", id="store.copy")]

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject = subject

    def make_table(self) -> Table[Entry]:
        """Make the table."""
        return Table(
            (
                Column("key", "key", lambda entry, _: say(entry[0], "strong"), 16, grow=1, priority=0),
                Column("value", "value", lambda entry, _: say(compact(entry[1])[:LONGEST]), 20, grow=3, priority=0),
            ),
            lambda entry: entry[0],
            signs=host(self).signs,
            empty="this run keeps nothing in its store",
        )

    def make_side(self) -> Lines:
        """Make what shows a value over as many lines as it takes."""
        return Lines()

    def read(self, manager: StateManager) -> Sequence[Entry]:
        """Return the entries, by key; in the reader's thread."""
        return sorted(self._subject.of_run(manager, "store", manager.read_store).items())

    def named(self, row: Entry) -> str:
        """Return the key."""
        return row[0]

    def needs_me(self, row: Entry) -> bool:
        """Values need nobody."""
        return True

    def refused(self, error: ExodslError) -> None:
        """Say in place of the list why there is none: the store was cleaned up."""
        self.table.empty = str(error)
        self.table.show(())
        self.table.refresh()

    def on_table_moved(self, message: Table.Moved) -> None:
        """Show the value under the cursor."""
        message.stop()
        entry: Entry | None = message.row
        text = "" if entry is None else pretty(entry[1])
        self.query_one(Lines).show([say(line) for line in text.splitlines()])

    def on_table_picked(self, message: Table.Picked) -> None:
        """Show the value alone, or the list again."""
        message.stop()
        self.toggle_class("-zoomed-side")

    def clear(self) -> bool:
        """Show the list again."""
        if self.has_class("-zoomed-side"):
            self.remove_class("-zoomed-side")
            return True
        return super().clear()

    def action_copy_value(self) -> None:
        """Copy the value under the cursor as JSON."""
        entry = self.table.current
        if entry is not None:
            self.app.copy_to_clipboard(compact(entry[1]))
            self.notify(f"Copied the value of {entry[0]}.", markup=False, timeout=3)
