"""After a manual retry: which failure a gate, or a run, still stands for (semantics 4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from exodsl.database import revisions
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import FIRST
from exodsl.engine.plan import GateRef
from exodsl.engine.status import State

Spot = tuple[int, bytes] | None
"""A gate by its node and path; the run itself is `None`."""


def name_causes(connection: Any, run: RunFacts, taken: Collection[int]) -> None:
    """Let every gate and the run name a failure that still counts there, in place of one that was taken back."""
    revisions.forget_causes(connection, run.key, taken)
    gates = {(row[1] - run.node_base, row[2]): row[0] for row in revisions.gates_without_cause(connection, run.key)}
    if not gates and not revisions.lacks_cause(connection, run.key):
        return
    found: dict[Spot, int] = {}
    for cause, spots in _failures(connection, run):
        for spot in spots:
            found.setdefault(spot, cause)
    for spot, key in gates.items():
        if spot in found:
            revisions.set_gate_cause(connection, key, found[spot])
    if None in found:
        revisions.set_run_cause(connection, run.key, found[None])


def _failures(connection: Any, run: RunFacts) -> Iterator[tuple[int, list[Spot]]]:
    """Give each failure that stands, with where it counts: states first, then unites that are blocked."""
    for key, node, path, status in revisions.failures(connection, run.key):
        plan = run.plan.nodes[node - run.node_base]
        if status != State.NEXT_CREATED_ERROR:
            yield key, _spots(plan.blamed, path)
            continue
        first = plan.opens and len(path) == plan.depth
        yield key, _spots(plan.blamed_outputs, path + FIRST if first else path)
    for cause, node, path in revisions.blocked_gates(connection, run.key):
        yield cause, _spots(run.plan.nodes[node - run.node_base].blamed, path)


def _spots(refs: tuple[GateRef, ...], path: bytes) -> list[Spot]:
    found: list[Spot] = [(ref.node, path[: ref.size]) for ref in refs]
    return found or [None]
