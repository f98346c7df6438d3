"""Schedules: which ticks start runs, whoever is there and whatever the clock does (semantics 9)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exodsl.errors import GraphInvalid, ScheduleNotFound, TransitionRefused
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Exchange, Serves, StateManager, Trigger
from exodsl.manager.views import RunView, ScheduleView, TickView
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import Clock, draw, report, serves

MINUTE, DAY = 60_000, 86_400_000
HOURLY = "0 * * * *"
SINCE = "since the tick of"


def at(text: str) -> datetime:
    """Return a moment of the day on which the tests begin."""
    return datetime.fromisoformat(f"2027-01-15T{text}:00+00:00")


def milliseconds(text: str) -> int:
    return int(at(text).timestamp() * 1000)


def scheduled(
    cron: str = HOURLY, *more: str, arrows: str = "root", name: str = "graph", **options: str
) -> GraphTemplate:
    """Return the template of a graph with schedules, all with the same options."""
    triggers = [{"type": "CRON", "value": {"expression": one, **options}} for one in (cron, *more)]
    return draw(arrows, name=name, triggers=triggers)


@dataclass
class Served:
    """A scheduled graph that a runtime serves, from 12:30 on; time passes as a test says."""

    manager: StateManager
    clock: Clock
    template: GraphTemplate
    session: int

    def pass_to(self, text: str) -> Exchange:
        """Let time pass, and the runtime look for work, without taking any."""
        self.clock.now_ms = milliseconds(text)
        return self.look()

    def look(self) -> Exchange:
        """Let the runtime look for work, without taking any."""
        return self.manager.exchange(self.session, [], 0)

    def finish(self) -> int:
        """Do all the work there is, though not what comes of it; return how many bodies ran."""
        claims = self.manager.exchange(self.session, [], 100).claims
        self.manager.exchange(self.session, [report(claim) for claim in claims], 0)
        return len(claims)

    @property
    def schedule(self) -> ScheduleView:
        (one,) = self.manager.schedules()
        return one

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """The last ticks, oldest first, as (time of day, outcome)."""
        return [(f"{tick.at:%H:%M}", tick.outcome) for tick in reversed(self.schedule.last_ticks)]

    @property
    def runs(self) -> list[RunView]:
        """Every run, oldest first."""
        return list(reversed(self.manager.runs(limit=1000).items))

    @property
    def statuses(self) -> list[str]:
        return [run.status for run in self.runs]


Serve = Callable[..., Served]


@pytest.fixture
def serve(manager: StateManager, clock: Clock) -> Serve:
    """Store a scheduled graph at 12:30, and serve it."""

    def started(*crons: str, **options: str) -> Served:
        clock.now_ms = milliseconds("12:30")
        template = scheduled(*crons, **options)
        manager.upsert(template)
        return Served(manager, clock, template, manager.open_session("by hand", serves(template)))

    return started


# --- ticks ----------------------------------------------------------------------------------------


def test_a_tick_starts_one_run_when_its_time_comes_and_not_before(serve: Serve) -> None:
    served = serve()
    before = served.pass_to("12:59")
    served.pass_to("13:00")
    after = served.look()

    assert (before.next_due_ms, after.next_due_ms) == (MINUTE, 0)
    assert served.statuses == ["RUNNING"]
    assert served.schedule.last_ticks == (TickView(at("13:00"), "STARTED", None, served.runs[0].run_id, "RUNNING"),)


def test_a_runtime_knows_when_the_next_tick_is_due_although_there_is_nothing_else(serve: Serve) -> None:
    served = serve()
    served.pass_to("13:00")
    served.finish()

    assert served.look().next_due_ms == 60 * MINUTE


def test_the_run_of_a_tick_is_worked_on_like_any_other(serve: Serve) -> None:
    served = serve()
    served.pass_to("13:00")

    assert served.finish() == 1
    assert [(tick.run_id, tick.run_status) for tick in served.schedule.last_ticks] == [
        (served.runs[0].run_id, "SUCCESS")
    ]


def test_a_schedule_shows_its_next_five_times_in_its_own_zone(serve: Serve) -> None:
    served = serve("0 9 * * MON-FRI", tz="Europe/Berlin")

    assert [time.isoformat() for time in served.schedule.next_times] == [
        "2027-01-18T09:00:00+01:00",
        "2027-01-19T09:00:00+01:00",
        "2027-01-20T09:00:00+01:00",
        "2027-01-21T09:00:00+01:00",
        "2027-01-22T09:00:00+01:00",
    ]


def test_every_schedule_of_a_graph_ticks_for_itself(serve: Serve) -> None:
    served = serve("0 13 * * *", "0,30 13 * * *")
    served.pass_to("13:00")

    assert len(served.runs) == 2
    assert [len(one.last_ticks) for one in served.manager.schedules()] == [1, 1]


def test_any_runtime_starts_the_runs_of_any_graph(serve: Serve) -> None:
    served = serve()
    served.manager.close_session(served.session)
    served.session = served.manager.open_session("another", serves(draw("leaf", name="other")))
    served.pass_to("13:00")

    assert [run.graph for run in served.runs] == ["graph"]


def test_a_runtime_of_one_run_alone_starts_no_other(serve: Serve) -> None:
    served = serve(overlap="allow")
    served.pass_to("13:00")
    served.manager.close_session(served.session)
    served.session = served.manager.open_session("one", serves(served.template, run_id=served.runs[0].run_id))
    answer = served.pass_to("15:00")

    assert (len(served.runs), answer.next_due_ms) == (1, 0)
    assert served.finish() == 1
    assert served.look().next_due_ms is None


def test_a_run_is_of_the_newest_version(serve: Serve) -> None:
    served = serve()
    served.manager.upsert(scheduled(arrows="root > leaf"))
    served.pass_to("13:00")

    assert [run.version for run in served.runs] == [2]


def test_a_tick_whose_run_cannot_start_says_why_and_holds_nothing_up(serve: Serve, clock: Clock) -> None:
    served = serve(arrows="root")
    root = {"root": {"inputs": {"n": "${{ inputs.n }}"}}}
    triggers = [{"type": "CRON", "value": {"expression": HOURLY}}]
    served.manager.upsert(draw("root", name="broken", parts=root, triggers=triggers))
    served.pass_to("13:00")
    broken, sound = served.manager.schedules()

    assert [(tick.outcome, tick.run_id) for tick in broken.last_ticks] == [("FAILED", None)]
    assert 'Graph "broken" cannot start' in str(broken.last_ticks[0].reason)
    assert [tick.outcome for tick in sound.last_ticks] == ["STARTED"]


# --- ticks that were missed, and ticks that meet a run --------------------------------------------

ALL_DAY = ["13:00", "14:00", "15:00", "16:00"]
MISSED = [
    ("none", "skip", [("16:00", "MISSED")], []),
    ("none", "queue", [("16:00", "MISSED")], []),
    ("none", "allow", [("16:00", "MISSED")], []),
    ("none", "cancel_previous", [("16:00", "MISSED")], []),
    ("latest", "skip", [("15:00", "MISSED"), ("16:00", "STARTED")], ["RUNNING"]),
    ("latest", "queue", [("15:00", "MISSED"), ("16:00", "STARTED")], ["RUNNING"]),
    ("latest", "allow", [("15:00", "MISSED"), ("16:00", "STARTED")], ["RUNNING"]),
    ("latest", "cancel_previous", [("15:00", "MISSED"), ("16:00", "STARTED")], ["RUNNING"]),
    ("all", "skip", [("13:00", "STARTED"), ("16:00", "SKIPPED")], ["RUNNING"]),
    ("all", "queue", [("13:00", "STARTED"), *((time, "QUEUED") for time in ALL_DAY[1:])], ["RUNNING"]),
    ("all", "allow", [(time, "STARTED") for time in ALL_DAY], ["RUNNING"] * 4),
    ("all", "cancel_previous", [("15:00", "SKIPPED"), ("16:00", "STARTED")], ["RUNNING"]),
]


@pytest.mark.parametrize(("catch_up", "overlap", "ticks", "statuses"), MISSED)
def test_ticks_that_passed_while_nothing_was_running(
    serve: Serve, catch_up: str, overlap: str, ticks: list[tuple[str, str]], statuses: list[str]
) -> None:
    served = serve(catch_up=catch_up, overlap=overlap)
    served.pass_to("16:30")

    assert (served.ticks, served.statuses) == (ticks, statuses)
    assert served.schedule.next_times[0] == at("17:00")


MEETS = [
    ("skip", "SKIPPED", ["RUNNING"]),
    ("queue", "QUEUED", ["RUNNING"]),
    ("allow", "STARTED", ["RUNNING", "RUNNING"]),
    ("cancel_previous", "STARTED", ["CANCELLED", "RUNNING"]),
]


@pytest.mark.parametrize("catch_up", ["none", "latest", "all"])
@pytest.mark.parametrize(("overlap", "outcome", "statuses"), MEETS)
def test_a_tick_that_comes_while_a_run_goes_on(
    serve: Serve, catch_up: str, overlap: str, outcome: str, statuses: list[str]
) -> None:
    served = serve(catch_up=catch_up, overlap=overlap)
    served.pass_to("13:00")
    served.pass_to("14:00")

    assert served.ticks == [("13:00", "STARTED"), ("14:00", outcome)]
    assert served.statuses == statuses


@pytest.mark.parametrize("overlap", ["skip", "queue", "allow", "cancel_previous"])
def test_a_run_that_has_ended_is_in_nobodys_way(serve: Serve, overlap: str) -> None:
    served = serve(overlap=overlap)
    for hour in ALL_DAY:
        served.pass_to(hour)
        served.finish()

    assert served.ticks == [(hour, "STARTED") for hour in ALL_DAY]
    assert served.statuses == ["SUCCESS"] * 4


def test_a_paused_run_counts_as_one_that_goes_on(serve: Serve) -> None:
    served = serve()
    served.pass_to("13:00")
    served.manager.pause(served.runs[0].run_id)
    served.pass_to("14:00")

    assert served.ticks == [("13:00", "STARTED"), ("14:00", "SKIPPED")]
    assert served.schedule.last_ticks[0].reason == f"run {served.runs[0].run_id} still went on"


def test_runs_of_another_schedule_or_triggered_by_hand_are_in_nobodys_way(serve: Serve) -> None:
    served = serve("0 13 * * *", "0 14 * * *")
    served.pass_to("13:00")
    served.pass_to("14:00")

    assert served.statuses == ["RUNNING", "RUNNING"]


def test_what_a_cancelled_run_was_about_to_be_given_is_not_handed_out(serve: Serve) -> None:
    served = serve(arrows="root > leaf", overlap="cancel_previous")
    served.pass_to("13:00")
    (root,) = served.manager.exchange(served.session, [], 10).claims
    served.clock.now_ms = milliseconds("14:00")
    answer = served.manager.exchange(served.session, [report(root)], 10)

    assert (answer.claims, answer.ended_runs) == ((), {root.run_id: "CANCELLED"})


def test_a_tick_within_a_minute_is_on_time_where_none_is_caught_up(serve: Serve, clock: Clock) -> None:
    served = serve(catch_up="none")
    clock.now_ms = milliseconds("13:01") - 1
    served.look()
    clock.now_ms = milliseconds("14:01")
    served.look()

    assert served.ticks == [("13:00", "STARTED"), ("14:00", "MISSED")]


def test_a_year_of_missed_minutes_is_one_row_and_says_since_when(serve: Serve, clock: Clock) -> None:
    served = serve("* * * * *")
    clock.now_ms += 365 * DAY
    served.look()
    started, missed = served.schedule.last_ticks

    assert (started.outcome, started.at.timestamp() * 1000) == ("STARTED", clock.now_ms)
    assert (missed.outcome, missed.reason) == ("MISSED", f"nothing was running, {SINCE} 2027-01-15T12:31:00+00:00")


def test_many_ticks_to_catch_up_come_in_parts_and_one_after_the_other_at_once(serve: Serve) -> None:
    served = serve("* * * * *", catch_up="all", overlap="allow")
    parts = [served.pass_to("16:50") for _ in range(3)]

    assert [answer.next_due_ms for answer in parts] == [0, 0, 0]
    assert len(served.runs) == 260
    assert served.finish() == 100
    assert served.ticks[-1] == ("16:50", "STARTED")


# --- the queue ------------------------------------------------------------------------------------


def test_a_queue_goes_on_when_the_run_before_has_ended_one_at_a_time_and_oldest_first(serve: Serve) -> None:
    served = serve(overlap="queue", catch_up="all")
    served.pass_to("15:00")
    seen = [served.ticks]
    for _ in range(3):
        served.finish()
        seen.append(served.ticks)

    outcomes = [[outcome for _, outcome in ticks] for ticks in seen]
    assert outcomes == [
        ["STARTED", "QUEUED", "QUEUED"],
        ["STARTED", "STARTED", "QUEUED"],
        ["STARTED", "STARTED", "STARTED"],
        ["STARTED", "STARTED", "STARTED"],
    ]
    assert served.statuses == ["SUCCESS"] * 3


def test_a_new_tick_stands_behind_those_that_wait(serve: Serve) -> None:
    served = serve(overlap="queue")
    for hour in ALL_DAY[:2]:
        served.pass_to(hour)
    served.clock.now_ms = milliseconds("15:00")
    served.finish()

    assert served.ticks == [("13:00", "STARTED"), ("14:00", "STARTED"), ("15:00", "QUEUED")]


def test_a_queue_goes_on_after_a_cancel_here_or_in_another_process(tmp_path: Path, clock: Clock) -> None:
    path = str(tmp_path / "exodsl.db")
    with closing(open_manager(path, clock=clock)) as here, closing(open_manager(path, clock=clock)) as there:
        template = scheduled(overlap="queue")
        clock.now_ms = milliseconds("12:30")
        here.upsert(template)
        served = Served(here, clock, template, here.open_session("here", serves(template)))
        for hour in ALL_DAY[:3]:
            served.pass_to(hour)
        here.cancel(served.runs[0].run_id)
        served.look()
        there.cancel(served.runs[1].run_id)
        served.look()

        assert served.statuses == ["CANCELLED", "CANCELLED", "RUNNING"]


def test_a_run_that_one_process_works_on_alone_lets_the_queue_go_on(serve: Serve) -> None:
    served = serve(overlap="queue")
    served.pass_to("13:00")
    served.pass_to("14:00")
    everything = served.session
    served.session = served.manager.open_session("one", serves(served.template, run_id=served.runs[0].run_id))
    served.finish()
    served.session = everything

    assert served.look().next_due_ms == 0
    assert served.statuses == ["SUCCESS", "RUNNING"]


# --- paused, changed, removed ---------------------------------------------------------------------


def test_a_paused_schedule_does_not_tick_and_catches_nothing_up(serve: Serve) -> None:
    served = serve(catch_up="all", overlap="allow")
    paused = served.manager.pause_schedule(served.schedule.schedule_id)
    served.pass_to("15:30")
    resumed = served.manager.resume_schedule(paused.schedule_id)
    served.pass_to("16:00")

    assert (paused.paused, paused.next_times) == (True, ())
    assert (resumed.paused, resumed.next_times[0]) == (False, at("16:00"))
    assert served.ticks == [("16:00", "STARTED")]


def test_the_queue_of_a_paused_schedule_waits(serve: Serve) -> None:
    served = serve(overlap="queue")
    served.pass_to("13:00")
    served.pass_to("14:00")
    served.manager.pause_schedule(served.schedule.schedule_id)
    served.finish()
    served.look()
    waiting = served.statuses
    served.manager.resume_schedule(served.schedule.schedule_id)
    served.look()

    assert (waiting, served.statuses) == (["SUCCESS"], ["SUCCESS", "RUNNING"])


def test_a_schedule_can_be_paused_once_and_an_unknown_one_not_at_all(serve: Serve) -> None:
    served = serve()
    with pytest.raises(TransitionRefused, match="is running; only a paused one can be resumed"):
        served.manager.resume_schedule(served.schedule.schedule_id)
    served.manager.pause_schedule(served.schedule.schedule_id)

    with pytest.raises(TransitionRefused, match="is PAUSED; only a running one can be paused"):
        served.manager.pause_schedule(served.schedule.schedule_id)
    for unknown in (99, 2**70):
        with pytest.raises(ScheduleNotFound, match=f'No schedule "{unknown}"'):
            served.manager.pause_schedule(unknown)


def test_what_another_process_pauses_does_not_tick_here(tmp_path: Path, clock: Clock) -> None:
    path = str(tmp_path / "exodsl.db")
    with closing(open_manager(path, clock=clock)) as here, closing(open_manager(path, clock=clock)) as there:
        clock.now_ms = milliseconds("12:30")
        here.upsert(scheduled())
        session = here.open_session("here", serves(scheduled()))
        here.exchange(session, [], 0)
        there.pause_schedule(there.schedules()[0].schedule_id)
        clock.now_ms = milliseconds("13:00")
        here.exchange(session, [], 0)

        assert here.runs().items == ()


def test_what_another_process_schedules_ticks_here(tmp_path: Path, clock: Clock) -> None:
    path = str(tmp_path / "exodsl.db")
    with closing(open_manager(path, clock=clock)) as here, closing(open_manager(path, clock=clock)) as there:
        clock.now_ms = milliseconds("12:30")
        session = here.open_session("here", serves(scheduled()))
        nothing = here.exchange(session, [], 0).next_due_ms
        there.upsert(scheduled())
        soon = here.exchange(session, [], 0).next_due_ms
        clock.now_ms = milliseconds("13:00")
        here.exchange(session, [], 0)

        assert (nothing, soon, len(there.runs().items)) == (None, 30 * MINUTE, 1)


def test_a_schedule_that_stays_keeps_its_place_and_its_pause_and_gets_the_new_options(serve: Serve) -> None:
    served = serve(HOURLY, "30 * * * *")
    first, second = served.manager.schedules()
    served.manager.pause_schedule(second.schedule_id)
    served.clock.now_ms = milliseconds("14:30")
    served.manager.upsert(scheduled(HOURLY, "30 * * * *", overlap="allow", catch_up="all"))
    served.look()
    one, other = served.manager.schedules()

    assert (one.schedule_id, one.overlap, one.catch_up) == (first.schedule_id, "allow", "all")
    assert [tick.at for tick in reversed(one.last_ticks)] == [at("13:00"), at("14:00")]
    assert (other.schedule_id, other.paused) == (second.schedule_id, True)


def test_a_schedule_that_the_newest_version_lacks_is_gone_and_its_runs_stay(serve: Serve) -> None:
    served = serve()
    served.pass_to("13:00")
    served.manager.upsert(draw("root"))
    answer = served.pass_to("15:00")

    assert (served.manager.schedules(), len(served.runs)) == ((), 1)
    assert served.finish() == 1
    assert (answer.next_due_ms, served.look().next_due_ms) == (0, None)


def test_a_new_schedule_begins_with_the_first_tick_after_now(serve: Serve) -> None:
    served = serve("0 13 * * *")
    served.pass_to("13:30")
    served.manager.upsert(scheduled("0 13 * * *", "15 * * * *", catch_up="all"))
    served.look()

    assert [len(one.last_ticks) for one in served.manager.schedules()] == [1, 0]


def test_schedules_are_listed_by_graph(manager: StateManager) -> None:
    for name in ("one", "two"):
        manager.upsert(scheduled(name=name))

    assert [one.graph for one in manager.schedules()] == ["one", "two"]
    assert [one.graph for one in manager.schedules(graph="two")] == ["two"]
    assert manager.schedules(namespace="lab") == ()


def test_a_template_that_can_never_start_by_itself_is_not_stored(manager: StateManager) -> None:
    triggers = [{"type": "CRON", "value": {"expression": HOURLY}}]
    with pytest.raises(GraphInvalid, match="E163"):
        manager.upsert(draw("root", store_config={"required_keys": ["cursor"]}, triggers=triggers))


# --- clocks that jump, and runtimes that race -----------------------------------------------------


def test_a_clock_that_goes_back_fires_nothing_twice(serve: Serve) -> None:
    served = serve(overlap="allow")
    for time in ("13:00", "12:40", "13:00", "13:30"):
        served.pass_to(time)

    assert served.ticks == [("13:00", "STARTED")]


def test_nor_does_a_schedule_that_is_resumed_at_an_earlier_time(serve: Serve) -> None:
    served = serve(overlap="allow")
    served.pass_to("13:00")
    served.manager.pause_schedule(served.schedule.schedule_id)
    served.pass_to("12:40")
    served.manager.resume_schedule(served.schedule.schedule_id)
    served.pass_to("13:00")
    served.pass_to("14:00")

    assert served.ticks == [("13:00", "STARTED"), ("14:00", "STARTED")]
    assert len(served.runs) == 2


@pytest.fixture
def racing(tmp_path: Path, clock: Clock) -> Iterator[list[StateManager]]:
    """Five managers over one file, as five processes have them."""
    clock.now_ms = milliseconds("12:30")
    path = str(tmp_path / "exodsl.db")
    managers = [open_manager(path, clock=clock, durability="normal") for _ in range(5)]
    yield list(managers)
    for manager in managers:
        manager.close()


def test_five_runtimes_start_exactly_one_run_for_each_of_many_ticks(racing: list[StateManager], clock: Clock) -> None:
    racing[0].upsert(scheduled("* * * * *", overlap="allow"))
    rounds, failures = threading.Barrier(5), list[BaseException]()

    def work(manager: StateManager, *, leads: bool) -> None:
        try:
            session = manager.open_session("racing", Serves({("default", "other"): frozenset({"nothing"})}))
            for _ in range(60):
                if leads:
                    clock.now_ms += MINUTE
                rounds.wait(20)
                manager.exchange(session, [], 0)
                rounds.wait(20)
        except BaseException as error:
            failures.append(error)
            rounds.abort()

    threads = [
        threading.Thread(target=work, args=(manager,), kwargs={"leads": number == 0})
        for number, manager in enumerate(racing)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    started = [run.created_at for run in racing[0].runs(limit=1000).items]
    minutes = [datetime.fromtimestamp(milliseconds("12:31") / 1000 + 60 * n, UTC) for n in range(60)]
    assert failures == []
    assert sorted(started) == minutes


@pytest.mark.parametrize("manager", ["file", "memory"], indirect=True)
def test_a_transaction_that_is_undone_takes_no_tick_with_it(serve: Serve) -> None:
    """The disk is full when a state is to be claimed: a trigger in the database stands for it."""
    served = serve()
    served.manager.trigger([Trigger("default", "graph")])
    database: Any = served.manager
    connection = database._db.connection
    connection.execute("CREATE TRIGGER full BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'full'); END")
    served.clock.now_ms = milliseconds("13:00")
    with pytest.raises(OSError, match="full"):
        served.manager.exchange(served.session, [], 1)
    connection.execute("DROP TRIGGER full")
    undone = served.ticks
    served.look()

    assert (undone, served.ticks, len(served.runs)) == ([], [("13:00", "STARTED")], 2)
