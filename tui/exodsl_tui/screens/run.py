"""One run: its graph, its states, how it went, what failed, what it keeps, what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from exodsl.errors import ExodslError
from exodsl.manager.filter_text import term_text
from exodsl.manager.filters import Term
from exodsl.manager.inspection import Cluster
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.aim import Aim
from exodsl_tui.host import host
from exodsl_tui.keys import tab_key
from exodsl_tui.links import RUN_TABS, GateLink, RunLink, RunTab
from exodsl_tui.looking import Facts, Look, Subject
from exodsl_tui.screens.base import Pane, TabbedScreen
from exodsl_tui.screens.failures_pane import FailuresPane
from exodsl_tui.screens.graph_pane import GraphPane
from exodsl_tui.screens.info_pane import InfoPane
from exodsl_tui.screens.states_pane import StatesPane
from exodsl_tui.screens.store_pane import StorePane
from exodsl_tui.screens.timeline_pane import TimelinePane
from exodsl_tui.standing import Stand
from exodsl_tui.widgets.run_columns import graph_name
from exodsl_tui.widgets.tab_bar import Tab
from exodsl_tui.words import short

_TITLES: Mapping[RunTab, str] = {
    "graph": "Graph",
    "states": "States",
    "timeline": "Timeline",
    "failures": "Failures",
    "store": "Store",
    "info": "Info",
}


class RunScreen(TabbedScreen):
    """The screen of a run."""

    HELP = "One run. The digits open its tabs; what is open follows the run as it goes on."
    TABS: ClassVar[tuple[Tab, ...]] = tuple(Tab(name, _TITLES[name]) for name in RUN_TABS)
    BINDINGS: ClassVar[list[BindingType]] = [
        *(tab_key(number, name, _TITLES[name]) for number, name in enumerate(RUN_TABS, 1)),
    ]

    def __init__(self, link: RunLink) -> None:
        super().__init__(link.tab, link.filter)
        self.subject = Subject(link.run)
        self._facts: Facts | None = None

    def makers(self) -> Mapping[str, Callable[[], Pane]]:
        """Return what makes the pane of each tab."""
        subject = self.subject
        return {
            "graph": lambda: GraphPane(subject, self._open_node),
            "states": lambda: StatesPane(subject),
            "timeline": lambda: TimelinePane(subject),
            "failures": lambda: FailuresPane(subject, self._open_cluster),
            "store": lambda: StorePane(subject),
            "info": lambda: InfoPane(subject),
        }

    @property
    def link(self) -> RunLink:
        """Which run this is, and what of it is shown."""
        tab: RunTab = next(name for name in RUN_TABS if name == self.open_name)
        return RunLink(self.subject.run_id, tab, self.filter_text)

    @property
    def steps(self) -> tuple[str, ...]:
        """The graph and the run."""
        run = f"run {short(self.subject.run_id)}"
        return (run,) if self._facts is None else (graph_name(self._facts.run.namespace, self._facts.run.graph), run)

    @property
    def aim(self) -> Aim:
        """The run, and what the open pane is about."""
        graph = None if self._facts is None else (self._facts.run.namespace, self._facts.run.graph)
        return replace(super().aim, run_id=self.subject.run_id, graph=graph)

    def on_mount(self) -> None:
        """Follow the counts."""
        self.follow("counts", self._question, self._take, self._refused)

    def _question(self, manager: StateManager) -> tuple[Facts, Look]:
        return self.subject.facts(manager), self.subject.look(manager)

    def _take(self, answer: tuple[Facts, Look]) -> None:
        self._facts, look = answer
        nodes = look.progress.values()
        self.tab_bar.count("states", sum(node.total for node in nodes))
        self.tab_bar.count("failures", sum(node.errored + node.next_created_error for node in nodes) or None)
        self.moved()

    def _refused(self, error: ExodslError) -> None:
        """Leave: there is no such run, or more than one."""
        if self._facts is None:
            host(self).back()
        self.refused(error)

    def _open_node(self, stand: Stand) -> None:
        """Open the gates of a unite, or the states of any other node."""
        if stand.is_unite and stand.gates is not None:
            host(self).go(GateLink(self.subject.run_id, stand.name))
        else:
            self.open_tab("states", term_text(Term("node", "=", (stand.name,))))

    def _open_cluster(self, cluster: Cluster) -> None:
        """Open the states of a cluster of failures."""
        self.open_tab("states")
        pane = self.pane
        if isinstance(pane, StatesPane):
            pane.narrow_to(cluster)
