"""What a gate does when it closes: the one rule that settling and explaining share (semantics 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from exodsl.engine.facts import GateFacts, Known, Outputs, places_above
from exodsl.engine.plan import Read
from exodsl.engine.resolve import Missing, Resolver
from exodsl.engine.status import State


class Ending(Enum):
    """What becomes of a unite whose region has nothing live."""

    RUNS = "runs"
    BLOCKED = "blocked"
    """A failure under ALL_SUCCESS: it gets no state."""
    PRUNED = "pruned"
    """A value that it needs is missing because of prunes alone: its state is born ended."""
    ERRORED = "errored"
    """A value that it needs is missing for another reason: its state is born ended."""


@dataclass(slots=True)
class Closing:
    """How a gate closes: with the `inputs` of the unite's state, or with what is `missing` for them."""

    ending: Ending
    inputs: Outputs | None = None
    missing: Sequence[Missing] = ()


def closing(gate: GateFacts, known: Known) -> Closing:
    """Return how a gate closes if nothing in its region is live; asked early, how it would close now."""
    if gate.node.strict and gate.failed:
        return Closing(Ending.BLOCKED)
    inputs = Resolver(gate.run, gate.path, known).inputs(gate.node)
    if not isinstance(inputs, list):
        return Closing(Ending.RUNS, inputs)
    pruned = all(item.read is not None and _only_prunes(gate, item.read, known) for item in inputs)
    return Closing(Ending.PRUNED if pruned else Ending.ERRORED, missing=inputs)


def _only_prunes(gate: GateFacts, read: Read, known: Known) -> bool:
    for where in places_above(gate, read):
        ending = known.endings.get(where)
        if ending is not None:
            return ending is State.PRUNED
    return False
