"""Counts how many of the drawn graphs had what: a random test is worth what it reaches."""

from __future__ import annotations

from collections import Counter

from tests.properties.interpreter import FAILURES, World
from tests.properties.layout import Layout

KINDS = (
    "nested unites",
    "empty fanouts",
    "prunes under ALL_SUCCESS",
    "prunes under ALL_DONE",
    "failures under ALL_SUCCESS",
    "failures under ALL_DONE",
    "joins per output",
    "per-arrival nodes",
)
"""What at least one graph in ten must have."""

ALSO = (
    "nested fanouts",
    "unites of one node sharing nodes",
    "side branches",
    "retries",
    "NEXT_CREATED_ERROR",
    "unites born PRUNED",
    "unites born ERRORED",
    "failed runs",
    "failures that leave a run SUCCESS",
)


class Census:
    """The counts of one session."""

    def __init__(self) -> None:
        self.graphs = 0
        self.refused = 0
        self.states = 0
        self.counts: Counter[str] = Counter()

    def add(self, world: World) -> None:
        """Count one run that was played to its end."""
        self.graphs += 1
        self.states += len(world.states)
        self.counts.update({*_drawn(world.layout), *_reached(world), *_counted(world)})

    def share(self, kind: str) -> float:
        """Return the share of graphs that had something."""
        return self.counts[kind] / self.graphs if self.graphs else 0.0

    def rare(self, least: float) -> list[str]:
        """Name the kinds that fewer graphs had than this share."""
        return [kind for kind in KINDS if self.share(kind) < least]

    def __str__(self) -> str:
        lines = [f"  {kind:36} {self.counts[kind]:6} {self.share(kind):6.1%}" for kind in (*KINDS, *ALSO)]
        return "\n".join([f"{self.graphs} graphs, {self.states} states, {self.refused} refused by the checks", *lines])


def _drawn(layout: Layout) -> set[str]:
    found = set()
    regions = layout.region
    if any(inner in region for region in regions.values() for inner in regions):
        found.add("nested unites")
    if any(layout.fans_out(name) and layout.opened_at(name) for name in layout.nodes):
        found.add("nested fanouts")
    for one in regions:
        for other in layout.unites_of(layout.nodes[one].unites.identifier):  # type: ignore[union-attr]
            if one < other and regions[one] & regions[other]:
                found.add("unites of one node sharing nodes")
    for unite, region in regions.items():
        opener = layout.nodes[unite].unites.identifier  # type: ignore[union-attr]
        if layout.after[opener] - region - layout.after[unite] - {unite}:
            found.add("side branches")
    return found


def _reached(world: World) -> set[str]:
    found = set()
    if world.outcome().status == "FAILED":
        found.add("failed runs")
    elif any(state.row.status in FAILURES for state in world.states):
        found.add("failures that leave a run SUCCESS")
    for state in world.states:
        what = world.layout.unites(state.identifier)
        if what and what.per == "output":
            found.add("joins per output")
        if world.layout.is_arrival(state.identifier):
            found.add("per-arrival nodes")
        if state.row.status == "RETRY_CREATED":
            found.add("retries")
        if state.row.status == "NEXT_CREATED_ERROR":
            found.add("NEXT_CREATED_ERROR")
        if state.row.status == "SUCCESS" and state.row.outputs is None:
            found.add("empty fanouts")
        if state.row.inputs is None:
            found.add(f"unites born {state.row.status}")
    return found


def _counted(world: World) -> set[str]:
    found = set()
    for gate in world.opened:
        strategy = world.layout.nodes[gate.unite].unites.strategy  # type: ignore[union-attr]
        if world.counted(gate, ("PRUNED",)):
            found.add(f"prunes under {strategy}")
        if world.counted(gate, FAILURES):
            found.add(f"failures under {strategy}")
    return found
