"""What one transaction changes, gathered before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from exodsl.engine.reports import Usage
from exodsl.engine.status import QUEUED, SUCCESS, Gate, State

GateKey = tuple[int, int, bytes]
"""Run, unite, path."""


@dataclass(slots=True)
class Ended:
    """A claimed state that has a new status; guarded by its lease."""

    key: int
    lease: int
    status: State
    outputs: str | None = None
    error: str | None = None
    data: str | None = None
    enqueue_after: int | None = None
    was: State = QUEUED
    usage: Usage | None = None


@dataclass(slots=True)
class Created:
    """A state to insert: a new one to run, or one that is born ended."""

    key: int
    run: int
    node: int
    path: bytes
    attempt: int
    retry_count: int
    status: State
    parent: int | None
    inputs: str | None
    enqueue_after: int = 0
    outputs: str | None = None
    error: str | None = None


@dataclass(slots=True)
class Siblings:
    """States to insert that hold the outputs of one fanout, all of them SUCCESS: (key, path, outputs)."""

    run: int
    node: int
    attempt: int
    retry_count: int
    parent: int | None
    states: list[tuple[int, bytes, str]] = field(default_factory=list)

    def apart(self) -> list[Created]:
        """Return them as single states."""
        return [
            Created(
                key=key,
                run=self.run,
                node=self.node,
                path=path,
                attempt=self.attempt,
                retry_count=self.retry_count,
                status=SUCCESS,
                parent=self.parent,
                inputs=None,
                outputs=outputs,
            )
            for key, path, outputs in self.states
        ]


@dataclass(slots=True)
class Moves:
    """How far the counters of a gate, or of a run, move; `cause` is the first failure among them."""

    pending: int = 0
    failed: int = 0
    pruned: int = 0
    arrived: int = 0
    cause: int | None = None

    def __bool__(self) -> bool:
        return bool(self.pending or self.failed or self.pruned or self.arrived)


@dataclass(slots=True)
class Opened:
    """A gate to insert, with the state that opened it."""

    opener: int
    moves: Moves = field(default_factory=Moves)


@dataclass(slots=True)
class Closed:
    """A gate that is done: what became of it, and the unite's state if there is one."""

    key: int
    status: Gate
    state: int | None


@dataclass(slots=True)
class Spilled:
    """The outputs of a very wide fanout, recorded before siblings and children are made of them."""

    state: int
    outputs: Sequence[str]


@dataclass(slots=True)
class Counts:
    """How the counts of a node that can have several states move, by status."""

    total: int = 0
    success: int = 0
    errored: int = 0
    next_created_error: int = 0
    pruned: int = 0
    retry_created: int = 0
    cancelled: int = 0


COUNTED = {
    SUCCESS: "success",
    State.ERRORED: "errored",
    State.NEXT_CREATED_ERROR: "next_created_error",
    State.PRUNED: "pruned",
    State.RETRY_CREATED: "retry_created",
    State.CANCELLED: "cancelled",
}


@dataclass(slots=True)
class Changes:
    """Everything that one step of a transaction writes.

    A manual retry also takes back: `superseded` states become RETRY_CREATED, `dropped` gates go,
    `reopened` ones wait again.
    """

    ended: list[Ended] = field(default_factory=list)
    created: list[Created] = field(default_factory=list)
    siblings: list[Siblings] = field(default_factory=list)
    opened: dict[GateKey, Opened] = field(default_factory=dict)
    gates: dict[GateKey, Moves] = field(default_factory=dict)
    runs: dict[int, Moves] = field(default_factory=dict)
    closed: list[Closed] = field(default_factory=list)
    counts: dict[tuple[int, int], Counts] = field(default_factory=dict)
    store: dict[tuple[int, str], Any] = field(default_factory=dict)
    spilled: list[Spilled] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)

    def gate(self, key: GateKey) -> Moves:
        """Return the moves of a gate, opened here or before."""
        opened = self.opened.get(key)
        if opened is not None:
            return opened.moves
        moves = self.gates.get(key)
        if moves is None:
            moves = self.gates[key] = Moves()
        return moves

    def open(self, run: int, unite: int, path: bytes, opener: int) -> None:
        """Open a gate; what was already counted there in this step stays counted."""
        key = (run, unite, path)
        self.opened[key] = Opened(opener, self.gates.pop(key) if key in self.gates else Moves())

    def run(self, key: int) -> Moves:
        """Return the moves of a run."""
        moves = self.runs.get(key)
        if moves is None:
            moves = self.runs[key] = Moves()
        return moves

    def count(self, run: int, node: int, *, total: int = 0, ended: State | None = None, by: int = 1) -> None:
        """Move the counts of a node: new states, and one that ended (or, `by` -1, has not)."""
        counts = self.counts.get((run, node))
        if counts is None:
            counts = self.counts[run, node] = Counts()
        counts.total += total
        if ended is SUCCESS:
            counts.success += by
        elif ended is not None and ended in COUNTED:
            name = COUNTED[ended]
            setattr(counts, name, getattr(counts, name) + by)
