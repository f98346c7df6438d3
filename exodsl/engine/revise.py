"""A manual retry: what a state's end brought about is taken back, and its place is tried again (semantics 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exodsl.engine.changes import Created, GateKey
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import FIRST
from exodsl.engine.plan import NodePlan
from exodsl.engine.status import Gate, State
from exodsl.engine.tally import Tally

RETRIED = (State.ERRORED, State.PRUNED, State.NEXT_CREATED_ERROR)
"""What can be retried by hand."""
HELD = (State.QUEUED, State.EXECUTED)
"""What a retry does not take back: somebody is at work on it."""


@dataclass(slots=True)
class PastState:
    """A state as it stands before a retry."""

    key: int
    node: NodePlan
    path: bytes
    status: State
    parent: int | None
    attempt: int
    retry_count: int
    inputs: str | None
    outputs: str | None
    lease: int

    @property
    def output_path(self) -> bytes:
        """The path of the output it holds: a sibling stands at it, an original one step above."""
        is_original = self.node.opens and len(self.path) == self.node.depth
        return self.path + FIRST if is_original else self.path

    @property
    def born_ended(self) -> bool:
        """Whether it never was to run: a unite whose value was missing."""
        return self.node.source is not None and self.inputs is None


@dataclass(slots=True)
class PastGate:
    """A gate as it stands before a retry."""

    key: int
    node: NodePlan
    path: bytes
    status: Gate
    opener: int


@dataclass(slots=True, kw_only=True)
class Revision(Tally):
    """Gathers the changes of one manual retry.

    :param next_key: gives the key of each new state.
    """

    run: RunFacts
    next_key: Callable[[], int]

    def supersede(self, state: PastState) -> None:
        """Take a state back: it counts nowhere any more."""
        self._uncount(state)
        self.changes.superseded.append(state.key)
        if state.node.several:
            self.changes.count(self.run.key, state.node.index, ended=state.status, by=-1)
            self.changes.count(self.run.key, state.node.index, ended=State.RETRY_CREATED)

    def _uncount(self, state: PastState) -> None:
        match state.status:
            case State.CREATED:
                self.live(self.run, state.node, state.path, -1)
            case State.ERRORED:
                self.forgive(self.run, state.node.blamed, state.path)
            case State.NEXT_CREATED_ERROR:
                self.forgive(self.run, state.node.blamed_outputs, state.output_path)
            case State.PRUNED:
                self.prune(self.run, state.node, state.path, -1)
            case State.SUCCESS if state.outputs is not None:
                self.arrive(self.run, state.node, state.output_path, -1)
            case _:
                return

    def drop(self, gate: PastGate) -> None:
        """Take back a gate that a superseded state had opened."""
        self._unsettle(gate)
        if gate.status is Gate.OPEN:
            self.live(self.run, gate.node, gate.path, -1)
        self.changes.dropped.append(gate.key)

    def reopen(self, gate: PastGate) -> None:
        """Let a gate wait again that had closed."""
        self._unsettle(gate)
        self.live(self.run, gate.node, gate.path, 1)
        self.changes.reopened.append(gate.key)

    def hold(self, gates: Sequence[PastGate]) -> list[GateKey]:
        """Keep reopened gates, and the run, from closing until the children are there; return the gates' keys."""
        keys = [(self.run.key, gate.node.index, gate.path) for gate in gates]
        for key in keys:
            self.changes.gate(key).pending += 1
        self.changes.run(self.run.key).pending += 1
        return keys

    def _unsettle(self, gate: PastGate) -> None:
        if gate.status is Gate.BLOCKED:
            self.forgive(self.run, gate.node.blamed, gate.path)

    def try_again(self, state: PastState, now: int) -> int:
        """Create the next attempt of a superseded state; its budget of retries starts again."""
        key = self.next_key()
        self.changes.created.append(
            Created(
                key=key,
                run=self.run.key,
                node=state.node.index,
                path=state.path,
                attempt=state.attempt + 1,
                retry_count=0,
                status=State.CREATED,
                parent=state.parent,
                inputs=state.inputs,
                enqueue_after=now,
            )
        )
        if state.node.several:
            self.changes.count(self.run.key, state.node.index, total=1)
        self.live(self.run, state.node, state.path, 1)
        return key
