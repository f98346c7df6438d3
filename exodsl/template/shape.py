"""The bare shape of a graph: who follows whom (networkx lives here and in the checks)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from exodsl.template.models import GraphTemplate, NodeTemplate

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Shape:
    """Nodes and edges of a template, with the questions that every other rule asks.

    Built from any template; the properties below `roots` need an acyclic one whose next
    nodes all exist (the checks look at that first).
    """

    template: GraphTemplate

    @cached_property
    def nodes(self) -> dict[str, NodeTemplate]:
        """Every node by its identifier, in template order."""
        return {node.identifier: node for node in self.template.nodes}

    @cached_property
    def digraph(self) -> networkx.DiGraph[str]:
        """The graph for networkx; edges to unknown identifiers are left out."""
        import networkx

        graph: networkx.DiGraph[str] = networkx.DiGraph()
        graph.add_nodes_from(self.nodes)
        for node in self.template.nodes:
            graph.add_edges_from((node.identifier, name) for name in node.next_nodes if name in self.nodes)
        return graph

    @cached_property
    def repeated(self) -> tuple[str, ...]:
        """Identifiers that stand more than once in the template."""
        counts = Counter(node.identifier for node in self.template.nodes)
        return tuple(name for name, count in counts.items() if count > 1)

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The sources of the edges into each node, in the order of declaration."""
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in self.template.nodes:
            for name in node.next_nodes:
                if name in found:
                    found[name].append(node.identifier)
        return {name: _declared(self.nodes[name], sources) for name, sources in found.items()}

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Nodes that nothing leads to and that unite nothing."""
        return tuple(n for n, sources in self.parents.items() if not sources and self.nodes[n].unites is None)

    @property
    def root(self) -> str:
        """The one root of a checked template."""
        (root,) = self.roots
        return root

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Topological order, level by level, names sorted within a level."""
        sorter = TopologicalSorter[str](dict.fromkeys(self.nodes, ()))  # networkx takes a tenth of a second to load
        for node in self.template.nodes:
            for follower in node.next_nodes:
                if follower in self.nodes:
                    sorter.add(follower, node.identifier)
        sorter.prepare()
        found: list[str] = []
        while sorter.is_active():
            level = sorted(sorter.get_ready())
            sorter.done(*level)
            found += level
        return tuple(found)

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """Everything before each node."""
        return self._closure(self.order, self.parents)

    @cached_property
    def descendants(self) -> dict[str, frozenset[str]]:
        """Everything behind each node."""
        children = {name: node.next_nodes for name, node in self.nodes.items()}
        return self._closure(reversed(self.order), children)

    @staticmethod
    def _closure(order: Iterable[str], near: dict[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for name in order:
            found[name] = frozenset(near[name]).union(*(found[other] for other in near[name]))
        return found

    def region(self, unite: str) -> frozenset[str]:
        """What lies strictly between a unite and the node it unites (semantics 4)."""
        unites = self.nodes[unite].unites
        assert unites is not None
        return self.descendants[unites.identifier] & self.ancestors[unite]

    @cached_property
    def unites(self) -> tuple[str, ...]:
        """The nodes that unite, in topological order."""
        return tuple(name for name in self.order if self.nodes[name].unites is not None)

    def nearest_common_ancestor(self, sources: Iterable[str]) -> str:
        """Return the nearest node on every way from the root to each of `sources`."""
        import networkx

        dominators = networkx.immediate_dominators(self.digraph, self.root)
        chains = [self._chain(source, dominators) for source in sources]
        shared = set(chains[0]).intersection(*chains[1:])
        return next(name for name in chains[0] if name in shared)

    def _chain(self, name: str, dominators: dict[str, str]) -> list[str]:
        chain = [name]
        while name != self.root:
            name = dominators[name]
            chain.append(name)
        return chain


def _declared(node: NodeTemplate, sources: list[str]) -> tuple[str, ...]:
    if node.arrivals is None or set(node.arrivals) != set(sources):
        return tuple(sources)
    return node.arrivals
