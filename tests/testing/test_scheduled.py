"""Schedules in tests: real ticks, on a clock that goes from one to the next (semantics 9)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from exodsl import DefinitionError, Graph, Requeue, RetryPolicy, StateManager, Store, inject, node
from exodsl.errors import RunStuck, SettingInvalid
from exodsl.runtime.endings import observe_endings
from exodsl.testing import FakeClock, ScheduledRuns, fail, run_scheduled
from exodsl.testing.coverage import Coverage

HOURLY = "0 * * * *"
DAY = timedelta(days=1)
ONCE = RetryPolicy(max_retries=0)


@node
def sweep() -> str:
    return "clean"


@node
async def linger() -> str:
    await anyio.sleep(150 * 60)
    return "clean"


class Counts(BaseModel):
    seen: int = 0


@node
def note(store: Store[Counts] = inject()) -> None:
    store.add("seen", 1)


def scheduled(*crons: str, body: Any = sweep, **options: Any) -> Graph[Any, Any]:
    """Return a graph of one node, with schedules that all have the same options."""
    graph = Graph("sweeping", retry=ONCE)
    graph.start(body)
    for cron in crons or (HOURLY,):
        graph.schedule(cron, **options)
    return graph


def told(runs: ScheduledRuns, shown: str = "%H:%M") -> list[str]:
    """Return the ticks, each with its time of day and what became of it."""
    return [f"{tick.at:{shown}} {tick.outcome}" for tick in runs.ticks()]


def test_each_tick_starts_a_run_at_its_time() -> None:
    runs = run_scheduled(scheduled("0 9 * * MON-FRI"), clock=FakeClock("2026-01-01T00:00:00Z"), until=timedelta(days=7))

    assert told(runs, "%a %H:%M") == [f"{day} 09:00 STARTED" for day in ("Thu", "Fri", "Mon", "Tue", "Wed")]
    assert [run.status for run in runs.runs] == ["SUCCESS"] * 5
    assert [run.view.created_at for run in runs.runs] == [tick.at for tick in runs.ticks()]


@pytest.mark.parametrize("until", [timedelta(hours=2), "2026-01-01T02:00:00Z", datetime(2026, 1, 1, 2, tzinfo=UTC)])
def test_a_tick_at_the_very_end_counts(until: timedelta | datetime | str) -> None:
    runs = run_scheduled(scheduled(), until=until)

    assert told(runs) == ["01:00 STARTED", "02:00 STARTED"]
    assert (runs.clock.elapsed, runs.runs[1].output(sweep)) == (7200, "clean")


def test_nobody_waits_for_a_tick_that_comes_later() -> None:
    runs = run_scheduled(scheduled("0 0 1 1 *"), until=DAY)

    assert (runs.runs, runs.clock.elapsed) == ([], DAY.total_seconds())


@pytest.mark.parametrize(
    ("day", "ticks"),
    [
        ("2026-03-29", ["03:00+0200 STARTED"]),  # clocks go from 02:00 to 03:00
        ("2026-10-25", ["02:30+0200 STARTED"]),  # and from 03:00 back to 02:00
    ],
)
def test_a_day_on_which_clocks_are_changed_has_one_tick(day: str, ticks: list[str]) -> None:
    berlin = scheduled("30 2 * * *", tz="Europe/Berlin")

    runs = run_scheduled(berlin, clock=FakeClock(f"{day}T00:00:00Z"), until=timedelta(hours=20))

    assert told(runs, "%H:%M%z") == ticks


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_an_hourly_schedule_ticks_every_hour_on_such_a_day(day: str) -> None:
    runs = run_scheduled(scheduled(tz="Europe/Berlin"), clock=FakeClock(f"{day}T00:30:00+01:00"), until=DAY)

    assert len(runs.runs) == 24


@pytest.mark.parametrize(
    ("overlap", "ticks", "statuses"),
    [
        ("skip", ["STARTED", "SKIPPED", "SKIPPED", "STARTED"], ["SUCCESS", "SUCCESS"]),
        ("queue", ["STARTED", "STARTED", "STARTED", "QUEUED"], ["SUCCESS", "SUCCESS", "RUNNING"]),
        ("cancel_previous", ["STARTED"] * 4, ["CANCELLED"] * 3 + ["RUNNING"]),
        ("allow", ["STARTED"] * 4, ["SUCCESS"] * 2 + ["RUNNING"] * 2),
    ],
)
def test_ticks_meet_a_run_whose_body_is_still_at_work(overlap: str, ticks: list[str], statuses: list[str]) -> None:
    graph = scheduled("0 1-4 * * *", body=linger, overlap=overlap)

    runs = run_scheduled(graph, until=timedelta(hours=4, minutes=5))

    assert [tick.outcome for tick in runs.ticks()] == ticks
    assert [run.status for run in runs.runs] == statuses


def test_a_queue_is_worked_off_one_run_at_a_time() -> None:
    runs = run_scheduled(scheduled("0 1-3 * * *", body=linger, overlap="queue"), until=timedelta(hours=20))

    assert [f"{run.view.created_at:%H:%M}" for run in runs.runs] == ["01:00", "03:30", "06:00"]


def test_a_sync_body_meets_ticks_too_when_it_moves_the_clock() -> None:
    clock = FakeClock()

    def sweep_for_two_hours() -> str:
        clock.advance(2 * 3600)
        return "clean"

    runs = run_scheduled(scheduled(), clock=clock, fake={sweep: sweep_for_two_hours}, until=timedelta(hours=4))

    assert told(runs) == [f"0{hour}:00 {'STARTED' if hour in (1, 4) else 'SKIPPED'}" for hour in range(1, 7)]


def test_a_run_that_waits_for_its_retry_still_goes_on() -> None:
    graph = Graph("retried", retry=RetryPolicy(max_retries=3, strategy="FIXED", backoff_factor=45 * 60_000))
    graph.start(sweep)
    graph.schedule(HOURLY)

    runs = run_scheduled(graph, fake={sweep: fail(sweep, times=2)}, until=timedelta(hours=3))

    assert told(runs) == ["01:00 STARTED", "02:00 SKIPPED", "03:00 STARTED"]
    assert [run.status for run in runs.runs] == ["SUCCESS", "RUNNING"]


@pytest.mark.parametrize(
    ("catch_up", "ticks"),
    [
        ("none", ["01:00 STARTED", "05:00 MISSED", "06:00 STARTED"]),
        ("latest", ["01:00 STARTED", "04:00 MISSED", "05:00 STARTED", "06:00 STARTED"]),
        ("all", [f"0{hour}:00 STARTED" for hour in range(1, 7)]),
    ],
)
def test_what_was_missed_while_nobody_was_there_is_caught_up(catch_up: str, ticks: list[str]) -> None:
    runs = run_scheduled(scheduled(catch_up=catch_up, overlap="allow"), until=timedelta(hours=1))

    runs.stay_away(timedelta(hours=4, minutes=30))
    runs.serve(timedelta(minutes=30))

    assert told(runs) == ticks


def test_schedules_of_one_graph_tick_side_by_side() -> None:
    runs = run_scheduled(scheduled("0 6 * * *", "0 */12 * * *"), until=DAY)

    assert told(runs) == ["06:00 STARTED", "12:00 STARTED", "00:00 STARTED"]
    assert [f"{tick.at:%H}" for tick in runs.ticks("0 */12 * * *")] == ["12", "00"]


def test_each_run_can_be_told_with_its_store() -> None:
    graph = Graph("noting", store=Counts)
    graph.start(note)
    graph.schedule(HOURLY)

    runs = run_scheduled(graph, until=timedelta(hours=2))

    assert [run.store() for run in runs.runs] == [{"seen": 1}] * 2
    assert "  store seen += 1" in runs.runs[1].transcript().splitlines()


def test_a_graph_without_a_schedule_is_refused() -> None:
    graph = Graph("plain")
    graph.start(sweep)

    with pytest.raises(DefinitionError, match=r'Graph "plain" has no schedule.*write graph.schedule\("0 9 \* \* \*"\)'):
        run_scheduled(graph, until=DAY)


@pytest.mark.parametrize("until", [timedelta(seconds=-1), "2025-12-31T00:00:00Z"])
def test_an_end_that_is_past_is_refused(until: timedelta | str) -> None:
    with pytest.raises(SettingInvalid, match=r"is past: it is 2026-01-01T00:00:00\+00:00 already"):
        run_scheduled(scheduled(), until=until)


def test_runs_that_never_end_are_an_error() -> None:
    @node
    def never() -> None:
        raise Requeue(after=timedelta(seconds=1))

    with pytest.raises(RunStuck, match=r"1 went on, and in the last 50 exchanges none began or ended"):
        run_scheduled(scheduled(body=never), until=DAY, limit=50)


def test_it_works_where_an_event_loop_is_running() -> None:
    async def inside() -> int:
        return len(run_scheduled(scheduled(), until=DAY).runs)

    assert anyio.run(inside) == 24


def test_runs_in_a_file_are_there_afterwards(tmp_path: Any) -> None:
    runs = run_scheduled(scheduled(), until=timedelta(hours=2), db=tmp_path / "runs.db")
    runs.close()
    manager = StateManager.open(tmp_path / "runs.db")

    assert [run.status for run in manager.runs().items] == ["SUCCESS", "SUCCESS"]
    manager.close()


@pytest.fixture
def watch() -> Iterator[Callable[[], list[str]]]:
    """Counts the runs that end in this test, for coverage."""
    coverage = Coverage()
    stop = observe_endings(coverage.add)
    yield lambda: list(coverage.lines())
    stop()


def test_scheduled_runs_count_for_coverage(watch: Callable[[], list[str]]) -> None:
    run_scheduled(scheduled(), until=timedelta(hours=1))

    assert watch()[0] == "default/sweeping: 1 of 2 ways taken, 50 %"
