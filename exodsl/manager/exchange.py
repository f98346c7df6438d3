"""One exchange: reports in, claims out, in one transaction (semantics 3, 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic_core import from_json

from exodsl.database import reads, revisions, templates
from exodsl.database.protocol import Keys
from exodsl.database.rows import Row
from exodsl.database.writes import SPILL_PART, write_changes
from exodsl.engine.changes import Changes, Created, GateKey
from exodsl.engine.facts import GateFacts, Known, RunFacts, StateFacts, branch, place, places_above
from exodsl.engine.plan import NodePlan, Read
from exodsl.engine.reports import Claim, ErrorInfo, Executed, Failed, Pruned, Requeued, Result
from exodsl.engine.settle import Settlement
from exodsl.engine.status import CREATED, QUEUED, Run, State
from exodsl.manager.catalog import Catalog
from exodsl.manager.sessions import MOST_LOST, SUSPECT, Session
from exodsl.manager.starting import NewRun

Settled = tuple[StateFacts, Result]


_LOST = ErrorInfo(
    "exodsl.Lost",
    f"The runtime that ran it was gone {MOST_LOST} times; its body may have ended the process.",
    key="lost",
)


class StaleLease(Exception):
    """A reported state was not the runtime's any more; the transaction is undone and tried without it."""


