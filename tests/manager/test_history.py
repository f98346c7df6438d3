"""How a run went over time: what each node did in each bucket, and which bodies took longest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from exodsl.engine.reports import Report, Usage
from exodsl.errors import InputInvalid
from exodsl.manager.inspecting import history
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import moment
from tests.manager.byhand import NOTHING, ByHand, Clock, fail, numbers, report
from tests.manager.conftest import Begin

SHAPE = "split* > work, work > end"


@pytest.fixture(params=[history.CHUNK, 2], autouse=True)
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at as many states at once as usual, or at very few."""
    monkeypatch.setattr(history, "CHUNK", request.param)


def worked(run: Begin, clock: Clock) -> ByHand:
    """Split into 4 at 0 s; of those 2 end well after 10 s, one fails after 20 s, one after 90 s; each began at 0 s."""
    begun = run(SHAPE, unites={"end": "split!"})
    begun.exchange(report(begun.take()[0], numbers(4)), capacity=4)
    first, second, third, fourth = begun.held
    clock.now_ms += 10_000
    begun.exchange(report(first), report(second), capacity=0)
    clock.now_ms += 10_000
    begun.exchange(report(third, fail()), capacity=0)
    clock.now_ms += 70_000
    begun.exchange(report(fourth, fail()), capacity=0)
    return begun


def test_each_node_tells_what_it_did_in_each_bucket(run: Begin, manager: StateManager, clock: Clock) -> None:
    start = clock.now_ms
    begun = worked(run, clock)
    clock.now_ms += 9_999
    told = manager.history(begun.run_id, buckets=10)
    work = told.nodes[1]

    assert (told.start, told.bucket_ms, told.buckets) == (moment(start), 10_000, 10)
    assert work.created == work.started == (4, *[0] * 9)
    assert work.running == (4, 4, 2, 1, 1, 1, 1, 1, 1, 1)
    assert work.ended == {"SUCCESS": (0, 2, *[0] * 8), "ERRORED": (0, 0, 1, *[0] * 6, 1)}
    assert (work.first_at, work.last_at) == (moment(start), moment(start + 90_000))


def test_a_node_that_was_not_reached_is_there_without_anything(run: Begin, manager: StateManager) -> None:
    begun = run("a > b")
    node = manager.history(begun.run_id, buckets=2).nodes[1]

    assert (node.created, node.started, node.running, node.ended) == ((0, 0), (0, 0), (0, 0), {})
    assert (node.first_at, node.last_at) == (None, None)


def test_a_history_has_every_state_once(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = worked(run, clock)
    begun.work()
    told = manager.history(begun.run_id, buckets=7)

    assert sum(sum(node.created) for node in told.nodes) == len(begun.states())
    assert sum(sum(sum(ended) for ended in node.ended.values()) for node in told.nodes) == len(begun.states())


def test_a_rerun_begins_when_its_first_state_did(run: Begin, manager: StateManager, clock: Clock) -> None:
    start = clock.now_ms
    begun = worked(run, clock)
    begun.work()
    again = manager.rerun(begun.run_id, begun.states("work")[2].state_id).run_id

    assert manager.history(again).start == moment(start)


@pytest.mark.parametrize("buckets", [0, -3, 10_001])
def test_a_history_of_no_buckets_is_refused(run: Begin, manager: StateManager, buckets: int) -> None:
    begun = run("a > b")
    with pytest.raises(InputInvalid, match="buckets"):
        manager.history(begun.run_id, buckets=buckets)


def test_the_slowest_come_first_and_what_runs_counts_up_to_now(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = worked(run, clock)
    manager.retry(begun.run_id, [begun.states("work")[3].state_id])
    begun.take()
    clock.now_ms += 15_000
    found = manager.slowest(begun.run_id, "work", limit=3)
    took = [(state.finished_at or moment(clock.now_ms)) - (state.started_at or moment(0)) for state in found]

    assert took == [timedelta(seconds=90), timedelta(seconds=20), timedelta(seconds=15)]
    assert [state.status for state in found] == ["RETRY_CREATED", "ERRORED", "QUEUED"]


def test_activity_tells_what_runs_and_waits(run: Begin, manager: StateManager, clock: Clock) -> None:
    start = clock.now_ms
    begun = run(SHAPE, unites={"end": "split!"})
    begun.exchange(report(begun.take()[0], numbers(5)), capacity=2)
    clock.now_ms += 1_000
    _, work, end = manager.activity(begun.run_id)

    assert (work.running, work.waiting) == (2, 3)
    assert (work.next_due, work.oldest_running, work.median_ms) == (moment(start), moment(start), None)
    assert (end.running, end.waiting, end.next_due) == (0, 0, None)


def test_activity_knows_how_long_bodies_take(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = run(SHAPE, unites={"end": "split!"})
    begun.exchange(report(begun.take()[0], numbers(5)), capacity=5)
    clock.now_ms += 1_000
    ran: list[Any] = [
        Report(claim.state_id, claim.lease, NOTHING, Usage(ran_ms))
        for claim, ran_ms in zip(begun.held, (5, 10, 30, 400, 900), strict=True)
    ]
    begun.exchange(*ran, capacity=0)

    assert manager.activity(begun.run_id)[1].median_ms == 30
