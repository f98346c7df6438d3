"""Everything about one state, in tabs: beside a list of states, or on a screen of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from exodsl.errors import ExodslError, InputInvalid
from exodsl.manager.inspection import StateSummary
from exodsl.manager.views import GateView
from exodsl_tui import state_facts
from exodsl_tui.actions.files import check_new, complete_path, write_new
from exodsl_tui.asking import Asking
from exodsl_tui.host import Host, host
from exodsl_tui.keys import TAB_KEYS
from exodsl_tui.links import STATE_TABS, GateLink, StateLink, StateTab
from exodsl_tui.screens.prompt import Prompt
from exodsl_tui.signs import GATES, STATES, Piece, Pieces, word
from exodsl_tui.state_facts import Around, StateFacts
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.widgets.tab_bar import Tab, TabBar
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import place, pretty, say, took

TITLES: Mapping[StateTab, str] = {
    "inputs": "Inputs",
    "outputs": "Outputs",
    "error": "Error",
    "attempts": "Attempts",
    "relatives": "Relatives",
    "log": "Log",
    "raw": "Raw",
}


@dataclass(frozen=True, slots=True)
class Relative:
    """A state that made this one, that this one made, or a gate it lies before."""

    kind: str
    what: StateSummary | GateView


class StateDetail(Asking, Widget):
    """One state; `show` names another, and what is shown follows the database.

    :param tab: what to open first; without it the error of a failed state, else its inputs.
    """

    HELP = "One state. `[` and `]` change tabs, x unfolds library frames, w writes a value to a file."
    DEFAULT_CSS = """
    StateDetail { height: 1fr; layout: vertical; }
    StateDetail > #head { height: auto; max-height: 6; background: $background; }
    StateDetail > Table { display: none; }
    StateDetail.-relatives > Table { display: block; }
    StateDetail.-relatives > #text { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *TAB_KEYS,
        Binding("x", "unfold", "Fold or unfold libraries", show=False, id="state.unfold"),
        Binding("w", "write", "Write to a file", id="state.write"),
    ]

    class Shown(Message):
        """A state was read, or another tab opened."""

    def __init__(self, tab: StateTab | None = None, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.facts: StateFacts | None = None
        self.tab: StateTab = tab or "inputs"
        self._chosen = tab is not None
        self._state_id: int | None = None
        self._unfolded = False

    def compose(self) -> ComposeResult:
        """The head, the tabs, and what they show."""
        around = host(self)
        yield Lines(id="head")
        yield TabBar(tuple(Tab(name, TITLES[name]) for name in STATE_TABS), numbered=False, id="state-tabs")
        yield Lines(id="text")
        yield Table(_columns(around), _key, signs=around.signs, empty="nothing before or behind it", id="relatives")

    def on_mount(self) -> None:
        """The head scrolls with nothing, and needs no focus."""
        self.query_one("#head", Lines).can_focus = False
        self.set_interval(1.0, self._draw)

    # What is shown

    def show(self, state_id: int | None) -> None:
        """Show another state, or none."""
        if state_id == self._state_id:
            return
        self._state_id, self._unfolded = state_id, False
        if state_id is None:
            self.unfollow("state")
            self._take(None)
        else:
            self.follow("state", partial(state_facts.read_state, state_id=state_id), self._take, self._refuse)

    def _take(self, facts: StateFacts | None) -> None:
        if facts is not None and facts.state.state_id != self._state_id:
            return
        if facts is not None and not self._chosen:
            self.tab = "error" if facts.state.error is not None else "inputs"
        self.facts = facts
        self._draw()
        self.post_message(self.Shown())

    def _refuse(self, error: ExodslError) -> None:
        self.facts = None
        self.query_one("#head", Lines).show([say(str(error), "bad")])
        self.query_one("#text", Lines).show([])

    def open_tab(self, name: str) -> None:
        """Open a tab by name."""
        self.tab = next(tab for tab in STATE_TABS if tab == name)
        self._chosen = True
        self._draw()
        text = self.query_one("#text", Lines)
        text.scroll_home(animate=False)
        if self.has_focus_within:
            (self.query_one(Table) if self.tab == "relatives" else text).focus()
        self.post_message(self.Shown())

    def focus_text(self) -> None:
        """Give what the open tab shows the focus."""
        (self.query_one(Table) if self.tab == "relatives" else self.query_one("#text", Lines)).focus()

    def action_open_tab(self, name: str) -> None:
        """Open a tab by name."""
        self.open_tab(name)

    def action_next_tab(self, by: int) -> None:
        """Open the tab beside this one."""
        self.open_tab(self.query_one(TabBar).next(by))

    def on_tab_bar_chosen(self, message: TabBar.Chosen) -> None:
        """Open the tab that was clicked."""
        message.stop()
        self.open_tab(message.name)

    def action_unfold(self) -> None:
        """Show the frames of libraries, or fold them."""
        self._unfolded = not self._unfolded
        self._draw()

    # Drawing

    def _draw(self) -> None:
        bar = self.query_one(TabBar)
        bar.show(self.tab)
        self.set_class(self.tab == "relatives", "-relatives")
        facts = self.facts
        if facts is None:
            self.query_one("#head", Lines).show([])
            self.query_one("#text", Lines).show([])
            self.query_one(Table).show([])
            for name in ("attempts", "relatives", "log"):
                bar.count(name, None)
            return
        app = host(self)
        around = Around(app.signs, app.now(), app.zone)
        self.query_one("#head", Lines).show(state_facts.head_lines(facts, around))
        relatives = relatives_of(facts)
        bar.count("attempts", len(facts.relatives.attempts) if len(facts.relatives.attempts) > 1 else None)
        bar.count("relatives", len(relatives) or None)
        bar.count("log", len(facts.notes.lines) or None)
        if self.tab == "relatives":
            self.query_one(Table).show(relatives)
        else:
            self.query_one("#text", Lines).show(self._lines(facts, around))

    def _lines(self, facts: StateFacts, around: Around) -> list[Pieces]:
        if self.tab == "error":
            return state_facts.error_lines(facts, around, unfolded=self._unfolded)
        return _TEXTS[self.tab](facts, around)

    # Following, writing

    def on_table_picked(self, message: Table.Picked) -> None:
        """Go to a relative."""
        message.stop()
        relative: Relative = message.row
        assert self.facts is not None
        run = self.facts.state.run_id
        if isinstance(relative.what, GateView):
            host(self).go(GateLink(run, relative.what.identifier, relative.what.path))
        else:
            host(self).go(StateLink(run, relative.what.state_id))

    def on_table_moved(self, message: Table.Moved) -> None:
        """Keep the list around from taking this for its own."""
        message.stop()

    def action_write(self) -> None:
        """Ask for a file, and write what the tab shows into it."""
        facts = self.facts
        if facts is None:
            return
        value = _values(facts)[self.tab]
        prompt = Prompt("w", f"state-{facts.state.state_id}-{self.tab}.json", check=check_new, complete=complete_path)
        self.app.push_screen(prompt, partial(self._write, value))

    def _write(self, value: Any, path: str | None) -> None:
        if path is None:
            return
        text = value if isinstance(value, str) else pretty(value)
        try:
            write_new(Path(path).expanduser(), f"{text}\n")
        except InputInvalid as error:
            self.refused(error)
        else:
            self.notify(f"Written: {path}", markup=False, timeout=3)


def _values(facts: StateFacts) -> Mapping[StateTab, Any]:
    """Return what each tab writes to a file."""
    state = facts.state
    return {
        "inputs": state.inputs,
        "outputs": state.outputs if state.data is None else state.data,
        "error": "" if state.error is None else state.error.traceback or f"{state.error.name}: {state.error.message}",
        "attempts": [state_facts.raw_attempt(one) for one in facts.attempts or (state,)],
        "relatives": [_key(relative)[1] for relative in relatives_of(facts)],
        "log": "\n".join(f"{line.at.isoformat()} {line.level} {line.message}" for line in facts.notes.lines),
        "raw": state_facts.raw_value(facts),
    }


_TEXTS: Mapping[StateTab, Callable[[StateFacts, Around], list[Pieces]]] = {
    "inputs": state_facts.input_lines,
    "outputs": state_facts.output_lines,
    "attempts": state_facts.attempt_lines,
    "log": state_facts.log_lines,
    "raw": state_facts.raw_lines,
}


def relatives_of(facts: StateFacts) -> list[Relative]:
    """Return what made a state, what it made, and the gates it lies before, in that order."""
    around = facts.relatives
    return [
        *(Relative("parent", state) for state in around.parents),
        *(Relative("child", state) for state in around.children),
        *(Relative("gate", gate) for gate in around.gates),
    ]


def _key(relative: Relative) -> tuple[str, int | str]:
    what = relative.what
    if isinstance(what, GateView):
        return relative.kind, f"{what.identifier} {place(what.path)}"
    return relative.kind, what.state_id


def _columns(around: Host) -> tuple[Column[Relative], ...]:
    def status(relative: Relative, _width: int) -> Pieces:
        what = relative.what
        sign: Piece = around.signs.gate(what.status) if isinstance(what, GateView) else around.signs.state(what.status)
        said = word(GATES, what.status) if isinstance(what, GateView) else word(STATES, what.status)
        return (sign, (f" {said}", ""))

    def identity(relative: Relative, _width: int) -> Pieces:
        what = relative.what
        return say("" if isinstance(what, GateView) else str(what.state_id), "accent")

    def where(relative: Relative, _width: int) -> Pieces:
        what = relative.what
        return say(place(what.path) if isinstance(what, GateView) else place(what.path, what.fanout_index))

    def lasted(relative: Relative, _width: int) -> Pieces:
        what = relative.what
        if isinstance(what, GateView):
            return say(f"{what.arrived} in", "dim")
        return say(took(what.started_at, what.finished_at, around.now()))

    return (
        Column("kind", "", lambda relative, _: say(relative.kind, "dim"), 6, priority=0),
        Column("state", "state", identity, 7, priority=1),
        Column("node", "node", lambda relative, _: say(relative.what.identifier), 12, 2, priority=0),
        Column("place", "place", where, 6, 1, priority=3),
        Column("status", "status", status, 12, 1, priority=2),
        Column("took", "took", lasted, 6, priority=4, align="right"),
    )
