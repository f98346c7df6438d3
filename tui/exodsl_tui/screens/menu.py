"""A short list to choose one thing from: by its letter, or with the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from exodsl_tui.words import plain


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to choose; `key` is the letter that takes it, if it has one."""

    key: str
    text: str


class Menu(ModalScreen[int | None]):
    """Gives the index of what was chosen, or `None`."""

    DEFAULT_CSS = """
    Menu { align: center middle; }
    Menu > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%;
        border: solid $primary; background: $surface; padding: 0 1;
    }
    Menu .title { text-style: bold; }
    Menu OptionList { border: none; height: auto; max-height: 18; background: $surface; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Leave it", id="menu.leave")]

    def __init__(self, title: str, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._title, self._entries, self._cursor = title, entries, 0

    def compose(self) -> ComposeResult:
        """Show the entries."""
        with Vertical(classes="window"):
            yield Static(self._title, classes="title", markup=False)
            yield OptionList(*(Option(self._shown(at)) for at in range(len(self._entries))), compact=True)

    def _shown(self, at: int) -> Text:
        entry = self._entries[at]
        text = Text("> " if at == self._cursor else "  ", no_wrap=True)
        if entry.key:
            text.append(f"{entry.key}  ", style="bold")
        return text.append(plain(entry.text))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Mark the entry under the cursor."""
        before, self._cursor = self._cursor, event.option_index
        for at in {before, self._cursor}:
            event.option_list.replace_option_prompt_at_index(at, self._shown(at))

    def on_key(self, event: events.Key) -> None:
        """Take the entry of a letter."""
        found = next((at for at, entry in enumerate(self._entries) if entry.key and entry.key == event.character), None)
        if found is not None:
            event.stop()
            self.dismiss(found)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the entry under the cursor."""
        self.dismiss(event.option_index)
