"""A body that takes too long fails at its deadline, wherever it runs (semantics 10)."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import anyio
import pytest

from exodsl import Graph, RetryPolicy, collect, node
from exodsl.manager.protocol import StateManager as Manager

SOON = timedelta(milliseconds=50)
ONCE = RetryPolicy(max_retries=0)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Holds sync bodies back until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_an_async_body_is_cancelled_at_its_deadline(manager: Manager) -> None:
    cleaned: list[str] = []

    @node(timeout=SOON, retry=ONCE)
    async def waits() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cleaned.append("yes")

    graph = Graph("async-timeout")
    graph.start(waits)
    run = graph.run(db=manager)

    assert (run.status, cleaned) == ("FAILED", ["yes"])
    assert run.error is not None
    assert '"waits" took longer than 0.05 s.' in run.error


def test_a_timeout_is_retried_by_policy(manager: Manager) -> None:
    attempts: list[int] = []

    @node(timeout=SOON, retry=RetryPolicy(max_retries=2, backoff_factor=1, retry_on=(TimeoutError,)))
    async def waits_once() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            await anyio.sleep_forever()
        return len(attempts)

    graph = Graph("retried")
    graph.start(waits_once)

    assert graph.run(db=manager).output(waits_once) == 2


def test_a_sync_body_is_reported_at_its_deadline_and_a_process_is_offered(
    manager: Manager, release: threading.Event
) -> None:
    @node(timeout=SOON, retry=ONCE)
    def hangs() -> None:
        release.wait(60)

    graph = Graph("sync-timeout")
    graph.start(hangs)
    run = graph.run(db=manager)

    (state,) = run.states(hangs)
    assert state.error is not None
    assert (state.status, state.error.type) == ("ERRORED", "builtins.TimeoutError")
    assert 'executor="process"' in state.error.message


def test_bodies_that_hang_in_threads_do_not_starve_the_others(manager: Manager, release: threading.Event) -> None:
    @node
    def numbers(count: int) -> list[int]:
        return list(range(count))

    @node(timeout=SOON, retry=ONCE)
    def hangs_at_times(number: int) -> int:
        if number < 3:
            release.wait(60)
        return number

    graph = Graph("starving")
    graph.connect(numbers, hangs_at_times, number=numbers.outputs)
    run = graph.run(count=6, db=manager, workers=1)

    assert run.outputs(hangs_at_times) == [3, 4, 5]


def test_what_a_body_returns_after_its_deadline_is_dropped(manager: Manager, release: threading.Event) -> None:
    returned = threading.Event()

    @node
    def one() -> list[int]:
        return [1]

    @node(timeout=SOON, retry=ONCE)
    def late(number: int) -> str:
        release.wait(60)
        returned.set()
        return "late"

    @node
    def waits_for_it(found: list[str]) -> bool:
        release.set()
        return returned.wait(60)

    graph = Graph("late")
    graph.connect(one, late, number=one.outputs)
    graph.connect(late, waits_for_it, found=collect(late.outputs)).unites(one, strategy="ALL_DONE")
    run = graph.run(db=manager)

    assert (run.output(waits_for_it), run.outputs(late)) == (True, [])
