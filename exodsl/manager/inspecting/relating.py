"""Where a state comes from and what came of it: found by lineage, never by a walk (semantics 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exodsl.database import browse
from exodsl.database.summaries import summaries
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import FIRST, original
from exodsl.engine.plan import NodePlan
from exodsl.engine.status import State
from exodsl.manager.cursors import check_limit
from exodsl.manager.inspecting.summaries import summary
from exodsl.manager.inspection import Relatives, StateSummary
from exodsl.manager.viewing import Viewing, gate_view
from exodsl.manager.views import GateView


class Relating(Viewing):
    """Relates states; see `Inspection` for each call."""

    def relatives(self, state_id: int, *, limit: int = 50) -> Relatives:
        """Return where a state comes from and what came of it; see `Inspection.relatives`."""
        check_limit(limit)
        with self._db.reading() as connection:
            row = self._state_row(connection, state_id)
            run = self._shelf.run(connection, row[1])
            family = _Family(connection, run, run.plan.nodes[row[2] - run.node_base], row[3], State(row[6]), state_id)
            parents, total = family.parents(limit)
            return Relatives(
                attempts=family.shown(family.attempts(limit)),
                parents=family.shown(parents),
                parents_total=total,
                children=family.shown(family.children()[:limit]),
                gates=family.gates(),
            )


@dataclass(frozen=True, slots=True)
class _Family:
    """One state among the others of its run, within one read."""

    connection: Any
    run: RunFacts
    node: NodePlan
    path: bytes
    status: State
    key: int

    def attempts(self, limit: int) -> list[int]:
        """Return the newest states of its place, the first attempt first."""
        return browse.attempts_at(self.connection, *self._at(self.node.index, self.path), limit)[::-1]

    def parents(self, limit: int) -> tuple[list[int], int]:
        """Return the first states that made it, and how many did."""
        if self.node.source is None:
            parent, _ = browse.lineage_of(self.connection, self.key)
            return ([], 0) if parent is None else ([parent], 1)
        prefix = self.path[: self.node.depth]
        found: list[int] = []
        for source in self.run.plan.nodes:
            if any(ref.node == self.node.index for ref in source.reaches) and len(found) < limit:
                found += self._arrived(source, prefix, limit - len(found))
        gate = browse.gate_at(self.connection, *self._at(self.node.index, prefix))
        return found, len(found) if gate is None else gate[4]

    def children(self) -> list[int]:
        """Return the states that its output made: one of each next node, and of each unite that went ahead."""
        _, gave = browse.lineage_of(self.connection, self.key)
        if self.status is not State.SUCCESS or not gave:
            return []
        return [key for where in self._places_behind() for key in browse.attempts_at(self.connection, *where, 1)]

    def gates(self) -> tuple[GateView, ...]:
        """Return the gates that have it in their region, the innermost first."""
        enclosing = sorted(self.node.enclosing, key=lambda ref: (-ref.size, ref.node))
        rows = [browse.gate_at(self.connection, *self._at(ref.node, self.path[: ref.size])) for ref in enclosing]
        return tuple(gate_view(self.run, row) for row in rows if row is not None)

    def shown(self, keys: list[int]) -> tuple[StateSummary, ...]:
        """Return states in short."""
        return tuple(summary(self.run, row) for row in summaries(self.connection, keys))

    def _arrived(self, source: NodePlan, prefix: bytes, limit: int) -> list[int]:
        """Return the states of a node whose outputs a unite collected: for one output, that which holds it."""
        if len(prefix) > source.depth:
            return browse.attempts_at(self.connection, *self._at(source.index, original(prefix)), 1)
        return browse.arrived_of(self.connection, *self._at(source.index, prefix), limit)

    def _places_behind(self) -> Iterator[tuple[int, int, bytes]]:
        holds_first = self.node.opens and len(self.path) == self.node.depth
        output = self.path + FIRST if holds_first else self.path
        for follower in self.node.followers:
            yield self._at(follower.node, output + follower.arrival)
        for ref in self.node.reaches:
            yield self._at(ref.node, output[: ref.size])

    def _at(self, index: int, path: bytes) -> tuple[int, int, bytes]:
        return self.run.key, self.run.node_base + index, path
