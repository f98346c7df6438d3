"""What follows from a graph's shape: lineage, regions, gates, and who may read what (semantics 4).

Lineage. Every state has a path: one step for each fanout, or per-arrival node, that is still
open above it. `levels` names what opened each step, so `len(levels)` is the depth of a
node. A unite closes what it unites: it stands at the depth of the node it unites.

Reading. For each node and each ancestor it may read, `reads` says how many steps of the
lineage the two surely share. When they share all the steps of the ancestor's outputs, only one
state can exist and the value is single; otherwise it is a list.

Gates. `counted` says at which open unites a live state of a node holds its place; `blamed`
where its failure counts. Empty means: at the run itself, which is the outermost gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from exodsl.template.models import GraphTemplate, NodeTemplate
from exodsl.template.shape import Shape


class Role(Enum):
    """How states of a node come to be."""

    PLAIN = "plain"
    """One for each output of its only parent (or the root's single one)."""
    ARRIVAL = "arrival"
    """One for each output of each of its parents."""
    UNITE = "unite"
    """One for each execution, or output, of the node it unites."""


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a lineage: the node whose fanout, or arrival, it counts."""

    opener: str
    declared: bool
    """False for a node that does not say whether it fans out: one output is then no list."""


Levels = tuple[Level, ...]


@dataclass(frozen=True)
class Structure:
    """Everything derived from a template that passed the checks on its shape and unites."""

    shape: Shape

    @classmethod
    def of(cls, template: GraphTemplate) -> Structure:
        """Derive the structure of a checked template."""
        return cls(Shape(template))

    @property
    def nodes(self) -> dict[str, NodeTemplate]:
        """Every node by its identifier."""
        return self.shape.nodes

    def role(self, name: str) -> Role:
        """Return how states of this node come to be."""
        if self.nodes[name].unites is not None:
            return Role.UNITE
        return Role.ARRIVAL if len(self.shape.parents[name]) > 1 else Role.PLAIN

    def opens(self, name: str) -> bool:
        """Say whether outputs of this node add a step to the lineage."""
        return self.nodes[name].fans_out is not False

    @cached_property
    def levels(self) -> dict[str, Levels]:
        """The steps of the lineage of each node's states."""
        found: dict[str, Levels] = {}
        for name in self.shape.order:
            found[name] = self._levels(name, found)
        return found

    def _levels(self, name: str, above: dict[str, Levels]) -> Levels:
        unites = self.nodes[name].unites
        if unites is not None:
            source = unites.identifier
            return above[source] if unites.per == "execution" else self._behind(source, above)
        parents = self.shape.parents[name]
        if not parents:
            return ()
        behind = self._behind(parents[0], above)
        return (*behind, Level(name, declared=True)) if len(parents) > 1 else behind

    def _behind(self, name: str, above: dict[str, Levels]) -> Levels:
        if not self.opens(name):
            return above[name]
        return (*above[name], Level(name, declared=self.nodes[name].fans_out is not None))

    @cached_property
    def outputs_levels(self) -> dict[str, Levels]:
        """The steps of the lineage of each node's outputs: its own fanout included."""
        return {name: self._behind(name, self.levels) for name in self.shape.order}

    @cached_property
    def regions(self) -> dict[str, frozenset[str]]:
        """For each unite, what lies strictly between it and the node it unites."""
        return {name: self.shape.region(name) for name in self.shape.unites}

    @cached_property
    def enclosing(self) -> dict[str, tuple[str, ...]]:
        """For each node, the unites that have it in their region, in topological order."""
        return {
            name: tuple(unite for unite, region in self.regions.items() if name in region) for name in self.shape.order
        }

    @cached_property
    def counted(self) -> dict[str, tuple[str, ...]]:
        """For each node, the innermost unites that wait for its states."""
        return {
            name: tuple(u for u in unites if not any(inner in self.regions[u] for inner in unites))
            for name, unites in self.enclosing.items()
        }

    @cached_property
    def blamed(self) -> dict[str, tuple[str, ...]]:
        """For each node, the unites at which its failure counts."""
        return {name: self._reached(name, frozenset(unites)) for name, unites in self.enclosing.items()}

    @cached_property
    def blamed_outputs(self) -> dict[str, tuple[str, ...]]:
        """For each node, the unites at which one of its outputs counts if it cannot be followed.

        A node that fans out has opened its own unites by then, so a lost output is one failed branch there.
        """
        found: dict[str, tuple[str, ...]] = {}
        for name, unites in self.enclosing.items():
            own = self.opened_by(name) if self.opens(name) else ()
            found[name] = self._reached(name, frozenset({*unites, *own}))
        return found

    def opened_by(self, name: str) -> tuple[str, ...]:
        """Return the unites that wait for one execution of this node."""
        wanted = ((unite, self.nodes[unite].unites) for unite in self.shape.unites)
        return tuple(unite for unite, u in wanted if u and u.identifier == name and u.per == "execution")

    def _reached(self, name: str, unites: frozenset[str]) -> tuple[str, ...]:
        if not unites:
            return ()
        seen, found, ahead = {name}, set[str](), [name]
        while ahead:
            for child in self.nodes[ahead.pop()].next_nodes:
                if child in unites:
                    found.add(child)
                elif child not in seen:
                    seen.add(child)
                    ahead.append(child)
        return tuple(unite for unite in self.shape.unites if unite in found)

    @cached_property
    def reads(self) -> dict[str, dict[str, int]]:
        """For each node, what it may read, and how many steps of the lineage both share."""
        found: dict[str, dict[str, int]] = {}
        for name in self.shape.order:
            found[name] = self._reads(name, found)
        return found

    def _reads(self, name: str, above: dict[str, dict[str, int]]) -> dict[str, int]:
        unites = self.nodes[name].unites
        if unites is not None:
            shared = len(self.levels[name])
            within = dict.fromkeys(self.regions[name], shared)
            return {**above[unites.identifier], unites.identifier: shared, **within}
        passed = [self._passes_on(parent, above) for parent in self.shape.parents[name]]
        if not passed:
            return {}
        # On every way it must be the same value, or the same list.
        return dict(set(passed[0].items()).intersection(*(way.items() for way in passed[1:])))

    def _passes_on(self, name: str, above: dict[str, dict[str, int]]) -> dict[str, int]:
        unites = self.nodes[name].unites
        own = {name: len(self.outputs_levels[name])}
        if unites is None:
            return {**above[name], **own}
        before = {other: above[name][other] for other in (*above[unites.identifier], unites.identifier)}
        return {**before, **own}

    def many(self, reader: str, source: str) -> bool:
        """Say whether `reader` finds a list of values of `source`, not a single one."""
        return self.reads[reader][source] < len(self.outputs_levels[source])

    def sure_list(self, reader: str, source: str) -> bool:
        """Say whether that list is a list even when it holds exactly one value."""
        return any(level.declared for level in self.outputs_levels[source][self.reads[reader][source] :])
