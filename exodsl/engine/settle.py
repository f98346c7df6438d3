"""The rules: what a report, an opened gate or a part of a wide fanout changes (semantics 3-7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from pydantic_core import from_json, to_json

from exodsl.engine.changes import Closed, Created, Ended, GateKey, Siblings, Spilled
from exodsl.engine.closing import Closing, Ending, closing
from exodsl.engine.facts import GateFacts, Known, Outputs, RunFacts, StateFacts
from exodsl.engine.fitting import misfit
from exodsl.engine.lineage import step
from exodsl.engine.plan import NodePlan
from exodsl.engine.reports import ErrorInfo, Executed, Failed, Pruned, Released, Requeued, Result, StoreWrite
from exodsl.engine.resolve import Missing, Resolver
from exodsl.engine.status import CREATED, QUEUED, SUCCESS, Gate, State
from exodsl.engine.storing import unusable, written
from exodsl.engine.tally import Tally
from exodsl.template.policies import LONGEST_DELAY_MS

WIDE = 250
"""A fanout of more outputs than this is recorded whole and made into states in parts."""


@dataclass(slots=True, kw_only=True)
class Settlement(Tally):
    """Settles one step of a transaction: gathers in `changes` what has to be written.

    :param now: the time, in milliseconds.
    :param next_key: gives the key of each new state.
    :param chance: gives a random number in [0, 1), for jitter.
    """

    now: int
    next_key: Callable[[], int]
    chance: Callable[[], float]
    known: Known

    def report(self, state: StateFacts, result: Result) -> None:
        """Settle what a runtime reported of a state that it holds."""
        problem = _problem(state, result)
        if problem is not None:
            result = Failed(problem, retryable=False)
        match result:
            case Executed():
                if result.writes:
                    self._write(state.run, result.writes)
                self._executed(state, result.outputs)
            case Failed():
                self._failed(state, result)
            case Pruned():
                self._write(state.run, result.writes)
                self._pruned(state, result)
            case Requeued():
                self._write(state.run, result.writes)
                self._requeued(state, result.after_ms)
            case Released():
                self._requeued(state, 0)

    def _executed(self, state: StateFacts, outputs: Sequence[str]) -> None:
        if state.node.opens:
            self._fan_out(state, outputs)
            return
        (text,) = outputs
        status, kept, error = self._follow(state, 0, text)
        self._end(state, status, kept, error)
        # It has opened nothing when its children could not be created.
        if status is SUCCESS and state.node.gates:
            self._open(state)
        self.live(state.run, state.node, state.path, -1)

    def _fan_out(self, state: StateFacts, outputs: Sequence[str]) -> None:
        self._open(state)
        if len(outputs) > WIDE:
            self._spill(state, outputs)
            return
        if not outputs:
            self._end(state, SUCCESS, None, None)
        else:
            self._end(state, *self._follow(state, 0, outputs[0]))
            self.siblings(state, 1, outputs[1:])
        self.live(state.run, state.node, state.path, -1)

    def siblings(self, state: StateFacts, first: int, outputs: Sequence[str]) -> None:
        """Create the sibling that holds each output, from number `first` on, and what follows it."""
        run, node = state.run, state.node
        made = Siblings(run.key, node.index, state.attempt, state.retry_count, state.parent)
        for position, text in enumerate(outputs, first):
            key, path = self.next_key(), state.path + step(position)
            missing = self._children(run, node, path, text, key)
            if missing is not None:
                self._unfollowed_sibling(state, key, path, text, missing)
                continue
            made.states.append((key, path, text))
            if not node.alike:
                self._count_followers(run, node, path, key)
        good = len(made.states)
        if not good:
            return
        self.changes.siblings.append(made)
        self.changes.count(run.key, node.index, total=good, ended=SUCCESS, by=good)
        if node.alike:
            self._count_followers(run, node, state.path, state.key, good)

    def _unfollowed_sibling(self, state: StateFacts, key: int, path: bytes, text: str, missing: Missing) -> None:
        run, node = state.run, state.node
        self.blame(run, node.blamed_outputs, path, key)
        self.changes.created.append(
            Created(
                key=key,
                run=run.key,
                node=node.index,
                path=path,
                attempt=state.attempt,
                retry_count=state.retry_count,
                status=State.NEXT_CREATED_ERROR,
                parent=state.parent,
                inputs=None,
                outputs=text,
                error=_unfollowed(missing),
            )
        )
        self.changes.count(run.key, node.index, total=1, ended=State.NEXT_CREATED_ERROR)

    def unspill(self, state: StateFacts, text: str) -> None:
        """End a wide fanout, all of whose siblings exist, with its own first output."""
        self._end(state, *self._follow(state, 0, text), was=State.EXECUTED)
        for unite in state.node.gates:
            self.changes.gate((state.run.key, unite, state.path)).pending -= 1
        self.live(state.run, state.node, state.path, -1)

    def follow_again(self, state: StateFacts, position: int, text: str, held: Sequence[GateKey]) -> str | None:
        """Create the children of a recorded output that could not be created before; return why not, if so.

        :param held: gates that `Revision.hold` kept from closing until now, as it did the run.
        """
        for key in held:
            self.changes.gate(key).pending -= 1
        self.changes.run(state.run.key).pending -= 1
        status, kept, error = self._follow(state, position, text)
        self._end(state, status, kept, error, was=State.NEXT_CREATED_ERROR)
        if state.node.several:
            self.changes.count(state.run.key, state.node.index, ended=State.NEXT_CREATED_ERROR, by=-1)
        if status is SUCCESS and not state.node.opens:
            self._open(state)
        return error

    def _spill(self, state: StateFacts, outputs: Sequence[str]) -> None:
        for unite in state.node.gates:
            self.changes.gate((state.run.key, unite, state.path)).pending += 1
        self.changes.ended.append(Ended(state.key, state.lease, State.EXECUTED, outputs[0], usage=state.usage))
        self.changes.spilled.append(Spilled(state.key, outputs))

    def _follow(self, state: StateFacts, position: int, text: str) -> tuple[State, str, str | None]:
        """Create the children of one output that its state holds; return status, outputs and error of that."""
        run, node = state.run, state.node
        path = state.path + step(position) if node.opens else state.path
        missing = self._children(run, node, path, text, state.key)
        if missing is not None:
            self.blame(run, node.blamed_outputs, path, state.key)
            return State.NEXT_CREATED_ERROR, text, _unfollowed(missing)
        self._count_followers(run, node, path, state.key)
        return SUCCESS, text, None

    def _children(self, run: RunFacts, node: NodePlan, path: bytes, text: str, holder: int) -> Missing | None:
        """Create the children of one output, or none of them when a value is missing; nothing is counted yet."""
        if not node.followers:
            return None
        made: list[Created] = []
        outputs: Outputs = from_json(text)
        for follower in node.followers:
            child = run.plan.nodes[follower.node]
            if child.hands_on == outputs.keys():
                given = text
            else:
                inputs = Resolver(run, path, self.known, outputs, node.index).inputs(child)
                if isinstance(inputs, list):
                    return Missing(f'"{child.identifier}" cannot be created: {inputs[0].reason}')
                given = to_json(inputs).decode()
            lineage = path + follower.arrival
            made.append(Created(self.next_key(), run.key, child.index, lineage, 0, 0, CREATED, holder, given))
        self.changes.created += made
        return None

    def _count_followers(self, run: RunFacts, node: NodePlan, path: bytes, holder: int, by: int = 1) -> None:
        """Count what outputs bring about: children that are live, gates of single outputs, arrivals at unites."""
        for follower in node.followers:
            child = run.plan.nodes[follower.node]
            if child.several:
                self.changes.count(run.key, child.index, total=by)
            self.live(run, child, path, by)
        for unite in node.output_gates:
            self.open_gate(run, unite, path, holder)
        if node.reaches:
            self.arrive(run, node, path, by)

    def _create(self, run: RunFacts, node: NodePlan, path: bytes, parent: int | None, inputs: str) -> int:
        key = self.next_key()
        self.changes.created.append(Created(key, run.key, node.index, path, 0, 0, CREATED, parent, inputs))
        if node.several:
            self.changes.count(run.key, node.index, total=1)
        self.live(run, node, path, 1)
        return key

    def start(self, run: RunFacts, inputs: str, enqueue_after: int) -> None:
        """Create the root of a new run."""
        self._create(run, run.plan.root, b"", None, inputs)
        self.changes.created[-1].enqueue_after = enqueue_after

    def _failed(self, state: StateFacts, failure: Failed) -> None:
        policy, retry = state.node.retry_policy, state.retry_count + 1
        error = to_json(asdict(failure.error)).decode()
        if failure.retryable and retry <= policy.max_retries:
            due = self.now + policy.delay_ms(retry, self.chance())
            self._end(state, State.RETRY_CREATED, None, error)
            self.changes.created.append(
                Created(
                    key=self.next_key(),
                    run=state.run.key,
                    node=state.node.index,
                    path=state.path,
                    attempt=state.attempt + 1,
                    retry_count=retry,
                    status=CREATED,
                    parent=state.parent,
                    inputs=state.inputs,
                    enqueue_after=due,
                )
            )
            if state.node.several:
                self.changes.count(state.run.key, state.node.index, total=1)
            return
        self._end(state, State.ERRORED, None, error)
        self.blame(state.run, state.node.blamed, state.path, state.key)
        self.live(state.run, state.node, state.path, -1)

    def _pruned(self, state: StateFacts, result: Pruned) -> None:
        self._end(state, State.PRUNED, None, None, result.data)
        self.prune(state.run, state.node, state.path)
        self.live(state.run, state.node, state.path, -1)

    def _requeued(self, state: StateFacts, after_ms: int) -> None:
        due = self.now + min(after_ms, LONGEST_DELAY_MS)
        self.changes.ended.append(Ended(state.key, state.lease, CREATED, enqueue_after=due))

    def close(self, gate: GateFacts) -> None:
        """Settle a gate whose region has nothing live: run the unite, block it, or end it at birth."""
        found = closing(gate, self.known)
        if found.ending is Ending.BLOCKED:
            self.changes.closed.append(Closed(gate.key, Gate.BLOCKED, None))
            self.blame(gate.run, gate.node.blamed, gate.path, gate.cause)
        else:
            self.changes.closed.append(Closed(gate.key, Gate.PASSED, self._unite(gate, found)))
        # The gate gives its place back; a state that was created has one of its own.
        self.live(gate.run, gate.node, gate.path, -1)

    def _unite(self, gate: GateFacts, found: Closing) -> int:
        if found.ending is not Ending.RUNS:
            return self._born_ended(gate, found)
        return self._create(gate.run, gate.node, gate.path, gate.opener, to_json(found.inputs).decode())

    def _born_ended(self, gate: GateFacts, found: Closing) -> int:
        """Create the unite's state already ended, as a value that it needs is missing."""
        run, node, key = gate.run, gate.node, self.next_key()
        status = State.PRUNED if found.ending is Ending.PRUNED else State.ERRORED
        self.changes.created.append(
            Created(
                key=key,
                run=run.key,
                node=node.index,
                path=gate.path,
                attempt=0,
                retry_count=0,
                status=status,
                parent=gate.opener,
                inputs=None,
                error=_error("exodsl.MissingValue", "; ".join(item.reason for item in found.missing)),
            )
        )
        if node.several:
            self.changes.count(run.key, node.index, total=1, ended=status)
        if status is State.PRUNED:
            self.prune(run, node, gate.path)
        else:
            self.blame(run, node.blamed, gate.path, key)
        return key

    def _open(self, state: StateFacts) -> None:
        for unite in state.node.gates:
            self.open_gate(state.run, unite, state.path, state.key)

    def _end(
        self,
        state: StateFacts,
        status: State,
        outputs: str | None,
        error: str | None,
        data: str | None = None,
        was: State = QUEUED,
    ) -> None:
        self.changes.ended.append(Ended(state.key, state.lease, status, outputs, error, data, None, was, state.usage))
        if state.node.several:
            self.changes.count(state.run.key, state.node.index, ended=status)

    def _write(self, run: RunFacts, writes: tuple[StoreWrite, ...]) -> None:
        if not writes:
            return
        store = run.store
        assert store is not None, "a run's store is loaded before its writes are settled"
        for write in writes:
            store[write.key] = written(write, store.get(write.key, 0))
            self.changes.store[run.key, write.key] = store[write.key]


def _problem(state: StateFacts, result: Result) -> ErrorInfo | None:
    """Return why a result cannot be recorded as it was reported."""
    if isinstance(result, Executed):
        if len(result.outputs) != 1 and not state.node.opens:
            return misfit(state.node, len(result.outputs))
        return unusable(state.run, result.writes) if result.writes else None
    if isinstance(result, Pruned | Requeued):
        return unusable(state.run, result.writes)
    return None


def _unfollowed(missing: Missing) -> str:
    return _error("exodsl.NextCreatedError", missing.reason)


def _error(kind: str, reason: str) -> str:
    return to_json(asdict(ErrorInfo(kind, reason))).decode()
