"""How a run went: one bar for each node, the fuller the more bodies were at work; a node opens to its states."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Static

from exodsl.manager.filters import StateFilter, Term
from exodsl.manager.inspection import History, StateSummary
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunView
from exodsl_tui.actions.aim import Aim
from exodsl_tui.host import host
from exodsl_tui.layout.axis import Axis
from exodsl_tui.layout.strips import highest, strip
from exodsl_tui.links import StateLink
from exodsl_tui.looking import Subject
from exodsl_tui.replay import Replay, replayed
from exodsl_tui.screens.list_pane import ListPane
from exodsl_tui.signs import STATES, Pieces, Signs, Tone
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.state_columns import is_failed, length
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import at, counted, place, say, span

SHOWN = 20
"""States of a node that are shown: the slowest, and as many that failed."""
REST = 10.0
"""Rests so many times as long as the last look back took."""
_FAILED = ("ERRORED", "NEXT_CREATED_ERROR")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a node, or below it one of its states."""

    node: str
    first_at: datetime | None
    last_at: datetime | None
    is_open: bool = False
    state: StateSummary | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        """What the row is known by."""
        return self.node, None if self.state is None else self.state.state_id


class TimelinePane(ListPane[Bar]):
    """The bars of a run, over one axis of time."""

    NOUN = ("node", "nodes")
    HELP = (
        "One bar for each node, from the first start of a body to the last end; it is the fuller the more were at work."
        " Idle stretches are folded. Enter opens a node to its slowest states and those that failed."
    )
    DEFAULT_CSS = """
    TimelinePane > .axis { height: 1; background: $surface; }
    """

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject = subject
        self._run: RunView | None = None
        self._replay: Replay | None = None
        self._timer: Timer | None = None
        self._next_at = 0.0
        self._opened: dict[str, Sequence[StateSummary]] = {}
        self._axes: dict[int, Axis] = {}

    def make_table(self) -> Table[Bar]:
        """Make the table."""
        around = host(self)
        return Table(
            (
                Column("node", "node", lambda bar, _: _name(bar, around.signs), 14, grow=1, priority=0),
                Column("time", "time", lambda bar, width: self._drawn(bar, width), 24, grow=5, priority=0),
                Column("began", "began", lambda bar, _: self._time(bar.first_at), 8, priority=2),
                Column("took", "took", lambda bar, _: say(self._took(bar)), 7, align="right", priority=1),
            ),
            lambda bar: bar.key,
            signs=around.signs,
            failed=lambda bar: bar.state is not None and is_failed(bar.state),
            empty="computing . . .",
        )

    def compose(self) -> ComposeResult:
        """Put the axis below the bars."""
        yield from super().compose()
        yield Static(classes="axis", markup=False)

    @property
    def aim(self) -> Aim:
        """The state under the cursor."""
        bar = self.table.current
        return Aim() if bar is None or bar.state is None else Aim(states=(bar.state.state_id,))

    def apply(self) -> None:
        """Follow the history; a filter leaves the nodes whose names have all its words in them."""
        if self._replay is None:
            self.follow("mark", lambda manager: manager.mark(), self._touched)
        else:
            self._show()

    def _touched(self, _mark: int) -> None:
        """Look back again, but seldom: that may take seconds, in which nothing else is read."""
        rest = self._next_at - time.monotonic()
        if rest <= 0:
            self._look_back()
        elif self._timer is None:
            self._timer = self.set_timer(rest, self._look_back)

    def _look_back(self) -> None:
        self._timer = None
        self.ask("history", self._question, self._take)

    def _question(self, manager: StateManager) -> tuple[RunView, Replay]:
        def ask(run: RunView) -> tuple[RunView, Replay]:
            return run, replayed(manager, run, len(self._subject.nodes))

        began = time.monotonic()
        answer = self._subject.once_ended(manager, "replay", ask)
        self._next_at = time.monotonic() + REST * (time.monotonic() - began)
        return answer

    def _take(self, answer: tuple[RunView, Replay]) -> None:
        self._run, self._replay = answer
        self._axes.clear()
        self.query_one(".axis", Static).update(self._said(self._replay.history))
        self._show()
        for name in self._opened:
            self._ask_states(name)

    def _said(self, history: History) -> str:
        around = host(self)
        assert self._replay is not None
        end = min(self._replay.moment(self._replay.buckets - 1), around.now())
        begun, ended = (at(moment, around.zone, around.now()) for moment in (history.start, end))
        whole = (end - history.start).total_seconds()
        ended_states = counted(sum(self._replay.throughput), "state")
        return f" {begun} to {ended}, {span(whole)}; {ended_states} ended"

    def _show(self) -> None:
        assert self._replay is not None
        rows: list[Bar] = []
        words = self.filter_text.casefold().split()
        for node in self._replay.history.nodes:
            if not all(word in node.identifier.casefold() for word in words):
                continue
            states = self._opened.get(node.identifier)
            rows.append(Bar(node.identifier, node.first_at, node.last_at, states is not None))
            rows += [Bar(node.identifier, state.started_at, state.finished_at, state=state) for state in states or ()]
        self.table.show(rows)
        self.say_status()

    def status(self) -> str:
        """Return how many nodes there are."""
        return "" if self._replay is None else counted(len(self._replay.history.nodes), *self.NOUN)

    # A node's states

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open a node, or close it; open a state."""
        message.stop()
        bar: Bar = message.row
        if bar.state is not None:
            host(self).go(StateLink(self._subject.run_id, bar.state.state_id))
        elif bar.is_open:
            del self._opened[bar.node]
            self._show()
        else:
            self._ask_states(bar.node)

    def _ask_states(self, name: str) -> None:
        def question(manager: StateManager) -> Sequence[StateSummary]:
            return _worth_seeing(manager, self._subject.facts(manager).run_id, name)

        def show(states: Sequence[StateSummary]) -> None:
            self._opened[name] = states
            self._show()

        self.ask(("states", name), question, show)

    # Drawing

    def _axis(self, width: int) -> Axis:
        assert self._replay is not None
        if width not in self._axes:
            self._axes[width] = self._replay.axis(width)
        return self._axes[width]

    def _drawn(self, bar: Bar, width: int) -> Pieces:
        if self._replay is None or bar.first_at is None:
            return say("not reached", "dim") if bar.state is None else ()
        axis = self._axis(width)
        first = axis.column(self._replay.bucket(bar.first_at))
        last = axis.span(self._replay.bucket(bar.last_at or host(self).now()))[1]
        signs = host(self).signs
        inside = signs.done * width if bar.state is not None else self._density(bar.node, axis)
        cells = list(f"{' ' * first}{inside[first : last + 1].replace(' ', signs.ahead)}{' ' * (width - last - 1)}")
        tone: Tone = "active" if bar.state is None else STATES[bar.state.status].tone
        return _with_gaps("".join(cells), axis, tone)

    def _density(self, name: str, axis: Axis) -> str:
        assert self._replay is not None
        working = highest(self._replay.working(name), axis.columns())
        return strip(working, max(working, default=0), host(self).signs.levels)

    def _time(self, moment: datetime | None) -> Pieces:
        around = host(self)
        return say(at(moment, around.zone, around.now()), "dim")

    def _took(self, bar: Bar) -> str:
        if bar.state is not None:
            return length(bar.state, host(self).now())
        if bar.first_at is None:
            return "-"
        is_live = self._run is not None and self._run.finished_at is None and bar.last_at is None
        until = host(self).now() if is_live else bar.last_at or bar.first_at
        return span((until - bar.first_at).total_seconds())


def _worth_seeing(manager: StateManager, run_id: str, name: str) -> Sequence[StateSummary]:
    """Return the slowest states of a node, and those that failed, in the order of their starts."""
    terms = (Term("node", "=", (name,)), Term("status", "=", _FAILED))
    failed = manager.find_states(run_id, StateFilter(terms), limit=SHOWN).items
    found = {state.state_id: state for state in (*manager.slowest(run_id, name, limit=SHOWN), *failed)}
    return sorted(found.values(), key=lambda state: (state.started_at or state.created_at, state.state_id))


def _name(bar: Bar, signs: Signs) -> Pieces:
    if bar.state is None:
        return (((signs.unfolded if bar.is_open else signs.folded) + " ", "dim"), (bar.node, ""))
    symbol, tone = signs.state(bar.state.status)
    return (("    ", ""), (f"{symbol} ", tone), (f"{bar.state.state_id} {place(bar.state.path)}", "dim"))


def _with_gaps(cells: str, axis: Axis, tone: Tone) -> Pieces:
    """Put the marks of folded stretches into a bar."""
    found: list[tuple[str, Tone]] = []
    column = 0
    for start, gap in sorted(axis.gaps().items()):
        found.append((cells[column:start], tone))
        found.append((gap, "dim"))
        column = start + len(gap)
    return (*found, (cells[column:], tone))
