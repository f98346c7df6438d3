"""A run replayed: counts at any moment add up, and at the end they are those of the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from exodsl.manager.inspection import History, NodeHistory
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import NodeProgress
from exodsl_tui.replay import BUCKETS, Replay, replayed
from tests.manager.byhand import ByHand
from tests.tui import samples

START = datetime(2027, 1, 15, tzinfo=UTC)
WORK = NodeHistory(
    "work",
    created=(3, 1, 0, 0),
    started=(2, 1, 0, 1),
    running=(2, 3, 0, 1),
    ended={"SUCCESS": (0, 2, 0, 1), "RETRY_CREATED": (1, 0, 0, 0)},
    first_at=START,
    last_at=START + timedelta(seconds=35),
)


@pytest.fixture
def replay() -> Replay:
    """Return four buckets of ten seconds of one node."""
    return Replay(History(START, 10_000, 4, (WORK,)))


def progress(total: int, live: int, success: int, retried: int) -> NodeProgress:
    return NodeProgress("work", total, live, success, 0, 0, 0, retried, 0)


def test_counts_at_a_moment_are_what_had_happened_by_then(replay: Replay) -> None:
    found = [replay.at(bucket)[0] for bucket in range(4)]

    assert found == [progress(3, 2, 0, 1), progress(4, 1, 2, 1), progress(4, 1, 2, 1), progress(4, 0, 3, 1)]


def test_a_bucket_ends_at_its_moment_and_a_moment_lies_in_its_bucket(replay: Replay) -> None:
    assert replay.moment(1) == START + timedelta(seconds=20)
    assert [replay.bucket(START + timedelta(seconds=at)) for at in (-5, 0, 19.9, 20, 999)] == [0, 0, 1, 2, 3]


def test_it_is_idle_where_nothing_happened_and_nothing_was_at_work(replay: Replay) -> None:
    assert replay.busy == [True, True, False, True]


def test_throughput_is_what_ended(replay: Replay) -> None:
    assert replay.throughput == [1, 2, 0, 1]


@pytest.mark.parametrize("sample", [samples.going, samples.ended, samples.nested, samples.done])
def test_at_the_end_every_count_is_that_of_the_run(
    sample: Callable[..., ByHand], start: Callable[..., ByHand], manager: StateManager
) -> None:
    run = sample(start)
    replay = Replay(manager.history(run.run_id, buckets=50))

    assert replay.at(49) == manager.progress(run.run_id)


@pytest.mark.parametrize("sample", [samples.going, samples.ended, samples.nested])
def test_counts_of_what_ended_never_fall(
    sample: Callable[..., ByHand], start: Callable[..., ByHand], manager: StateManager
) -> None:
    replay = Replay(manager.history(sample(start).run_id, buckets=50))
    ended = [[node.total - node.live for node in replay.at(bucket)] for bucket in range(50)]

    assert all(before <= after for one, other in pairwise(ended) for before, after in zip(one, other, strict=True))
    assert all(node.live >= 0 for bucket in range(50) for node in replay.at(bucket))


def test_a_pause_of_hours_is_folded(start: Callable[..., ByHand], manager: StateManager) -> None:
    run = manager.run(samples.ended(start).run_id)
    replay = replayed(manager, run, nodes=7)

    assert list(replay.axis(60).gaps().values()) == ["//1h59m//"]


def test_what_is_left_of_a_run_that_waited_for_hours_is_seen_in_short_buckets(
    start: Callable[..., ByHand], manager: StateManager
) -> None:
    run = manager.run(samples.ended(start).run_id)
    replay = replayed(manager, run, nodes=7)

    assert replay.history.bucket_ms < 1_000
    assert replay.at(replay.buckets - 1) == manager.progress(run.run_id)


def test_a_run_that_was_busy_all_the_time_is_looked_at_once(
    start: Callable[..., ByHand], manager: StateManager
) -> None:
    run = manager.run(samples.nested(start).run_id)

    assert replayed(manager, run, nodes=5).history.buckets == BUCKETS
