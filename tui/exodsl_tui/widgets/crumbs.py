"""The line above: where one is, whether it moves, and what time it is."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from exodsl_tui.host import host
from exodsl_tui.signs import Piece
from exodsl_tui.words import at, plain, shortened


class Crumbs(Widget):
    """One line: ` exodsl  prod.db > etl > run 7f3a  status:errored      [live]  12:04:31`."""

    DEFAULT_CSS = """
    Crumbs { height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[str, ...] = ()
        self._filter = ""
        self._mode: Piece = ("opening", "")

    def on_mount(self) -> None:
        """Show the time as it goes."""
        self.set_interval(1.0, self.refresh)

    def show(self, steps: tuple[str, ...], filter: str = "") -> None:
        """Show where one is, and what is filtered."""
        if (steps, filter) != (self._steps, self._filter):
            self._steps, self._filter = steps, filter
            self.refresh()

    def mode(self, mode: Piece) -> None:
        """Show whether the screen follows the database: live, frozen or lost."""
        if mode != self._mode:
            self._mode = mode
            self.refresh()

    def render(self) -> Text:
        """Draw the line."""
        around = host(self)
        text, tone = self._mode
        flags = f"{'read-only  ' if around.place.read_only else ''}"
        right = f"{flags}[{text}]  {at(around.now(), around.zone, around.now())} "
        room = max(0, self.size.width - len(right))
        left = plain(" > ".join((f" exodsl  {around.place.name}", *self._steps)))
        said = f"{left}  {plain(self._filter)}" if self._filter else left
        said = shortened(said, room, around.signs.cut)
        line = Text(said, no_wrap=True, end="")
        line.stylize("bold", 0, min(len(said), len(left)))
        line.append(" " * (room - line.cell_len))
        line.append(right, style="bold" if tone in ("bad", "retry") else "")
        return line
