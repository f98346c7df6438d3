"""Counters against a recount: after every transaction the gates say what the states say (semantics 4)."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings

from exodsl.database.sqlite import Sqlite
from exodsl.engine.reports import Claim, Released, Report, Result, StoreWrite
from exodsl.errors import GraphInvalid
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import Trigger
from tests.manager.audit import Audit, in_parts
from tests.manager.byhand import Clock, fail, give, prune, requeue, serves
from tests.properties.bodies import Fail, Give, Prune
from tests.properties.graphs import Case, cases


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
    """Record fanouts whole, or the wide ones in parts."""
    with in_parts() if request.param == "in parts" else nullcontext():
        yield


@pytest.mark.usefixtures("fanouts")
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_counters_say_what_the_states_say_after_every_transaction(case: Case) -> None:
    assert audited(case) > 0
