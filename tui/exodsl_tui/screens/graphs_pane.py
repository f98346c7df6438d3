"""The graphs of a database: their newest version, and how their runs stand."""

from __future__ import annotations

from collections.abc import Sequence

from exodsl.manager.inspection import GraphSummary
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.aim import Aim
from exodsl_tui.host import Host, host
from exodsl_tui.links import HomeLink
from exodsl_tui.screens.whole_list_pane import WholeListPane
from exodsl_tui.signs import RUNS, Pieces
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.run_columns import graph_name
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import ago, brief, say, short

MOST = 1_000
"""Graphs that are listed."""


class GraphsPane(WholeListPane[GraphSummary]):
    """The list of graphs."""

    NEEDS_ME = "failed"
    NOUN = ("graph", "graphs")
    HELP = "Graphs, each in its newest version. Enter shows its runs; a filter looks for parts of names."

    def make_table(self) -> Table[GraphSummary]:
        """Make the table."""
        around = host(self)
        return Table(
            _columns(around),
            lambda graph: (graph.namespace, graph.name),
            signs=around.signs,
            failed=self.needs_me,
            empty="no graphs yet: `exodsl run FILE.py` or `exodsl runtime FILE.py` stores one",
        )

    @property
    def aim(self) -> Aim:
        """The graph under the cursor."""
        graph = self.table.current
        return Aim() if graph is None else Aim(graph=(graph.namespace, graph.name))

    def read(self, manager: StateManager) -> Sequence[GraphSummary]:
        """Return the graphs; in the reader's thread."""
        return manager.graphs(limit=MOST).items

    def named(self, row: GraphSummary) -> str:
        """Return the name of a graph."""
        return graph_name(row.namespace, row.name)

    def needs_me(self, row: GraphSummary) -> bool:
        """Say whether runs of a graph failed."""
        return bool(row.runs.get("FAILED"))

    def on_table_picked(self, message: Table.Picked) -> None:
        """Show the runs of the graph."""
        graph: GraphSummary = message.row
        namespace = "" if graph.namespace == "default" else f" namespace:{_quoted(graph.namespace)}"
        host(self).go(HomeLink("runs", f"graph:{_quoted(graph.name)}{namespace}"))


def _quoted(name: str) -> str:
    return f'"{name}"' if any(not (char.isalnum() or char in "-_.") for char in name) else name


def _columns(around: Host) -> tuple[Column[GraphSummary], ...]:
    signs = around.signs

    def runs(graph: GraphSummary, _width: int) -> Pieces:
        """How many runs there are by status: `✓12 ✗3 ◔1`."""
        pieces: Pieces = ()
        for status, count in sorted(graph.runs.items(), key=lambda run: [*RUNS].index(run[0])):
            sign, tone = signs.run(status)
            pieces = (*pieces, (f"{sign}{brief(count)} ", tone))
        return pieces or say("never run", "dim")

    def last(graph: GraphSummary, _width: int) -> Pieces:
        return say("-", "dim") if graph.last_run is None else say(short(graph.last_run), "accent")

    def name(graph: GraphSummary, _width: int) -> Pieces:
        return say(graph_name(graph.namespace, graph.name))

    return (
        Column("graph", "graph", name, 16, 3, priority=0, order=lambda graph: (graph.namespace, graph.name)),
        Column("version", "ver", lambda graph, _: say(f"v{graph.version}", "dim"), 4, priority=3),
        Column(
            "nodes",
            "nodes",
            lambda graph, _: say(str(graph.nodes)),
            5,
            priority=4,
            align="right",
            order=lambda graph: graph.nodes,
        ),
        Column("runs", "runs", runs, 16, 2, priority=0, order=lambda graph: sum(graph.runs.values())),
        Column("last", "last run", last, 8, priority=2),
        Column(
            "stored",
            "stored",
            lambda graph, _: say(ago(graph.created_at, around.now()), "dim"),
            6,
            priority=5,
            align="right",
            order=lambda graph: graph.created_at,
        ),
    )
