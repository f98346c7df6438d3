"""Which states a unite unites, among those that ran in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from functools import lru_cache
from typing import Generic, TypeVar

from exodsl.engine.lineage import STEP
from exodsl.engine.reports import Claim
from exodsl.manager.protocol import StateManager
from exodsl.template.structure import Structure

T = TypeVar("T")
MOST_PARENTS = 128
"""How many parents of one unite are remembered."""
_MOST_UNITES = 1024
_KEPT_RUNS = 1024

Place = tuple[str, str, bytes]
"""Run, identifier and path of a unite's state."""


class Kinship(Generic[T]):
    """Remembers something of each state that a unite waits for, until that runs; from any thread."""

    def __init__(self, manager: StateManager) -> None:
        self._manager = manager
        self._lock = threading.Lock()
        self._found: OrderedDict[Place, list[T]] = OrderedDict()
        self._unites_behind = lru_cache(_KEPT_RUNS)(self._read_unites)

    def remember(self, claim: Claim, what: T) -> None:
        """Keep this for the unites that come next after a state."""
        for unite, size in self._unites_behind(claim.run_id).get(claim.identifier, ()):
            self._keep((claim.run_id, unite, claim.path[:size]), what)

    def parents(self, claim: Claim) -> list[T]:
        """Return, and forget, what was kept for a state; nothing unless it is one of a unite."""
        with self._lock:
            return self._found.pop((claim.run_id, claim.identifier, claim.path), [])

    def _keep(self, place: Place, what: T) -> None:
        with self._lock:
            kept = self._found.setdefault(place, [])
            if len(kept) < MOST_PARENTS:
                kept.append(what)
            if len(self._found) > _MOST_UNITES:
                self._found.popitem(last=False)

    def _read_unites(self, run_id: str) -> dict[str, list[tuple[str, int]]]:
        """Return the unites among the next nodes of each node of a run, and how long their paths are."""
        run = self._manager.run(run_id)
        structure = Structure.of(self._manager.template(run.namespace, run.graph, run.version))
        found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for unite in structure.shape.unites:
            for parent in structure.shape.parents[unite]:
                found[parent].append((unite, STEP * len(structure.levels[unite])))
        return dict(found)
