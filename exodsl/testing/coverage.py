"""Which ways through its graphs a test session took, and what it never did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any, get_args

from exodsl.api.run import Run
from exodsl.dsl.body import Body
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from exodsl.testing.ways import Kind, Way, ways_of, ways_taken

_NEVER: Mapping[Kind, str] = {
    "node": "never reached",
    "edge": "never taken",
    "retry": "never retried",
    "failure": "never failed",
    "prune": "never pruned",
    "empty": "never an empty fanout",
}
Data = dict[str, dict[str, Any]]
"""What other processes send: plain lists and texts."""


@dataclass
class GraphWays:
    """The ways of one graph; `taken` grows. A way that was taken although nothing offered it counts among all."""

    name: str
    offered: dict[Way, None]
    taken: set[Way] = field(default_factory=set[Way])

    @property
    def all(self) -> list[Way]:
        """Every way, in the order of the template."""
        return [*dict.fromkeys((*self.offered, *sorted(self.taken)))]

    def never(self, kind: Kind) -> list[str]:
        """Return where something never happened."""
        return [way.where for way in self.all if way.kind == kind and way not in self.taken]


class Coverage:
    """What the runs of a session took; graphs are told apart by the content of their templates."""

    def __init__(self) -> None:
        self._graphs: dict[str, GraphWays] = {}

    def add(self, manager: StateManager, run_id: str, template: GraphTemplate, bodies: Mapping[str, Body]) -> None:
        """Count a run that has ended; one of an earlier version says nothing of the graph as it is.

        :param template: of the graph as it is.
        :param bodies: its bodies, by node name.
        """
        view = manager.run(run_id)
        if manager.template(view.namespace, view.graph, view.version).content_hash != template.content_hash:
            return
        name = f"{template.namespace}/{template.name}"
        key = f"{name} {template.content_hash}"
        if key not in self._graphs:
            self._graphs.setdefault(key, GraphWays(name, dict.fromkeys(ways_of(template, bodies))))
        self._graphs[key].taken.update(ways_taken(Run(manager, run_id)))

    def data(self) -> Data:
        """Return all of it as plain data, for another process to merge."""
        return {
            key: {"name": one.name, "offered": [*map(tuple, one.offered)], "taken": [*map(tuple, one.taken)]}
            for key, one in self._graphs.items()
        }

    def merge(self, data: Data) -> None:
        """Add what another process has seen."""
        for key, one in data.items():
            offered = dict.fromkeys(starmap(Way, one["offered"]))
            ways = self._graphs.setdefault(key, GraphWays(one["name"], offered))
            ways.taken.update(starmap(Way, one["taken"]))

    @property
    def percent(self) -> float:
        """How many of all ways were taken, from 0 to 100; 0 where no graph was run."""
        return _percent(self._graphs.values())

    def lines(self) -> Iterator[str]:
        """Give the report: for each graph how much was taken, and what never was."""
        if not self._graphs:
            yield "no run of a graph ended in this session"
            return
        for one in sorted(self._graphs.values(), key=lambda one: one.name):
            yield f"{one.name}: {_share([one])}"
            for kind in get_args(Kind):
                missing = one.never(kind)
                if missing:
                    yield f"    {_NEVER[kind]}: {', '.join(missing)}"
        if len(self._graphs) > 1:
            yield f"all graphs: {_share(self._graphs.values())}"


def _share(graphs: Iterable[GraphWays]) -> str:
    graphs = list(graphs)
    taken, offered = sum(len(one.taken) for one in graphs), sum(len(one.all) for one in graphs)
    return f"{taken} of {offered} ways taken, {int(_percent(graphs))} %"


def _percent(graphs: Iterable[GraphWays]) -> float:
    graphs = list(graphs)
    offered = sum(len(one.all) for one in graphs)
    return 100 * sum(len(one.taken) for one in graphs) / offered if offered else 0.0
