"""The clock is set while runtimes are at work, or their machine sleeps (semantics 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from exodsl import Context, Graph, Requeue, RetryPolicy, Runtime, Store, collect, inject, node
from exodsl.api import running
from exodsl.engine.reports import Claim
from exodsl.manager.embedded import system_clock
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl.manager.sessions import LEASE_MS, LOOK_MS
from tests.faults.outcome import outcome
from tests.manager.byhand import ByHand, Clock, begin, draw, report, serves

HOUR = 3_600_000
ONE = draw("root")


class SetClock:
    """The time of this machine, and by how much it was set."""

    by_ms = 0

    def __call__(self) -> int:
        return system_clock() + self.by_ms


class Ledger(BaseModel):
    worked: int = 0
    asked: int = 0


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when a test says so."""
    return Clock()


@dataclass
class Two:
    """Two runtimes that have been there for a while: the first holds the only state of a run."""

    first: ByHand
    manager: StateManager
    second: int

    def take(self) -> list[Claim]:
        """Let the second one claim what it can have."""
        return list(self.manager.exchange(self.second, [], 10).claims)


@pytest.fixture(params=[-HOUR, HOUR], ids=["back", "forward"])
def two(request: pytest.FixtureRequest, file: Path, clock: Clock) -> Iterator[Two]:
    """Two runtimes as in two processes; the clock was set just now."""
    managers = [open_manager(str(file), durability="normal", clock=clock) for _ in range(2)]
    found = Two(begin(managers[0], clock, ONE), managers[1], managers[1].open_session("second", serves(ONE)))
    for _ in range(4):
        found.first.take()
        found.take()
        clock.now_ms += LOOK_MS
    clock.now_ms += request.param
    yield found
    for manager in managers:
        manager.close()


def ten(set_clock: Callable[[], None]) -> Graph[Any, Any]:
    """Return a graph whose bodies wait for a retry and a requeue when one of them sets the clock."""

    @node
    def numbers() -> list[int]:
        return list(range(10))

    @node
    def work(number: int, ledger: Store[Ledger] = inject(), context: Context = inject()) -> int:
        ledger.add("worked", 1)
        if number == 0 and context.retry_count == 0:
            raise ConnectionError("not yet")
        if number == 1 and ledger.read().asked == 0:
            ledger.add("asked", 1)
            raise Requeue(timedelta(milliseconds=50))
        if number == 2:
            set_clock()
        return number

    @node
    def total(found: list[int]) -> int:
        return sum(found)

    graph = Graph("ten", store=Ledger, keep_store=True, retry=RetryPolicy(strategy="FIXED", backoff_factor=50))
    graph.connect(numbers, work, number=numbers.outputs)
    graph.connect(work, total, found=collect(work.outputs)).unites(numbers)
    return graph


@pytest.mark.timeout(30)
@pytest.mark.parametrize("by_ms", [-HOUR, HOUR])
def test_a_run_goes_on_at_once_when_the_clock_is_set(file: Path, by_ms: int) -> None:
    """What is due and unclaimed stays due, and no retry or requeue waits for an hour."""
    clock = SetClock()
    graph = ten(lambda: setattr(clock, "by_ms", by_ms))
    manager = open_manager(str(file), durability="normal", clock=clock)
    runtime = Runtime(graphs=[graph], manager=manager, workers=1, batch_size=1, runs_ended=lambda ended: runtime.stop())
    run_id = running.begin(manager, graph, None).run_id
    runtime.start()
    found = outcome(manager, run_id)
    manager.close()

    assert (found.status, found.store) == ("SUCCESS", {"worked": 11, "asked": 1})
    assert found.states[-1]["outputs"] == {"result": 45}


def test_a_runtime_that_is_there_keeps_what_it_holds(two: Two, clock: Clock) -> None:
    (root,) = two.first.held
    for _ in range(2 * LEASE_MS // LOOK_MS):
        assert two.take() == []
        clock.now_ms += LOOK_MS
        two.first.take()

    assert two.first.exchange(report(root)).refused == ()


def test_a_silent_runtime_loses_what_it_holds_after_one_lease(two: Two, clock: Clock) -> None:
    (root,) = two.first.held
    taken = two.take()
    for _ in range(LEASE_MS // LOOK_MS + 2):
        clock.now_ms += LOOK_MS
        taken += two.take()

    assert [claim.state_id for claim in taken] == [root.state_id]
    assert two.first.exchange(report(root)).refused == (root.state_id,)