class Step:
    """One transaction's work: settle, write, cascade, claim. Made anew for each attempt.

    :param keys: gives new states and runs their keys.
    :param paused: runs of which nothing is handed out.
    """

    def __init__(
        self,
        connection: Any,
        catalog: Catalog,
        now: int,
        keys: Keys,
        chance: Callable[[], float],
        paused: frozenset[int] = frozenset(),
    ) -> None:
        self.connection, self.catalog, self.now = connection, catalog, now
        self.next_key, self.next_run, self._chance = keys.next, keys.next_run, chance
        self._paused = paused
        self._stores: dict[int, dict[str, Any]] = {}
        self.claimed: list[StateFacts] = []
        self.ended: dict[int, Run] = {}
        self.left_due: int | None = None
        self.lease_until = 0
        self.due_at: int | None = None
        self.spilled = False
        self.suspect: int | None = None

    # What came in

    def report(self, settled: Sequence[Settled], session: Session, capacity: int) -> None:
        """Settle reports; what they create goes to the same runtime first, up to `capacity`."""
        templates.hold_runs(self.connection, {state.run.key for state, _ in settled})
        settlement = self._settlement(self._known_for(settled))
        self._load_stores(_with_store(settled))
        for state, result in settled:
            settlement.report(state, result)
        for ended in settlement.changes.ended:
            if ended.enqueue_after is not None:
                self.leave(ended.enqueue_after)
        self._write(settlement, session, capacity)

    def start(self, runs: Iterable[NewRun]) -> None:
        """Store new runs, each with its root and its store."""
        settlement = self._settlement(Known())
        changes, rows = settlement.changes, list[templates.RunRow]()
        for new in runs:
            run = new.facts
            settlement.start(run, new.inputs, new.due)
            for key, value in new.store.items():
                changes.store[run.key, key] = value
            pending = changes.runs.pop(run.key).pending
            rows.append((run.key, run.run_id, new.template, pending, new.given, new.target, new.idempotency_key))
        templates.insert_runs(self.connection, rows, self.now)
        self._write(settlement, None, 0)

    def claim(self, session: Session, capacity: int) -> None:
        """Claim up to `capacity`: what is due, then what a wide fanout still hides."""
        self.due_at = session.due_at
        spare = capacity - len(self.claimed)
        if spare > 0 and self.due_at is not None and self.due_at <= self.now:
            self._claim_due(session, spare)
        self.spilled = self.spilled or session.spilled
        if self.spilled and len(self.claimed) < capacity:
            self.spilled = self._unspill(session, capacity)

    def _claim_due(self, session: Session, limit: int) -> None:
        only = reads.only(session.run, self._paused, SUSPECT if session.suspect else None)
        rows = reads.due_states(self.connection, session.nodes, self.now, limit, session.lease(), only, SUSPECT)
        self.claimed += [self.facts(row[:-1]) for row in rows]
        suspects = [row[0] for row in rows if row[-1] >= SUSPECT]
        if suspects:
            (self.suspect,) = suspects
            only = reads.only(session.run, self._paused, SUSPECT)
        more = len(rows) == limit
        self.due_at = self.now if more else reads.next_due(self.connection, session.nodes, only)

    def _unspill(self, session: Session, capacity: int) -> bool:
        """Make as much of a wide fanout into states as can be claimed at once; False when there is none."""
        rows = reads.spilled_states(self.connection, 1, session.run)
        if not rows:
            return False
        state = self.facts(rows[0])
        templates.hold_runs(self.connection, [state.run.key])
        parts = max(1, (capacity - len(self.claimed)) // SPILL_PART)
        taken = reads.take_spilled(self.connection, state.key, parts)
        if taken is None:
            return True
        first, outputs, own = taken
        settlement = self._settlement(self._known_for([(state, Executed(outputs))]))
        self._load_stores([state.run] if state.node.stores else [])
        settlement.siblings(state, max(first, 1), outputs if first else outputs[1:])
        if own is not None:
            settlement.unspill(state, own)
        self._write(settlement, session, capacity)
        return True

    def revise(self, changes: Changes) -> None:
        """Write what a manual retry takes back and creates."""
        revisions.supersede(self.connection, changes.superseded)
        revisions.drop_gates(self.connection, changes.dropped)
        revisions.reopen_gates(self.connection, changes.reopened)
        self._write_step(changes, None, 0)
        drained = revisions.drained(self.connection, changes.reopened)
        if drained:
            self._write(self._closing(drained), None, 0)

    def give_up(self, keys: Sequence[int]) -> None:
        """End states that were lost with their runtimes too often: their bodies may well be to blame."""
        if not keys:
            return
        states = [self.facts(row) for row in reads.states_by_id(self.connection, keys)]
        templates.hold_runs(self.connection, {state.run.key for state in states})
        settlement = self._settlement(Known())
        for state in states:
            settlement.report(state, Failed(_LOST, retryable=False))
        self._write(settlement, None, 0)

    def follow_again(self, state: StateFacts, position: int, text: str, held: Sequence[GateKey]) -> str | None:
        """Create the children of a recorded output; return why that still cannot be, if so."""
        settlement = self._settlement(self._known_for([(state, Executed([text]))]))
        self._load_stores([state.run] if state.node.stores else [])
        error = settlement.follow_again(state, position, text, held)
        if error is not None:
            return str(from_json(error)["message"])
        self._write(settlement, None, 0)
        return None

    # What follows

    def _settlement(self, known: Known) -> Settlement:
        return Settlement(now=self.now, next_key=self.next_key, chance=self._chance, known=known)

    def _write(self, settlement: Settlement, session: Session | None, capacity: int) -> None:
        """Write a settlement, then all that its closing gates bring about, until nothing closes."""
        drained = self._write_step(settlement.changes, session, capacity)
        while drained:
            drained = self._write_step(self._closing(drained).changes, session, capacity)

    def _write_step(self, changes: Changes, session: Session | None, capacity: int) -> list[Row]:
        """Write one step; return the gates that have nothing pending now."""
        self._take_apart(changes)
        self._hand_out(changes.created, session, capacity)
        lease = session.lease() if session else 0
        written = write_changes(self.connection, changes, self.now, lease, self.node_id)
        if not written.complete:
            raise StaleLease
        self.spilled = self.spilled or bool(changes.spilled)
        if written.finished:
            self._end_runs(written.finished)
        return written.drained

    def _closing(self, drained: list[Row]) -> Settlement:
        """Settle gates in whose regions nothing is live any more."""
        gates = [self._gate(row) for row in drained]
        self._load_stores([gate.run for gate in gates if gate.node.stores])
        settlement = self._settlement(self._known_at(gates))
        for gate in gates:
            settlement.close(gate)
        return settlement

    def _take_apart(self, changes: Changes) -> None:
        """Treat the siblings of revised runs one by one: each place has attempts of its own."""
        for group in tuple(changes.siblings):
            if self.catalog.run(self.connection, group.run).revised:
                changes.siblings.remove(group)
                changes.created += group.apart()

    def _hand_out(self, created: list[Created], session: Session | None, capacity: int) -> None:
        run: RunFacts | None = None
        lease = session.lease() if session else 0
        for state in created:
            if run is None or run.key != state.run:
                run = self.catalog.run(self.connection, state.run)
            if run.revised and state.attempt == 0:
                self._number(state)
            if state.status is not CREATED:
                continue
            due = state.enqueue_after or self.now
            full = len(self.claimed) >= capacity or run.key in self._paused
            if session is None or full or due > self.now or not session.takes(run, state):
                self.leave(due)
                continue
            state.status = QUEUED
            self.claimed.append(
                StateFacts(
                    state.key,
                    run,
                    run.plan.nodes[state.node],
                    state.path,
                    state.attempt,
                    state.retry_count,
                    state.parent,
                    state.inputs or "{}",
                    lease,
                )
            )

    def _number(self, state: Created) -> None:
        """Give a place of a revised run its next attempt."""
        node = self.node_id(state.run, state.node)
        last = revisions.last_attempt(self.connection, state.run, node, state.path)
        state.attempt = 0 if last is None else last + 1

    def leave(self, due: int) -> None:
        """Note that a state waits from `due` on that nobody was given."""
        self.left_due = due if self.left_due is None else min(self.left_due, due)

    def _end_runs(self, finished: Sequence[Row]) -> None:
        ends: dict[tuple[Run, bool], list[int]] = {}
        for key, _, failed in finished:
            status = self.ended[key] = Run.FAILED if failed else Run.SUCCESS
            kept = self.catalog.run(self.connection, key).plan.template.keep_store
            ends.setdefault((status, status is Run.SUCCESS and not kept), []).append(key)
        for (status, clean), keys in ends.items():
            templates.end_runs(self.connection, keys, status, self.now, clean_store=clean)

    # What has to be known

    def _known_for(self, settled: Sequence[Settled]) -> Known:
        known = Known()
        wanted = [
            (state.run, read, state.path)
            for state, result in settled
            if state.node.reads and isinstance(result, Executed)
            for read in state.node.reads
        ]
        self._load(known, wanted)
        return known

    def _known_at(self, gates: Sequence[GateFacts]) -> Known:
        known = Known()
        open_gates = [gate for gate in gates if not (gate.node.strict and gate.failed)]
        wanted = [(gate, read) for gate in open_gates for read in gate.node.unite_reads]
        self._load(known, [(gate.run, read, gate.path) for gate, read in wanted])
        absent = [
            where
            for gate, read in wanted
            if not read.many and place(gate.run, read, gate.path) not in known.single
            for where in places_above(gate, read)
        ]
        for run, node, path, status in reads.endings(self.connection, self._stored(absent)):
            known.endings[run, node - self._base(run), path] = State(status)
        return known

    def _load(self, known: Known, wanted: Sequence[tuple[RunFacts, Read, bytes]]) -> None:
        if not wanted:
            return
        single = {place(run, read, path) for run, read, path in wanted if not read.many}
        for run, node, path, outputs in reads.single_outputs(self.connection, self._stored(single)):
            known.single[run, node - self._base(run), path] = from_json(outputs)
        for where in {branch(run, read, path) for run, read, path in wanted if read.many}:
            (stored,) = self._stored([where])
            known.branch[where] = reads.branch_outputs(self.connection, stored)

    def _stored(self, places: Iterable[tuple[int, int, bytes]]) -> list[reads.Place]:
        return [(run, self._base(run) + node, path) for run, node, path in dict.fromkeys(places)]

    def node_id(self, run: int, index: int) -> int:
        """Return the database's id of a node of a run."""
        return self._base(run) + index

    def _base(self, run: int) -> int:
        return self.catalog.run(self.connection, run).node_base

    def _load_stores(self, runs: Iterable[RunFacts]) -> None:
        """Give runs their stores; they change as this transaction goes on, so each is read once."""
        wanted = list(runs)
        fresh = {run.key for run in wanted} - self._stores.keys()
        if fresh:
            self._stores.update(reads.stores(self.connection, fresh))
        for run in wanted:
            run.store = self._stores[run.key]

    def facts(self, row: Row) -> StateFacts:
        """Return the facts of a state from its row, as `reads.states_by_id` gives it."""
        key, run_key, node, path, attempt, retry_count, parent, inputs, lease = row
        run = self.catalog.run(self.connection, run_key)
        plan: NodePlan = run.plan.nodes[node - run.node_base]
        return StateFacts(key, run, plan, path, attempt, retry_count, parent, inputs or "{}", lease)

    def _gate(self, row: Row) -> GateFacts:
        key, run_key, node, path, opener, _, failed, cause = row
        run = self.catalog.run(self.connection, run_key)
        return GateFacts(key, run, run.plan.nodes[node - run.node_base], path, opener, failed, cause)


def _with_store(settled: Sequence[Settled]) -> list[RunFacts]:
    return [
        state.run
        for state, result in settled
        if (state.node.stores and isinstance(result, Executed))
        or (isinstance(result, Executed | Pruned | Requeued) and result.writes)
    ]


def as_claim(state: StateFacts, suspect: int | None) -> Claim:
    """Return what a runtime is told of a state that it holds from now on.

    :param suspect: the key of the state that is to run at once.
    """
    run, node = state.run, state.node
    template = run.plan.template
    # In the order of the fields, here as in `_hand_out`: a call with so many names takes four times as long.
    return Claim(
        state.key,
        state.lease,
        run.run_id,
        template.namespace,
        template.name,
        node.identifier,
        node.node_name,
        state.inputs,
        state.path,
        state.retry_count,
        state.attempt,
        node.retry_policy,
        node.timeout_ms,
        node.executor,
        state.key == suspect,
    )
