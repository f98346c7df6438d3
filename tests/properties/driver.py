"""Drives the real state manager through one run, as a runtime would, but in a random order.

It answers in batches of random size, now and then repeats an old report, hands states back, or
leaves and comes again. Time passes only when it says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from exodsl.engine.reports import (
    Claim,
    ErrorInfo,
    Executed,
    Failed,
    Pruned,
    Released,
    Report,
    Requeued,
    Result,
    StoreWrite,
)
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, StateManager, Trigger
from exodsl.template.models import GraphTemplate
from tests.properties.bodies import Act, Deed, Fail, Prune, Requeue, Write
from tests.properties.outcome import Outcome
from tests.properties.reading import Reader


class Clock:
    """Milliseconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


class Driver:
    """One run in one state manager, and the runtime that works on it."""

    def __init__(self, manager: StateManager, clock: Clock, template: GraphTemplate, act: Act, order: int) -> None:
        self._manager = manager
        self._clock = clock
        self._template = template
        self.act = act
        self._random = Random(order)
        self._held: list[Claim] = []
        self._requeued: Counter[int] = Counter()
        self._stale: list[Report] = []
        self.reader = Reader(manager, template, set())
        names = frozenset(node.node_name for node in template.nodes)
        self._serves = Serves({(template.namespace, template.name): names})
        self._session = manager.open_session("first", self._serves)

    def run(self, run_inputs: Mapping[str, Any], store: Mapping[str, Any]) -> Outcome:
        """Trigger the graph, work until its run has ended, and read what is left of it."""
        run_id = self.start(run_inputs, store)
        self.work(run_id)
        self._manager.close_session(self._session)
        return self.reader.outcome(run_id)

    def start(self, run_inputs: Mapping[str, Any], store: Mapping[str, Any]) -> str:
        """Trigger the graph."""
        graph = self._template
        self._manager.upsert(graph)
        [run_id] = self._manager.trigger([Trigger(graph.namespace, graph.name, run_inputs, store)])
        return run_id

    def work(self, run_id: str) -> None:
        """Work until the run has ended."""
        while self._manager.run(run_id).status == "RUNNING":
            self._step(run_id)

    # --- working ----------------------------------------------------------------------------------

    def _step(self, run_id: str) -> bool:
        """Exchange once; say whether the run has ended."""
        self._sometimes_leave()
        reports = self._answers()
        repeated = self._sometimes_repeat()
        answer = self._manager.exchange(self._session, [*reports, *repeated], self._random.choice((0, 1, 2, 7, 50)))
        assert answer.refused == tuple(report.state_id for report in repeated), "only stale reports are refused"
        self._stale = (self._stale + reports)[-5:]
        self._held += answer.claims
        self.reader.ran.update(claim.state_id for claim in answer.claims)
        if run_id in answer.ended_runs:
            assert not self._held, "the run ended while its states were being worked on"
            return True
        if not self._held and not reports and not answer.claims:
            self._wait(run_id, answer.next_due_ms)
        return False

    def _wait(self, run_id: str, due_ms: int | None) -> None:
        # Nothing was asked for when the capacity was 0: ask once more before time passes.
        answer = self._manager.exchange(self._session, [], 1)
        self._held += answer.claims
        self.reader.ran.update(claim.state_id for claim in answer.claims)
        if self._held:
            return
        assert due_ms is not None, f"the run {run_id} waits for nothing, and goes on"
        self._clock.now_ms += max(due_ms, 1)

    def _answers(self) -> list[Report]:
        self._random.shuffle(self._held)
        count = self._random.randint(0, len(self._held)) if self._random.random() < 0.7 else len(self._held)
        answered, self._held = self._held[:count], self._held[count:]
        return [Report(claim.state_id, claim.lease, self._result(claim)) for claim in answered]

    def _result(self, claim: Claim) -> Result:
        if self._random.random() < 0.03:
            return Released()
        inputs = json.loads(claim.inputs)
        deed = self.act(claim.identifier, inputs, claim.retry_count, self._requeued[claim.state_id])
        if isinstance(deed, Requeue):
            self._requeued[claim.state_id] += 1
        return reported(deed)

    def _sometimes_repeat(self) -> list[Report]:
        return [self._random.choice(self._stale)] if self._stale and self._random.random() < 0.1 else []

    def _sometimes_leave(self) -> None:
        if self._random.random() < 0.02:
            self._manager.close_session(self._session)
            # What was held is anybody's now: a late report of it must change nothing.
            self._stale = [Report(claim.state_id, claim.lease, Pruned()) for claim in self._held]
            self._held.clear()
            self._session = self._manager.open_session("again", self._serves)


def reported(deed: Deed) -> Result:
    """Return what a runtime reports of a body that did this."""
    if isinstance(deed, Fail):
        return Failed(ErrorInfo("tests.Broken", "broken on purpose"), deed.retryable)
    writes = tuple(_written(write) for write in deed.writes)
    if isinstance(deed, Requeue):
        return Requeued(deed.after_ms, writes)
    if isinstance(deed, Prune):
        return Pruned(json.dumps(deed.data), writes)
    return Executed([json.dumps(output) for output in deed.outputs], writes)


def _written(write: Write) -> StoreWrite:
    op, key, value = write
    return StoreWrite(op, key, value)


def drive(
    template: GraphTemplate,
    act: Act,
    run_inputs: Mapping[str, Any],
    store: Mapping[str, Any],
    order: int = 0,
    uri: str = ":memory:",
) -> Outcome:
    """Return how a run ends in the embedded state manager; `order` decides what is left to chance."""
    clock = Clock()
    manager = open_manager(uri, clock=clock)
    try:
        return Driver(manager, clock, template, act, order).run(run_inputs, store)
    finally:
        manager.close()
