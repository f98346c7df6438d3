"""Why one gate stands as it does: what arrived, what is on its way, what keeps it shut, and what would open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from textual.app import ComposeResult
from textual.widget import Widget

from exodsl.errors import ExodslError
from exodsl.manager.inspection import Blocker, Group, StateSummary, Verdict
from exodsl.manager.protocol import StateManager
from exodsl_tui.asking import Asking
from exodsl_tui.host import host
from exodsl_tui.signs import GATES, Piece, Pieces, Signs, Tone, word
from exodsl_tui.standing import arrivals, arriving
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.widgets.state_columns import standing
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import brief, counted, place, say, until

BAR = 30
_TONES: dict[Blocker, Tone] = {"moving": "active", "waiting": "wait", "dead": "bad"}
Examine = Callable[[StateManager], Verdict]


@dataclass(frozen=True, slots=True)
class Blocking:
    """One row: states that a gate waits for, or below them one of the first."""

    group: Group
    state: StateSummary | None = None

    @property
    def key(self) -> tuple[str, str, int | None]:
        """What the row is known by."""
        return self.group.kind, self.group.identifier, None if self.state is None else self.state.state_id


class VerdictView(Asking, Widget):
    """One gate, examined; its rows are what it waits for, and what is dead for it."""

    DEFAULT_CSS = """
    VerdictView { height: 1fr; width: 1fr; }
    VerdictView > Lines { height: 6; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.verdict: Verdict | None = None

    def compose(self) -> ComposeResult:
        """Put what is said above what it is about."""
        lines = Lines()
        lines.can_focus = False
        yield lines
        around = host(self)
        yield Table(
            columns(around.signs, around.now), lambda row: row.key, signs=around.signs, empty="nothing holds it up"
        )

    def examine(self, question: Examine) -> None:
        """Follow a gate."""
        self.follow("verdict", question, self._take, self._unknown)

    @property
    def table(self) -> Table[Blocking]:
        """The rows."""
        return self.query_one(Table)

    def _take(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.query_one(Lines).show([*heading(verdict, host(self).signs)])
        self.table.show([*_rows(verdict.groups)])

    def _unknown(self, error: ExodslError) -> None:
        self.query_one(Lines).show([say(str(error), "bad")])


def _rows(groups: Sequence[Group]) -> Iterator[Blocking]:
    order: Sequence[Blocker] = ("dead", "waiting", "moving")
    for group in sorted(groups, key=lambda group: order.index(group.kind)):
        yield Blocking(group)
        yield from (Blocking(group, state) for state in group.first)


def heading(verdict: Verdict, signs: Signs) -> Iterator[Pieces]:
    """Say what gate it is, what arrived, and what would open it."""
    gate = verdict.gate
    symbol, tone = signs.gate(gate.status)
    where = f"   at {place(gate.path)}" if gate.path else ""
    yield (
        (f"{symbol} ", tone),
        (gate.identifier, "strong"),
        (f"   {word(GATES, gate.status)}", tone),
        (f"   unites {verdict.unites} ({verdict.strategy}){where}", ""),
    )
    yield (*arriving(verdict, signs, BAR), ("   ", ""), *arrivals(verdict))
    ended = ((gate.failed, "failed", "bad"), (gate.pruned, "pruned", "wait"))
    more = [f"{brief(count)} {what}" for count, what, _ in ended if count]
    more += [f"{counted(count, 'inner gate')} {word(GATES, status)}" for status, count in verdict.inner_gates.items()]
    yield say(", ".join(more), "dim")
    yield say(verdict.sentence, "bad" if verdict.dead else "strong")


def columns(signs: Signs, now: Callable[[], datetime]) -> tuple[Column[Blocking], ...]:
    """Return the columns of what a gate waits for."""
    return (
        Column("kind", "", lambda row, _: _kind(row, signs), 9, priority=0),
        Column("count", "count", lambda row, _: _count(row), 6, align="right", priority=0),
        Column("node", "node", lambda row, _: _node(row), 14, grow=1, priority=0),
        Column("said", "", lambda row, _: _said(row, now()), 24, grow=3, priority=1),
    )


def _kind(row: Blocking, signs: Signs) -> Pieces:
    if row.state is not None:
        return (("  ", ""), signs.state(row.state.status))
    kind = row.group.kind
    return say(kind.upper() if kind == "dead" else kind, _TONES[kind])


def _count(row: Blocking) -> Pieces:
    return () if row.state is not None else say(brief(row.group.count), _TONES[row.group.kind])


def _node(row: Blocking) -> Pieces:
    if row.state is None:
        return say(row.group.identifier, "strong")
    return say(f"{row.state.state_id} at {place(row.state.path, row.state.fanout_index)}", "accent")


def _said(row: Blocking, now: datetime) -> Pieces:
    if row.state is not None:
        return say(row.state.error, "bad") if row.state.error else standing(row.state, now)
    found: list[Piece] = []
    if row.group.next_due is not None:
        found.append((f"due {until(row.group.next_due, now)}", "wait"))
    if row.group.retries_left is not None and row.group.kind != "dead":
        if found:
            found.append((", ", "dim"))
        found.append((f"{counted(row.group.retries_left, 'retry', 'retries')} left", ""))
    return tuple(found)
