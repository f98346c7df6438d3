"""Lines of text that scroll: only those that are seen are drawn, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from exodsl_tui.signs import Pieces, Tone
from exodsl_tui.themes import styles
from exodsl_tui.words import piece_width, plain


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines of pieces, each in its tone; long ones go on in the next line of the screen."""

    DEFAULT_CSS = """
    Lines { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: $background; }
    Lines:focus { background: $surface; }
    """
    HELP = "Text. It scrolls with the arrows and the page keys."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", show=False, id="text.down"),
        Binding("up,k", "scroll_up", "Up", show=False, id="text.up"),
        Binding("pagedown,ctrl+d", "page_down", "Page down", show=False, id="text.page-down"),
        Binding("pageup,ctrl+u", "page_up", "Page up", show=False, id="text.page-up"),
        Binding("g,home", "scroll_home", "To the beginning", show=False, id="text.first"),
        Binding("G,end", "scroll_end", "To the end", show=False, id="text.last"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._given: Sequence[Pieces] = ()
        self._lines: list[Pieces] = []
        self._looks: dict[Tone, Style] = {}

    @property
    def given(self) -> Sequence[Pieces]:
        """The lines, as they were given."""
        return self._given

    def show(self, lines: Sequence[Pieces]) -> None:
        """Show other lines; where one is in them stays."""
        if lines == self._given:
            return
        self._given = lines
        self._wrap()

    def on_mount(self) -> None:
        """Learn what tones look like."""
        self._looks = styles(self.app.theme_variables)

    def notify_style_update(self) -> None:
        """Draw anew where the theme has changed."""
        super().notify_style_update()
        self._looks = styles(self.app.theme_variables)

    def on_resize(self) -> None:
        """Fit the lines into the new width."""
        self._wrap()

    def _wrap(self) -> None:
        width = max(1, self.size.width - 1)
        self._lines = [part for line in self._given for part in wrapped(line, width)]
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        base, index = self.rich_style, y + self.scroll_offset.y
        width = self.size.width
        if index >= len(self._lines) or not self._looks:
            return Strip.blank(width, base)
        segments = [Segment(text, base + self._looks[tone]) for text, tone in self._lines[index]]
        return Strip(segments).crop_extend(0, width, base)


def wrapped(line: Pieces, width: int) -> list[Pieces]:
    """Return a line as lines of at most `width` cells; what could steer a terminal is made harmless."""
    pieces: Pieces = tuple((plain(text), tone) for text, tone in line)
    if piece_width(pieces) <= width:
        return [pieces]
    found: list[Pieces] = []
    now: list[tuple[str, Tone]] = []
    left = width
    for text, tone in pieces:
        while text:
            head, text = _split(text, left)
            if head:
                now.append((head, tone))
                left -= cell_len(head)
            if text:
                found.append(tuple(now))
                now, left = [], width
    found.append(tuple(now))
    return found


def _split(text: str, width: int) -> tuple[str, str]:
    """Return as much of a text as fits, up to a blank if one is near the end, and the rest; at least a character."""
    at = _fits(text, width)
    if at == len(text):
        return text, ""
    blank = text.rfind(" ", 0, at) + 1
    at = blank if blank > at // 2 else at
    return (text[:at], text[at:]) if at or width < 2 else (text[:1], text[1:])


def _fits(text: str, width: int) -> int:
    """Return how many characters fit."""
    if text.isascii():
        return min(len(text), width)
    taken = 0
    for at, char in enumerate(text):
        taken += cell_len(char)
        if taken > width:
            return at
    return len(text)
