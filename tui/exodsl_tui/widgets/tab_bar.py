"""The tabs of a screen in one line: `1 Runs  2 Graphs 4 ...`; a number or a click opens one."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from exodsl_tui.words import brief


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab.

    :param name: what it is called in links.
    :param title: what is shown.
    """

    name: str
    title: str


class TabBar(Widget):
    """The line of tabs; the open one is reversed, and in brackets for terminals without that."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $surface; }
    """

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, tabs: tuple[Tab, ...], *, numbered: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = tabs
        self.open = tabs[0].name
        self._numbered = numbered
        self._counts: dict[str, int] = {}

    def show(self, name: str) -> None:
        """Show which tab is open."""
        if name != self.open:
            self.open = name
            self.refresh()

    def count(self, name: str, number: int | None) -> None:
        """Show how many there are behind a tab."""
        if self._counts.get(name) == number:
            return
        if number is None:
            self._counts.pop(name, None)
        else:
            self._counts[name] = number
        self.refresh()

    def next(self, by: int) -> str:
        """Return the tab that comes next."""
        names = [tab.name for tab in self.tabs]
        return names[(names.index(self.open) + by) % len(names)]

    def _labels(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for number, tab in enumerate(self.tabs, 1):
            many = f" {brief(self._counts[tab.name])}" if tab.name in self._counts else ""
            label = f"{number} {tab.title}{many}" if self._numbered else f"{tab.title}{many}"
            found.append((tab.name, f"[{label}]" if tab.name == self.open else f" {label} "))
        return found

    def render(self) -> Text:
        """Draw the line."""
        line = Text(no_wrap=True, overflow="crop", end="")
        for name, label in self._labels():
            line.append(label, Style(bold=True, reverse=True) if name == self.open else Style.null())
        return line

    def on_click(self, event: events.Click) -> None:
        """Tell which tab was clicked."""
        left = 0
        for name, label in self._labels():
            if left <= event.x < left + len(label):
                self.post_message(self.Chosen(name))
                return
            left += len(label)
