"""Something that scrolls and is drawn line by line: only what is seen, and of that only what has changed."""

from __future__ import annotations

from abc import abstractmethod

from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from exodsl_tui.signs import Tone
from exodsl_tui.themes import styles


class Painted(ScrollView, can_focus=True, inherit_bindings=False):
    """Remembers the lines that it drew; `repaint` compares them with what they would be now."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: dict[int, Strip] = {}
        self._looks: dict[Tone, Style] = {}

    @abstractmethod
    def line(self, y: int) -> Strip:
        """Return a line as it should be now, counted from the first that is seen."""

    def on_mount(self) -> None:
        """Learn what tones look like."""
        self._restyle()

    def notify_style_update(self) -> None:
        """Draw anew where the theme has changed."""
        super().notify_style_update()
        self._restyle()

    def _restyle(self) -> None:
        self._looks = styles(self.app.theme_variables)
        self._drawn.clear()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Draw the cursor as it is now."""
        self._drawn.clear()
        super().watch_has_focus(_has_focus)
        self.refresh()

    def redraw(self) -> None:
        """Draw everything anew."""
        self._drawn.clear()
        self.refresh()

    def repaint(self) -> None:
        """Draw the lines that differ from what is on the screen, and no others."""
        if not self._looks:
            return
        for y, drawn in list(self._drawn.items()):
            if self.line(y) != drawn:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        strip = self.line(y)
        self._drawn[y] = strip
        return strip
