"""One state on a screen of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from exodsl_tui.actions.aim import Aim
from exodsl_tui.keys import tab_key
from exodsl_tui.links import STATE_TABS, StateLink
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.state_detail import TITLES, StateDetail
from exodsl_tui.widgets.run_columns import graph_name
from exodsl_tui.words import short


class StateScreen(InspectorScreen):
    """A state that a link leads to."""

    HELP = "One state. Digits, `[` and `]` change tabs; enter follows a relative."
    BINDINGS: ClassVar[list[BindingType]] = [
        tab_key(number, name, TITLES[name]) for number, name in enumerate(STATE_TABS, 1)
    ]

    def __init__(self, link: StateLink) -> None:
        super().__init__()
        self._link = link

    def body(self) -> Iterable[Widget]:
        """Return the state."""
        yield StateDetail(self._link.tab)

    @property
    def detail(self) -> StateDetail:
        """What is shown of the state."""
        return self.query_one(StateDetail)

    def on_mount(self) -> None:
        """Show it."""
        self.detail.show(self._link.state)
        self.detail.focus_text()

    @property
    def link(self) -> StateLink:
        """Which state this is, and which tab is open."""
        facts = self.detail.facts
        run = self._link.run if facts is None else short(facts.run.run_id)
        return StateLink(run, self._link.state, self.detail.tab)

    @property
    def steps(self) -> tuple[str, ...]:
        """Graph, run and state."""
        facts = self.detail.facts
        if facts is None:
            return (f"run {short(self._link.run)}", f"state {self._link.state}")
        graph = graph_name(facts.run.namespace, facts.run.graph)
        return (graph, f"run {short(facts.run.run_id)}", f"{facts.state.identifier} {facts.state.state_id}")

    @property
    def aim(self) -> Aim:
        """The state, and its run."""
        facts = self.detail.facts
        if facts is None:
            return Aim()
        run = facts.run
        return Aim(run_id=run.run_id, graph=(run.namespace, run.graph), states=(self._link.state,))

    def on_state_detail_shown(self) -> None:
        """Say where this is, now that it is known."""
        self.moved()

    def action_open_tab(self, name: str) -> None:
        """Open a tab by name."""
        self.detail.open_tab(name)

    def rest(self) -> None:
        """Rest, with the state."""
        super().rest()
        self.detail.rest()

    def wake(self) -> None:
        """Go on, with the state."""
        super().wake()
        self.detail.wake()
