"""Counters against a recount: after every transaction the gates say what the states say (semantics 4)."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from exodsl.database import writes
from exodsl.database.sqlite import Sqlite
from exodsl.engine import settle
from exodsl.engine.reports import Claim, Released, Report, Result, StoreWrite
from exodsl.errors import GraphInvalid
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import Trigger
from exodsl.template.models import NodeTemplate
from tests.manager.byhand import Clock, fail, give, prune, requeue, serves
from tests.properties.bodies import Fail, Give, Prune
from tests.properties.graphs import Case, cases
from tests.properties.layout import Layout

LIVE = ("CREATED", "QUEUED", "EXECUTED")
NAMES = (*LIVE, "SUCCESS", "NEXT_CREATED_ERROR", "RETRY_CREATED", "ERRORED", "PRUNED", "CANCELLED")
Key = tuple[str, bytes]
"""A gate: its unite, and where it stands. The run is the gate with no name."""
RUN: Key = ("", b"")


class Audit:
    """Recounts one run, straight from the rows of states and gates."""

    def __init__(self, connection: sqlite3.Connection, nodes: Sequence[NodeTemplate]) -> None:
        self._connection = connection
        self._layout = Layout(nodes)
        self.checked = 0

    def check(self) -> None:
        """Compare every counter of the run, and of its gates, with what the states say."""
        names = dict(self._rows("SELECT id, identifier FROM template_node"))
        states = [
            (key, names[node], path, NAMES[status])
            for key, node, path, status in self._rows("SELECT id, node, path, status FROM state")
        ]
        gates = [(names[row[0]], *row[1:]) for row in self._rows(
            "SELECT node, path, status, pending, failed, pruned, opener FROM gate"
        )]  # fmt: skip
        pending, failed, pruned = self._recount(states, gates)
        ((run_pending, run_failed),) = self._rows("SELECT pending, failed FROM run")
        stored = {RUN: (run_pending, run_failed)} | {(g[0], g[1]): (g[3], g[4]) for g in gates}
        assert stored == {key: (pending[key], failed[key]) for key in stored}
        assert {(g[0], g[1]): g[5] for g in gates} == {(g[0], g[1]): pruned[g[0], g[1]] for g in gates}
        assert all((gate[2] == 0) == (gate[3] > 0) for gate in gates), "a gate is open while something is live"
        assert not set(pending) - set(stored), "whatever is live is waited for by a gate that is there"
        self._recount_nodes(states)
        self.checked += 1

    def _rows(self, sql: str) -> list[Any]:
        return self._connection.execute(sql).fetchall()

    def _recount(self, states: Sequence[Any], gates: Sequence[Any]) -> tuple[Counter[Key], ...]:
        pending: Counter[Key] = Counter()
        failed: Counter[Key] = Counter()
        pruned: Counter[Key] = Counter()
        spilled = {key for key, _, _, status in states if status == "EXECUTED"}
        for _, name, path, status in states:
            if status in LIVE:
                pending.update(self._waiting(name, path))
            if status == "PRUNED":
                pruned.update(self._at(self._layout.counting(name, branch=False), path))
            if status in ("ERRORED", "NEXT_CREATED_ERROR"):
                branch = status == "NEXT_CREATED_ERROR" and self._layout.fans_out(name)
                failed.update(self._blamed(name, path, branch=branch))
        for name, path, status, _, _, _, opener in gates:
            if status == 0:
                pending.update(self._waiting(name, path))
                pending[name, path] += opener in spilled and self._layout.unites(name).per == "execution"  # type: ignore[union-attr]
            if status == 2:
                failed.update(self._blamed(name, path, branch=False))
        pruned.pop(RUN, None)
        return pending, failed, pruned

    def _waiting(self, name: str, path: bytes) -> list[Key]:
        """Name the innermost gates that wait for what stands here."""
        around = [unite for unite, region in self._layout.region.items() if name in region]
        inner = [u for u in around if not any(other in self._layout.region[u] for other in around)]
        return self._at(inner, path) or [RUN]

    def _blamed(self, name: str, path: bytes, *, branch: bool) -> list[Key]:
        return self._at(self._layout.counting(name, branch=branch), path) or [RUN]

    def _at(self, unites: Any, path: bytes) -> list[Key]:
        return [(unite, path[: 4 * len(self._layout.opened_at(unite))]) for unite in unites]

    def _recount_nodes(self, states: Sequence[Any]) -> None:
        columns = ("success", "errored", "next_created_error", "pruned", "retry_created")
        stored = self._rows(
            f"SELECT n.identifier, total, {', '.join(columns)} FROM node_count JOIN template_node AS n ON n.id = node"
        )
        tally = Counter((name, status.lower()) for _, name, _, status in states)
        totals = Counter(name for _, name, _, _ in states)
        for name, total, *counts in stored:
            assert (total, counts) == (totals[name], [tally[name, column] for column in columns])


class Worker:
    """Works on one run in a random order, and has it recounted after every exchange."""

    def __init__(self, case: Case, manager: EmbeddedManager, connection: sqlite3.Connection, clock: Clock) -> None:
        self._case, self._manager, self._clock = case, manager, clock
        self._random = Random(case.order)
        self._requeued: Counter[int] = Counter()
        self._held: list[Claim] = []
        self._old: list[Report] = []
        self.audit = Audit(connection, case.template.nodes)

    def work(self) -> str:
        """Trigger the run and work until it has ended; return its status."""
        manager, template = self._manager, self._case.template
        manager.upsert(template)
        trigger = Trigger(template.namespace, template.name, self._case.run_inputs, self._case.store)
        (run_id,) = manager.trigger([trigger])
        self._session = manager.open_session("one", serves(template))
        for _ in range(2_000):
            self._step()
            if manager.run(run_id).status != "RUNNING":
                return manager.run(run_id).status
        raise AssertionError("the run does not end")

    def _step(self) -> None:
        if self._random.random() < 0.03:
            self._manager.close_session(self._session)
            self._held.clear()
            self._session = self._manager.open_session("again", serves(self._case.template))
        self._random.shuffle(self._held)
        count = self._random.randint(0, len(self._held))
        told = [Report(claim.state_id, claim.lease, self._result(claim)) for claim in self._held[:count]]
        old = self._old if self._random.random() < 0.1 else []
        capacity = self._random.choice((0, 1, 2, 7, 50))
        answer = self._manager.exchange(self._session, [*told, *old], capacity)
        self.audit.check()
        assert len(answer.claims) <= capacity
        assert sorted(answer.refused) == sorted(report.state_id for report in old)
        self._old = told[:2] or self._old
        self._held = self._held[count:] + list(answer.claims)
        if not self._held:
            self._clock.now_ms += answer.next_due_ms or 0

    def _result(self, claim: Claim) -> Result:
        if self._random.random() < 0.03:
            return Released()
        inputs, times = json.loads(claim.inputs), self._requeued[claim.state_id]
        deed = self._case.act(claim.identifier, inputs, claim.retry_count, times)
        if isinstance(deed, Fail):
            return fail(retryable=deed.retryable)
        writes = [StoreWrite(*write) for write in deed.writes]
        if isinstance(deed, Give):
            return give(*deed.outputs, writes=writes)
        if isinstance(deed, Prune):
            return prune(writes, **deed.data)
        self._requeued[claim.state_id] += 1
        return requeue(deed.after_ms, writes)


def audited(case: Case) -> int:
    """Work one case to its end; return how often it was recounted."""
    clock = Clock()
    database = Sqlite(":memory:")
    with closing(EmbeddedManager(database, clock=clock, seed=case.order)) as manager:
        worker = Worker(case, manager, database.connection, clock)
        try:
            assert worker.work() in ("SUCCESS", "FAILED")
        except GraphInvalid:
            assume(False)
        assert database.connection.execute("SELECT pending FROM run").fetchall() == [(0,)]
    return worker.audit.checked


@pytest.fixture(scope="module", params=["whole", "in parts"])
def fanouts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Record fanouts whole, or the wide ones (of more than two outputs, here) in parts."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "in parts":
            patch.setattr(settle, "WIDE", 2)
            patch.setattr(writes, "SPILL_PART", 2)
        yield


@pytest.mark.usefixtures("fanouts")
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_counters_say_what_the_states_say_after_every_transaction(case: Case) -> None:
    assert audited(case) > 0
