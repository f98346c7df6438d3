"""The line above the keys: what a list has to say of itself, or what is wrong."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from exodsl_tui.host import host
from exodsl_tui.signs import Tone
from exodsl_tui.words import plain, shortened


class StatusLine(Widget):
    """One line; what is wrong stands before what a list says."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $surface; color: $foreground; }
    StatusLine.-bad { color: $error; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        self._wrong = ""

    def say(self, text: str) -> None:
        """Say something of what is shown."""
        if text != self._said:
            self._said = text
            self.refresh()

    def complain(self, text: str, tone: Tone = "bad") -> None:
        """Say what is wrong, until that is taken back with an empty text."""
        if text != self._wrong:
            self._wrong = text
            self.set_class(bool(text) and tone == "bad", "-bad")
            self.refresh()

    def render(self) -> Text:
        """Draw the line."""
        text = f" {plain(self._wrong or self._said)}"
        return Text(shortened(text, self.size.width, host(self).signs.cut), no_wrap=True, end="")
