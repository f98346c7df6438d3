"""Starting a run, and what there is to choose from before: graphs, and earlier runs of one."""

from __future__ import annotations

from exodsl.manager.filters import RunFilter, Term
from exodsl.manager.protocol import StateManager, Trigger
from exodsl_tui.actions.form import EARLIER
from exodsl_tui.actions.work import Job, Outcome, Watch
from exodsl_tui.links import RunLink
from exodsl_tui.words import short

MOST_GRAPHS = 1_000


def start(wish: Trigger) -> Job[Outcome]:
    """Return what starts a run."""

    def do(manager: StateManager, _watch: Watch) -> Outcome:
        run_id = manager.trigger([wish])[0]
        return Outcome(f"run {short(run_id)} of {wish.graph} is on its way", link=RunLink(run_id))

    return do


def graphs(manager: StateManager) -> list[tuple[str, str]]:
    """Return the graphs that there are, by namespace and name."""
    return [(graph.namespace, graph.name) for graph in manager.graphs(limit=MOST_GRAPHS).items]


def earlier_runs(manager: StateManager, graph: tuple[str, str]) -> list[str]:
    """Return the ids of a graph's last runs, the newest first."""
    terms = (Term("namespace", "=", (graph[0],)), Term("graph", "=", (graph[1],)))
    return [run.run_id for run in manager.find_runs(RunFilter(terms), limit=EARLIER).items]
