"""What the engine is told before it decides: runs, claimed states, gates, and values that were read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from exodsl.engine.lineage import original
from exodsl.engine.plan import NodePlan, Plan, Read
from exodsl.engine.reports import Usage
from exodsl.engine.status import State

Outputs = dict[str, Any]
StateKey = tuple[int, int, bytes]
"""Run, node, path."""


@dataclass(slots=True)
class RunFacts:
    """One run: its plan, its inputs, and (when somebody needs it) its store.

    In a `revised` one states were retried by hand, so a place may have had attempts before.
    `node_base` is what the database adds to a node's index; `store` is loaded for one transaction
    and changes as outcomes are settled.
    """

    key: int
    run_id: str
    plan: Plan
    node_base: int
    inputs: dict[str, Any]
    store: dict[str, Any] | None = None
    revised: bool = False


@dataclass(slots=True)
class StateFacts:
    """One state that a runtime holds; `usage` is what its body took, once that is known."""

    key: int
    run: RunFacts
    node: NodePlan
    path: bytes
    attempt: int
    retry_count: int
    parent: int | None
    inputs: str
    lease: int
    usage: Usage | None = None


@dataclass(slots=True)
class GateFacts:
    """One gate whose region has nothing live any more."""

    key: int
    run: RunFacts
    node: NodePlan
    path: bytes
    opener: int
    failed: int
    cause: int | None


@dataclass(slots=True)
class Known:
    """Values of ended states, read once for a transaction.

    `single` holds the outputs at one place (absent: there are none), `branch` all outputs below a
    prefix in fanout order, `endings` the status of the latest attempt at a place.
    """

    single: dict[StateKey, Outputs] = field(default_factory=dict)
    branch: dict[StateKey, list[Outputs]] = field(default_factory=dict)
    endings: dict[StateKey, State] = field(default_factory=dict)


def place(run: RunFacts, read: Read, path: bytes) -> StateKey:
    """Return where the state stands that holds the single value of `read`."""
    prefix = path[: read.size]
    source = run.plan.nodes[read.source]
    return run.key, read.source, original(prefix) if source.opens else prefix


def branch(run: RunFacts, read: Read, path: bytes) -> StateKey:
    """Return the branch that holds the many values of `read`."""
    return run.key, read.source, path[: read.size]


def places_above(gate: GateFacts, read: Read) -> list[StateKey]:
    """Return the places whose endings tell why a single value is missing: its own, and those above.

    They are one chain, as only one state can exist at each, and end at what the gate unites.
    """
    found: list[StateKey] = []
    index: int | None = read.source
    while index is not None and index != gate.node.source:
        node = gate.run.plan.nodes[index]
        found.append((gate.run.key, index, gate.path[: node.depth]))
        index = node.above
    return found
