"""One line to type in, at the bottom: a filter (`/`) or where to go (`:`), checked while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from exodsl.errors import ExodslError, FilterInvalid

Check = Callable[[str], object]
Complete = Callable[[str, int], Sequence[str]]
_SHOWN = 6


class Prompt(ModalScreen[str | None]):
    """Asks for a line; gives it on enter, and `None` on escape.

    :param sign: stands before the line.
    :param text: what stands in it at first.
    :param check: raises an error where the line cannot be understood; it is shown below, and enter waits.
    :param complete: returns whole lines that complete the word at a position; tab takes the first.
    """

    DEFAULT_CSS = """
    Prompt { align: left bottom; background: $background 0%; }
    Prompt > Vertical { height: auto; background: $panel; }
    Prompt Horizontal { height: 1; }
    Prompt .sign { width: 2; color: $accent; text-style: bold; }
    Prompt Input { border: none; height: 1; padding: 0; background: $panel; width: 1fr; }
    Prompt .hint { height: 1; color: $tone-wait; }
    Prompt .hint.-bad { color: $tone-bad; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave it", id="prompt.leave"),
        Binding("tab", "complete", "Complete", id="prompt.complete", priority=True),
    ]

    def __init__(self, sign: str, text: str = "", *, check: Check, complete: Complete) -> None:
        super().__init__()
        self._sign, self._text = sign, text
        self._check, self._complete = check, complete
        self._found: Sequence[str] = ()
        self._wrong = False

    def compose(self) -> ComposeResult:
        """Show the line and what is said about it."""
        with Vertical():
            with Horizontal():
                yield Static(f" {self._sign}", classes="sign", markup=False)
                yield Input(self._text, select_on_focus=False, compact=True)
            yield Static("", classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin at the end of the line."""
        self.query_one(Input).cursor_position = len(self._text)
        self._judge()

    def on_input_changed(self) -> None:
        """Check what is typed."""
        self._judge()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line, unless it is wrong."""
        if not self._wrong:
            self.dismiss(event.value)

    def action_complete(self) -> None:
        """Take the first completion."""
        if self._found:
            line = self.query_one(Input)
            line.value = self._found[0]
            line.cursor_position = len(line.value)

    def _judge(self) -> None:
        line = self.query_one(Input)
        hint = self.query_one(".hint", Static)
        self._found = self._complete(line.value, line.cursor_position)
        try:
            if line.value.strip():
                self._check(line.value)
        except ExodslError as error:
            self._wrong = True
            hint.update(self._marked(error))
        else:
            self._wrong = False
            hint.update(Text("  " + "   ".join(_tail(found, line.value) for found in self._found[:_SHOWN])))
        hint.set_class(self._wrong, "-bad")

    def _marked(self, error: ExodslError) -> Text:
        """Return an error, with a `^` below the column it is about."""
        if not isinstance(error, FilterInvalid):
            return Text(f"  {error}")
        mark = "^" * max(1, error.end - error.start)
        return Text(f"  {' ' * error.start}{mark} {error.reason}")


def _tail(found: str, typed: str) -> str:
    """Return the word of a completion that differs from what was typed."""
    start = typed.rfind(" ") + 1
    return found[start:].strip()
