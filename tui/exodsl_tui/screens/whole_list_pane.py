"""A tab with a list that is short enough to be read whole; it is filtered by parts of names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from exodsl.manager.protocol import StateManager
from exodsl_tui.screens.list_pane import ListPane

Row = TypeVar("Row")


class WholeListPane(ListPane[Row]):
    """A list whose every row is in memory; `NEEDS_ME` is the word that leaves only those that need somebody."""

    @abstractmethod
    def read(self, manager: StateManager) -> Sequence[Row]:
        """Return all rows; in the reader's thread."""

    @abstractmethod
    def named(self, row: Row) -> str:
        """Return what a filter looks for words in."""

    @abstractmethod
    def needs_me(self, row: Row) -> bool:
        """Say whether a row needs somebody."""

    def apply(self) -> None:
        """Show the rows that fit."""
        if self._all is None:
            self.table.expect()
        self.follow("rows", self.read, self._show)

    def completions(self, text: str, position: int) -> Sequence[str]:
        """Return filters with the name of a row in place of the word that is typed."""
        start = text.rfind(" ", 0, position) + 1
        typed = text[start:position].casefold()
        names = dict.fromkeys([*map(self.named, self._all or ()), self.NEEDS_ME])
        return [text[:start] + name + text[position:] for name in names if typed and name.casefold().startswith(typed)]

    def _show(self, rows: Sequence[Row]) -> None:
        self._all = rows
        self.table.show(self._fitting(rows))
        self.say_status()

    def _fitting(self, rows: Sequence[Row]) -> list[Row]:
        words = self.filter_text.casefold().split()
        parts = [word for word in words if word != self.NEEDS_ME]
        only = len(parts) < len(words)
        return [
            row
            for row in rows
            if all(part in self.named(row).casefold() for part in parts) and (self.needs_me(row) or not only)
        ]

    _all: Sequence[Row] | None = None
