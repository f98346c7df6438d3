"""A run's past as a strip of throughput, with a hand that is moved along it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from exodsl_tui.host import host
from exodsl_tui.layout.axis import Axis
from exodsl_tui.layout.strips import strip, summed
from exodsl_tui.replay import Replay
from exodsl_tui.words import at, span

PAGE = 10


class Scrub(Widget, can_focus=True):
    """Two lines: when, and how many states ended around each moment; idle stretches are folded."""

    DEFAULT_CSS = """
    Scrub { height: 2; background: $surface; }
    """
    HELP = "The run over time. The hand shows the moment at which the graph stands; it moves with the arrows."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "step(1)", "Later", id="scrub.later"),
        Binding("left", "step(-1)", "Earlier", id="scrub.earlier"),
        Binding("pagedown,shift+right", "page(1)", "Much later", show=False, id="scrub.much-later"),
        Binding("pageup,shift+left", "page(-1)", "Much earlier", show=False, id="scrub.much-earlier"),
        Binding("home,g", "to_start", "To the beginning", show=False, id="scrub.start"),
        Binding("end,G", "to_end", "To the end", show=False, id="scrub.end"),
    ]

    class Moved(Message):
        """The hand is at another moment."""

        def __init__(self, bucket: int) -> None:
            super().__init__()
            self.bucket = bucket

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.bucket = 0
        self._replay: Replay | None = None
        self._axis = Axis((), 0)

    def show(self, replay: Replay) -> None:
        """Show a run, the hand at its end."""
        self._replay = replay
        self.bucket = replay.buckets - 1
        self._fit()

    def on_resize(self) -> None:
        """Fit the strip into the new width."""
        self._fit()

    def _fit(self) -> None:
        if self._replay is not None:
            self._axis = self._replay.axis(max(self.size.width - 2, 1))
        self.refresh()

    def move_to(self, bucket: int) -> None:
        """Put the hand on a bucket of time."""
        if self._replay is None:
            return
        bucket = min(max(bucket, 0), self._replay.buckets - 1)
        if bucket != self.bucket:
            self.bucket = bucket
            self.refresh()
            self.post_message(self.Moved(bucket))

    def action_step(self, by: int) -> None:
        """Move by one column; over a folded stretch at once."""
        self.move_to(self._axis.beside(self.bucket, by))

    def action_page(self, by: int) -> None:
        """Move by some columns."""
        bucket = self.bucket
        for _ in range(PAGE):
            bucket = self._axis.beside(bucket, by)
        self.move_to(bucket)

    def action_to_start(self) -> None:
        """Go to the beginning of the run."""
        self.move_to(0)

    def action_to_end(self) -> None:
        """Go to its end, or to now."""
        if self._replay is not None:
            self.move_to(self._replay.buckets - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the hand where the mouse is."""
        self.move_to(self._axis.bucket(int(event.x) - 1))

    def render(self) -> Text:
        """Draw both lines."""
        if self._replay is None:
            return Text(" computing . . .", style="dim", no_wrap=True)
        around = host(self)
        return Text("\n").join((self._when(around.now(), around.zone), self._strip(around.signs.levels)))

    def _when(self, now: datetime, zone: tzinfo | None) -> Text:
        assert self._replay is not None
        moment, start = self._replay.moment(self.bucket), self._replay.history.start
        shown = self._axis.columns()[self._axis.column(self.bucket)] or range(self.bucket, self.bucket + 1)
        seconds = len(shown) * self._replay.history.bucket_ms / 1000
        ended = sum(self._replay.throughput[bucket] for bucket in shown) / seconds
        said = f" as it was at {at(moment, zone, now)}, {span((moment - start).total_seconds())} in"
        return Text(f"{said}   {ended:.1f}/s   esc back to now", style="bold", no_wrap=True)

    def _strip(self, levels: str) -> Text:
        assert self._replay is not None
        ended = summed(self._replay.throughput, self._axis.columns())
        drawn = list(strip(ended, max(ended, default=0), levels))
        for column, gap in self._axis.gaps().items():
            drawn[column : column + len(gap)] = gap
        hand = self._axis.column(self.bucket)
        line = Text(f" {''.join(drawn)}", no_wrap=True)
        line.stylize("reverse", hand + 1, hand + 2)
        if drawn[hand] == " ":  # a reversed blank is not seen without colours
            line = Text(f" {''.join(drawn[:hand])}|{''.join(drawn[hand + 1 :])}", no_wrap=True)
        return line
