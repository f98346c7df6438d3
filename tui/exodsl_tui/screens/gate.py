"""The gates of a unite, and why one of them stands as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from exodsl.errors import ExodslError
from exodsl.manager.filter_text import term_text
from exodsl.manager.filters import Term
from exodsl.manager.inspection import Blocker, Verdict
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import GateView
from exodsl_tui.actions.aim import Aim
from exodsl_tui.bars import bar
from exodsl_tui.gates import GatesSource, Summary, summed_up
from exodsl_tui.host import Host, host
from exodsl_tui.links import GateLink, RunLink, StateLink
from exodsl_tui.looking import Facts, Subject
from exodsl_tui.messages import RetryStates
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.list_pane import WIDE
from exodsl_tui.signs import Pieces
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.paged_table import PagedTable
from exodsl_tui.widgets.run_columns import graph_name
from exodsl_tui.widgets.table import Table
from exodsl_tui.widgets.verdict import Blocking, VerdictView
from exodsl_tui.words import brief, place, say, short

_STATUSES: Mapping[Blocker, tuple[str, ...]] = {
    "moving": ("QUEUED", "EXECUTED"),
    "waiting": ("CREATED",),
    "dead": ("ERRORED", "NEXT_CREATED_ERROR", "PRUNED"),
}


class _Beside(Horizontal):
    """The list of gates, and one of them beside it where there is room.

    :param fill: is called when there may be room.
    """

    DEFAULT_CSS = """
    _Beside { height: 1fr; }
    _Beside VerdictView { display: none; border-left: solid $panel; }
    _Beside.-wide VerdictView { display: block; }
    _Beside.-one VerdictView { display: block; border-left: none; }
    _Beside.-one #gates { display: none; }
    """

    def __init__(self, fill: Callable[[], object]) -> None:
        super().__init__()
        self._fill = fill

    def on_resize(self) -> None:
        """Learn whether there is room, and fill it."""
        self.set_class(self.size.width >= WIDE, "-wide")
        self.call_after_refresh(self._fill)


class GateScreen(InspectorScreen):
    """A list of gates, or one of them."""

    HELP = (
        "A gate lets the node that unites run when everything below it has ended. Moving states are at work, waiting"
        " ones wait for their time, dead ones keep it shut: `r` retries exactly those."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry_dead", "Retry what is dead", id="gate.retry"),
        Binding("S", "states", "States of the unite", id="gate.states"),
    ]

    def __init__(self, link: GateLink) -> None:
        super().__init__()
        self.subject = Subject(link.run)
        self._node, self._path = link.node, link.path
        self._facts: Facts | None = None

    @property
    def link(self) -> GateLink:
        """Which gates these are."""
        return GateLink(self.subject.run_id, self._node, self._path)

    @property
    def steps(self) -> tuple[str, ...]:
        """The graph, the run, the unite and the place of the gate."""
        run, gate = f"run {short(self.subject.run_id)}", f"gate {self._node}"
        at = f" at {place(self._path)}" if self._path else ""
        graph = () if self._facts is None else (graph_name(self._facts.run.namespace, self._facts.run.graph),)
        return (*graph, run, f"{gate}{at}")

    @property
    def aim(self) -> Aim:
        """The run, and the state under the cursor."""
        if self._facts is None:
            return Aim()
        run, row = self._facts.run, self.query_one(VerdictView).table.current
        states = () if row is None or row.state is None else (row.state.state_id,)
        return Aim(run_id=run.run_id, graph=(run.namespace, run.graph), states=states)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no retry where nothing may be changed."""
        return action != "retry_dead" or not host(self).place.read_only

    def body(self) -> Iterable[Widget]:
        """Return the list, and one gate beside it."""
        around = host(self)
        with _Beside(self._show_beside):
            yield PagedTable(
                gate_columns(around),
                lambda gate: gate.path,
                signs=around.signs,
                failed=lambda gate: gate.status == "BLOCKED" or gate.failed > 0,
                empty="no gates yet: what they unite has not run",
                id="gates",
            )
            yield VerdictView()

    def on_mount(self) -> None:
        """Show one gate, or find out whether there are several."""
        self.follow("summary", lambda m: summed_up(m, self.subject, self._node), self._take, self._unknown)
        if self._path is not None:
            self._show_one(self._path)

    def _take(self, summary: Summary) -> None:
        first = self._facts is None
        self._facts = summary.facts
        self.say(summary.sentence)
        if first and self._path is None:
            if summary.only is not None:
                self._show_one(summary.only)
            else:
                gates = self.query_one("#gates", PagedTable)
                gates.browse(GatesSource(self.subject, self._node))
                gates.focus()
        self.moved()

    def _unknown(self, error: ExodslError) -> None:
        """Leave: there is no such run or unite."""
        if self._facts is None:
            host(self).back()
        self.refused(error)

    def _show_one(self, path: Sequence[int]) -> None:
        self._path = tuple(path)
        self.query_one(_Beside).add_class("-one")
        self._examine(self._path)
        self.query_one(VerdictView).table.focus()

    def _examine(self, path: Sequence[int]) -> None:
        def question(manager: StateManager) -> Verdict:
            return manager.gate(self.subject.facts(manager).run_id, self._node, path)

        self.query_one(VerdictView).examine(question)

    def on_table_moved(self, message: Table.Moved) -> None:
        """Examine the gate under the cursor."""
        if message.table.id == "gates":
            self._show_beside()

    def _show_beside(self) -> None:
        gate = self.query_one("#gates", PagedTable).current
        if gate is not None and self._path is None and self.query_one(VerdictView).display:
            self._examine(gate.path)

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open a gate, the states that it waits for, or one of them."""
        if isinstance(message.row, Blocking):
            self._open(message.row)
        else:
            host(self).go(GateLink(self.subject.run_id, self._node, message.row.path))

    def _open(self, row: Blocking) -> None:
        run_id = self.subject.run_id
        if row.state is not None:
            host(self).go(StateLink(run_id, row.state.state_id))
            return
        terms = [Term("node", "=", (row.group.identifier,)), Term("status", "=", _STATUSES[row.group.kind])]
        terms += [Term("branch", "=", (place(self._path or ()),))] * bool(self._path)
        host(self).go(RunLink(run_id, "states", " ".join(map(term_text, terms))))

    def action_states(self) -> None:
        """Show the states of the unite itself."""
        host(self).go(RunLink(self.subject.run_id, "states", term_text(Term("node", "=", (self._node,)))))

    def action_retry_dead(self) -> None:
        """Ask to retry exactly the states that keep the gate shut."""
        verdict = self.query_one(VerdictView).verdict
        if verdict is None or not verdict.dead:
            self.notify("Nothing is dead for this gate.", timeout=2)
        else:
            self.post_message(RetryStates(self.subject.run_id, verdict.dead, f"dead for the gate of {self._node}"))


def gate_columns(around: Host) -> tuple[Column[GateView], ...]:
    """Return the columns of gates."""
    signs = around.signs

    def progress(gate: GateView, width: int) -> Pieces:
        total = gate.arrived + gate.failed + gate.pruned + gate.pending
        return bar(signs, width, total=total, success=gate.arrived, failed=gate.failed, live=gate.pending)

    return (
        Column("status", "", lambda gate, _: (signs.gate(gate.status),), 1, priority=0),
        Column("place", "place", lambda gate, _: say(place(gate.path), "accent"), 10, grow=1, priority=0),
        Column("progress", "progress", progress, 10, grow=2, priority=2),
        Column("arrived", "arrived", lambda gate, _: say(brief(gate.arrived)), 7, align="right", priority=1),
        Column("live", "live", lambda gate, _: say(brief(gate.pending), "active"), 5, align="right", priority=1),
        Column("failed", "failed", lambda gate, _: say(brief(gate.failed), "bad"), 6, align="right", priority=1),
        Column("pruned", "pruned", lambda gate, _: say(brief(gate.pruned), "wait"), 6, align="right", priority=3),
    )
