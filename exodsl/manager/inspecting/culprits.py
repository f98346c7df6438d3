"""Whose value a unite lacks: the states that ended in its stead, found by the chain that the engine follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from exodsl.database import doctor, reads
from exodsl.engine.closing import Closing, closing
from exodsl.engine.facts import GateFacts, Known, RunFacts, StateKey, branch, place, places_above
from exodsl.engine.plan import NodePlan, Read
from exodsl.engine.status import State

Dead = tuple[int, int, State]
"""A state that is to be retried: its node, its key, and how it ended."""
_LIVE = (State.CREATED, State.QUEUED, State.EXECUTED)
_BAD = (State.ERRORED, State.PRUNED, State.NEXT_CREATED_ERROR)


class Culprits:
    """Judges unites by what they would read now, inside one read.

    Only single values are looked at: a list is taken for complete, as it may have very many items.
    """

    def __init__(self, connection: Any, run: RunFacts) -> None:
        self._connection = connection
        self._run = run
        self._endings: dict[StateKey, tuple[State, int]] = {}

    def closing(self, gate: GateFacts) -> Closing:
        """Return how a gate would close now."""
        if gate.node.stores:
            store = reads.stores(self._connection, [self._run.key])[self._run.key]
            gate = replace(gate, run=replace(self._run, store=store))
        return closing(gate, self._known(gate))

    def of(self, node: NodePlan, path: bytes) -> list[Dead]:
        """Return the states whose retry would give a unite the single values that it lacks for good."""
        gate = GateFacts(0, self._run, node, path, 0, 0, None)
        found: list[Dead] = []
        for where, (status, key) in self._ends_instead(gate, self.closing(gate)):
            source = self._run.plan.nodes[where[1]]
            if status not in _BAD:
                continue
            deeper = self.of(source, where[2]) if self._is_born_ended(source, key) else []
            found += deeper or [(source.index, key, status)]
        return found

    def still_comes(self, gate: GateFacts, found: Closing) -> bool:
        """Say whether something that a gate would lack now is still on its way."""
        return any(status in _LIVE for _, (status, _) in self._ends_instead(gate, found))

    def _ends_instead(self, gate: GateFacts, found: Closing) -> Iterator[tuple[StateKey, tuple[State, int]]]:
        """Give for each missing value the state of its chain that is there: its own, or the one above that ended."""
        for item in found.missing:
            chain = places_above(gate, item.read) if item.read is not None else []
            ends = next(((where, self._endings[where]) for where in chain if where in self._endings), None)
            if ends is not None:
                yield ends

    def _is_born_ended(self, node: NodePlan, key: int) -> bool:
        return node.source is not None and doctor.is_born_ended(self._connection, key)

    def _known(self, gate: GateFacts) -> Known:
        wanted = gate.node.unite_reads
        known = Known()
        known.branch.update((branch(gate.run, read, gate.path), []) for read in wanted if read.many)
        single = {read: place(gate.run, read, gate.path) for read in wanted if not read.many}
        for run, node, path, outputs in reads.single_outputs(self._connection, self._stored(single.values())):
            known.single[run, node - gate.run.node_base, path] = from_json(outputs)
        known.endings = self._look_up(gate, [read for read, where in single.items() if where not in known.single])
        return known

    def _look_up(self, gate: GateFacts, absent: list[Read]) -> dict[StateKey, State]:
        places = list(dict.fromkeys(where for read in absent for where in places_above(gate, read)))
        rows = doctor.latest(self._connection, self._stored(places))
        base = gate.run.node_base
        found = {(gate.run.key, node - base, path): ending for (node, path), ending in rows.items()}
        self._endings.update(found)
        return {where: status for where, (status, _) in found.items()}

    def _stored(self, places: Iterable[StateKey]) -> list[reads.Place]:
        return [(run, self._run.node_base + node, path) for run, node, path in places]
