"""Manual retries: finds what has to be taken back, and lets the engine take it back (semantics 4)."""

from __future__ import annotations

from collections.abc import Sequence

from exodsl.database import revisions
from exodsl.database.large import whole
from exodsl.database.rows import Row
from exodsl.engine.facts import RunFacts, StateFacts
from exodsl.engine.plan import NodePlan
from exodsl.engine.revise import HELD, RETRIED, PastGate, PastState, Revision
from exodsl.engine.status import Gate, State
from exodsl.errors import StateNotFound, TransitionRefused
from exodsl.manager.causes import name_causes
from exodsl.manager.exchange import Step
from exodsl.manager.viewing import LARGEST_KEY


class Reviser:
    """Retries states by hand, one after the other, inside one transaction.

    :param copied_by: how far the keys of a copied run are moved; messages name the states that were copied.
    """

    def __init__(self, step: Step, copied_by: int = 0) -> None:
        self._step = step
        self._copied_by = copied_by
        self._connection = step.connection
        self._taken: set[int] = set()

    def retry(self, key: int, run_key: int) -> bool:
        """Retry one state of a run; False when an earlier retry has taken it back already.

        :raises TransitionRefused: when its status does not allow it, or somebody works on what must be taken back.
        """
        run, state = self._find(key, run_key)
        if state.key in self._taken:
            return False
        if state.status not in RETRIED:
            raise TransitionRefused(f"State {key}", state.status.name, "only what failed or was pruned can be retried")
        revisions.go_on(self._connection, run.key)
        run.revised = True
        revision = Revision(run=run, next_key=self._step.next_key)
        gates = self._closed_gates(run, state)
        self._take_back(revision, run, gates)
        if state.status is State.NEXT_CREATED_ERROR:
            self._follow_again(revision, state, gates)
            return True
        if state.key not in revision.changes.superseded:
            revision.supersede(state)
        if not state.born_ended:
            revision.try_again(state, self._step.now)
        self._write(revision)
        return True

    def _find(self, key: int, run_key: int) -> tuple[RunFacts, PastState]:
        row = revisions.state(self._connection, key) if abs(key) < LARGEST_KEY else None
        if row is None or row[0] != run_key:
            raise StateNotFound(key)
        run = self._step.catalog.run(self._connection, run_key)
        return run, self._state(run, row[1:])

    def _write(self, revision: Revision) -> None:
        self._taken.update(revision.changes.superseded)
        self._step.revise(revision.changes)

    def ensure_ended(self, key: int, run_key: int) -> None:
        """See that a run can start again from a state.

        :raises TransitionRefused: when it has not ended, or a cancel has left a fanout of the run half made.
        """
        _, state = self._find(key, run_key)
        if state.status in (State.CREATED, State.RETRY_CREATED, *HELD) or len(state.path) > state.node.depth:
            raise TransitionRefused(
                f"State {key}", state.status.name, "a run starts again from a state that ended, the first of its fanout"
            )
        half_made = revisions.half_made(self._connection, run_key)
        if half_made is not None:
            raise TransitionRefused(
                f"State {half_made}", State.CANCELLED.name, "not all of its outputs are there, so trigger a new run"
            )

    def rerun(self, key: int, run_key: int) -> None:
        """Try a state of a copied run again, whatever came of it taken back.

        :raises TransitionRefused: when part of what has to be taken back is not made into states yet.
        """
        run, state = self._find(key, run_key)
        revision = Revision(run=run, next_key=self._step.next_key)
        self._take_back(revision, run, self._closed_gates(run, state), state)
        if not state.born_ended:
            revision.try_again(state, self._step.now)
        self._write(revision)

    def name_causes(self, run_key: int) -> None:
        """Let gates and the run name failures that still stand."""
        name_causes(self._connection, self._step.catalog.run(self._connection, run_key), self._taken)

    @property
    def superseded(self) -> int:
        """How many states were taken back."""
        return len(self._taken)

    def _take_back(
        self, revision: Revision, run: RunFacts, gates: Sequence[PastGate], origin: PastState | None = None
    ) -> None:
        """Reopen the gates that closed because a state had ended, without all that came of it.

        :param origin: a state that is taken back itself, with all that came of it.
        """
        taken: dict[int, PastState] = {}
        dropped: dict[int, PastGate] = {}
        starts = [(gate.node, gate.path) for gate in gates]
        if origin is not None:
            starts.append((origin.node, origin.path))
        for node, path in starts:
            taken.update((state.key, state) for state in self._came_of(run, node, path))
        for node, path in starts:
            inner = (other for other in node.behind if run.plan.nodes[other].source is not None)
            found = [past for other in inner for past in self._gates(run, other, path)]
            dropped.update((past.key, past) for past in found if past.opener in taken)
        held = next((state for state in taken.values() if state.status in HELD), None)
        if held is not None:
            raise TransitionRefused(
                f"State {held.key - self._copied_by}, which would be taken back,",
                held.status.name,
                "wait until it has ended",
            )
        for state in taken.values():
            revision.supersede(state)
        for past in dropped.values():
            revision.drop(past)
        for gate in gates:
            if gate.key not in dropped:
                revision.reopen(gate)

    def _came_of(self, run: RunFacts, node: NodePlan, path: bytes) -> list[PastState]:
        """Return the state at a place, with its siblings, and every state behind it that goes back to it."""
        found = self._states(run, node.index, path)
        keys = {state.key for state in found}
        for other in node.behind:
            children = [state for state in self._states(run, other, path) if state.parent in keys]
            keys.update(state.key for state in children)
            found += children
        return found

    def _closed_gates(self, run: RunFacts, state: PastState) -> list[PastGate]:
        """Return the gates around a state that are closed: they closed because it, too, had ended."""
        refs = [(ref.node, state.path[: ref.size]) for ref in state.node.enclosing]
        if state.status is State.NEXT_CREATED_ERROR and state.node.opens:
            refs += [(unite, state.path[: state.node.depth]) for unite in state.node.gates]
        if state.born_ended:
            refs.append((state.node.index, state.path))
        rows = [revisions.gate_at(self._connection, run.key, run.node_base + node, path) for node, path in refs]
        gates = [self._gate(run, row) for row in rows if row is not None]
        return [gate for gate in gates if gate.status is not Gate.OPEN]

    def _follow_again(self, revision: Revision, state: PastState, gates: Sequence[PastGate]) -> None:
        """Create the children of a recorded output; the body does not run again."""
        run = revision.run
        revision.forgive(run, state.node.blamed_outputs, state.output_path)
        kept = [gate for gate in gates if gate.key in revision.changes.reopened]
        held = revision.hold(kept)
        self._write(revision)
        facts = StateFacts(
            key=state.key,
            run=run,
            node=state.node,
            path=state.path[: state.node.depth],
            attempt=state.attempt,
            retry_count=state.retry_count,
            parent=state.parent,
            inputs=state.inputs or "{}",
            lease=state.lease,
        )
        position = int.from_bytes(state.path[state.node.depth :], "big")
        outputs = whole(self._connection, run.key, state.outputs or "{}")
        reason = self._step.follow_again(facts, position, outputs, held)
        if reason is not None:
            raise TransitionRefused(f"State {state.key}", state.status.name, f"its children lack a value: {reason}")

    def _states(self, run: RunFacts, node: int, path: bytes) -> list[PastState]:
        rows = revisions.states_of(self._connection, run.key, run.node_base + node, path)
        return [self._state(run, row) for row in rows]

    def _gates(self, run: RunFacts, node: int, path: bytes) -> list[PastGate]:
        rows = revisions.gates_of(self._connection, run.key, run.node_base + node, path)
        return [self._gate(run, row) for row in rows]

    def _state(self, run: RunFacts, row: Row) -> PastState:
        key, node, path, status, parent, attempt, retry_count, inputs, outputs, lease = row
        plan: NodePlan = run.plan.nodes[node - run.node_base]
        return PastState(key, plan, path, State(status), parent, attempt, retry_count, inputs, outputs, lease)

    def _gate(self, run: RunFacts, row: Row) -> PastGate:
        key, node, path, status, opener = row
        return PastGate(key, run.plan.nodes[node - run.node_base], path, Gate(status), opener)
