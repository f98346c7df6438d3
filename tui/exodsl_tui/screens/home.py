"""What is in a database: its runs, graphs, schedules and nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.binding import BindingType

from exodsl_tui.keys import tab_key
from exodsl_tui.links import HOME_TABS, HomeLink, HomeTab, tab_named
from exodsl_tui.screens.base import Pane, TabbedScreen
from exodsl_tui.screens.runs_pane import RunsPane
from exodsl_tui.widgets.tab_bar import Tab

_TITLES: Mapping[HomeTab, str] = {"runs": "Runs", "graphs": "Graphs", "schedules": "Schedules", "nodes": "Nodes"}


def _graphs() -> Pane:
    from exodsl_tui.screens.graphs_pane import GraphsPane

    return GraphsPane()


def _schedules() -> Pane:
    from exodsl_tui.screens.schedules_pane import SchedulesPane

    return SchedulesPane()


def _nodes() -> Pane:
    from exodsl_tui.screens.nodes_pane import NodesPane

    return NodesPane()


class HomeScreen(TabbedScreen):
    """The first screen."""

    HELP = "What is in this database. Each tab is a list; enter opens what the cursor is on."
    TABS: ClassVar[tuple[Tab, ...]] = tuple(Tab(name, _TITLES[name]) for name in HOME_TABS)
    BINDINGS: ClassVar[list[BindingType]] = [
        *(tab_key(number, name, _TITLES[name]) for number, name in enumerate(HOME_TABS, 1)),
    ]

    def __init__(self, link: HomeLink) -> None:
        super().__init__(link.tab, link.filter)

    def makers(self) -> Mapping[str, Callable[[], Pane]]:
        """Return what makes the pane of each tab."""
        return {"runs": RunsPane, "graphs": _graphs, "schedules": _schedules, "nodes": _nodes}

    @property
    def link(self) -> HomeLink:
        """Which list this is."""
        return HomeLink(tab_named(HOME_TABS, self.open_name) or "runs", self.filter_text)

    @property
    def steps(self) -> tuple[str, ...]:
        """The list."""
        return (self.open_name,)
