"""What a template says about its nodes: parents, regions, open levels, what a node may read.

Written from semantics 4 alone, slow and plain, so that it can contradict the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from exodsl.template.models import NodeTemplate, Unites

Levels = tuple[str, ...]
"""The fanouts and per-arrival nodes that are open at some place, outermost first."""


class Layout:
    """Questions about the nodes of one template, answered by walking its edges."""

    def __init__(self, nodes: Iterable[NodeTemplate]) -> None:
        self.nodes: Mapping[str, NodeTemplate] = {node.identifier: node for node in nodes}
        self._opened: dict[str, Levels] = {}
        self._readable: dict[str, frozenset[str]] = {}

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """The parents of each node, in the order of declaration."""
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for name, node in self.nodes.items():
            for following in node.next_nodes:
                found[following].append(name)
        return {name: self.nodes[name].arrivals or tuple(those) for name, those in found.items()}

    @cached_property
    def root(self) -> str:
        """The one node that nothing comes before."""
        [root] = [name for name, those in self.parents.items() if not those]
        return root

    @cached_property
    def after(self) -> Mapping[str, frozenset[str]]:
        """All that comes after each node, however far."""
        found: dict[str, frozenset[str]] = {}

        def walk(name: str) -> frozenset[str]:
            if name not in found:
                following = self.nodes[name].next_nodes
                found[name] = frozenset(following).union(*(walk(each) for each in following))
            return found[name]

        for name in self.nodes:
            walk(name)
        return found

    def unites(self, name: str) -> Unites | None:
        """What the node unites, if it is a unite."""
        return self.nodes[name].unites

    def fans_out(self, name: str) -> bool:
        """Say whether the node gives any number of outputs."""
        return bool(self.nodes[name].fans_out)

    def is_arrival(self, name: str) -> bool:
        """Say whether the node runs once for each arrival."""
        return self.unites(name) is None and len(self.parents[name]) > 1

    def unites_of(self, name: str) -> list[str]:
        """Name the unites that wait for what this node opens."""
        return [each for each, node in self.nodes.items() if node.unites and node.unites.identifier == name]

    @cached_property
    def region(self) -> Mapping[str, frozenset[str]]:
        """What lies strictly between each unite and the node that it unites."""
        return {
            name: frozenset(each for each in self.after[what.identifier] if name in self.after[each])
            for name, node in self.nodes.items()
            if (what := node.unites)
        }

    def opened_at(self, name: str) -> Levels:
        """Name the levels that are open where the node stands."""
        if name not in self._opened:
            self._opened[name] = self._levels(name)
        return self._opened[name]

    def opened_behind(self, name: str) -> Levels:
        """Name the levels that are open behind one output of the node."""
        return (*self.opened_at(name), name) if self.fans_out(name) else self.opened_at(name)

    def _levels(self, name: str) -> Levels:
        what = self.unites(name)
        if what is not None:
            return (self.opened_behind if what.per == "output" else self.opened_at)(what.identifier)
        parents = self.parents[name]
        if not parents:
            return ()
        if len(parents) == 1:
            return self.opened_behind(parents[0])
        together = zip(*(self.opened_behind(parent) for parent in parents), strict=True)
        # Where the parents stand below different nodes, the level belongs to none of them.
        shared = [these[0] if len(set(these)) == 1 else f"{name}#{at}" for at, these in enumerate(together)]
        return (*shared, name)

    def shared(self, reader: Levels, source: str) -> int:
        """Count the levels that a place below `reader` shares with the outputs of `source`."""
        count = 0
        for here, there in zip(reader, self.opened_behind(source), strict=False):
            if here != there:
                break
            count += 1
        return count

    def is_many(self, reader: str, source: str) -> bool:
        """Say whether `reader` gets the outputs of `source` as a list."""
        return len(self.opened_behind(source)) > self.shared(self.opened_at(reader), source)

    def readable(self, name: str) -> frozenset[str]:
        """Name the nodes whose outputs the node may read."""
        if name not in self._readable:
            self._readable[name] = self._reads(name)
        return self._readable[name]

    def readable_behind(self, name: str) -> frozenset[str]:
        """Name the nodes whose outputs a child of the node may read."""
        what = self.unites(name)
        if what is None:
            return self.readable(name) | {name}
        return self.readable(what.identifier) | {what.identifier, name}

    def _reads(self, name: str) -> frozenset[str]:
        what = self.unites(name)
        if what is not None:
            return self.readable(what.identifier) | {what.identifier} | self.region[name]
        parents = self.parents[name]
        if not parents:
            return frozenset()
        common = frozenset.intersection(*(self.readable_behind(parent) for parent in parents))
        return frozenset(each for each in common if self._means_the_same(parents, each))

    def _means_the_same(self, parents: Sequence[str], source: str) -> bool:
        # One value to one parent and a list to another has no meaning for a node behind both.
        return len({self.shared(self.opened_behind(parent), source) for parent in parents}) == 1

    def counting(self, name: str, *, branch: bool) -> frozenset[str]:
        """Name the unites at which a failure or prune of the node counts; none means at the run.

        `branch` says that one output of a fanout could not be followed, not the node itself.
        """
        found: set[str] = set()

        def walk(at: str) -> None:
            for following in self.nodes[at].next_nodes:
                if self._counts_at(name, following, branch):
                    found.add(following)
                else:
                    walk(following)

        walk(name)
        return frozenset(found)

    def _counts_at(self, name: str, unite: str, branch: bool) -> bool:
        what = self.unites(unite)
        if what is None:
            return False
        if name in self.region[unite]:
            return True
        return branch and what.identifier == name and what.per == "execution"
