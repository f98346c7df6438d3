"""Which ticks of the schedules start a run, and what becomes of the others: one transaction's share (semantics 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exodsl.database import schedules
from exodsl.errors import ExodslError
from exodsl.manager.exchange import Step
from exodsl.manager.protocol import Trigger
from exodsl.manager.triggering import Starter
from exodsl.manager.views import TickOutcome
from exodsl.template.cron import in_zone, last_tick, next_tick
from exodsl.template.triggers import CatchUp, Overlap

GRACE_MS = 60_000
"""How late a tick may be and still count as on time where none is caught up."""
MOST_TICKS = 100
"""How many ticks one transaction decides singly; the next ones follow at once."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One stored schedule; `next_at` is the first tick that is not decided yet."""

    key: int
    namespace: str
    graph: str
    cron: str
    tz: str
    catch_up: CatchUp
    overlap: Overlap
    paused: bool
    next_at: int | None

    def after(self, at: int) -> int | None:
        """Return the first tick after a time."""
        return next_tick(self.cron, self.tz, at)

    def newest(self, first: int, until: int) -> int:
        """Return the newest tick up to a time, of those from `first` on."""
        return last_tick(self.cron, self.tz, first, until)


class Ticker:
    """Decides the ticks that are due at the time of a step.

    :param starter: makes the runs.
    :param cancel: ends a run where it stands.
    """

    def __init__(self, step: Step, starter: Starter, cancel: Callable[[Step, int], None]) -> None:
        self._step, self._connection, self._now = step, step.connection, step.now
        self._starter, self._cancel = starter, cancel
        self._left = MOST_TICKS

    def tick(self) -> None:
        """Start what waits in queues and may go on, then decide what is due."""
        for row in schedules.waiting(self._connection):
            self._release(Schedule(*row))
        for row in schedules.due(self._connection, self._now, MOST_TICKS):
            if self._left > 0:
                self._decide_due(Schedule(*row))

    def _release(self, schedule: Schedule) -> None:
        """Start the oldest tick of a queue whose earlier run has ended; one that cannot start gives way."""
        if schedules.live_runs(self._connection, schedule.key):
            return
        while self._left > 0:
            self._left -= 1
            at = schedules.first_waiting(self._connection, schedule.key)
            if at is None or self._start(schedule, at) is not None:
                return

    def _decide_due(self, schedule: Schedule) -> None:
        first = schedule.next_at or self._now
        live = [] if schedule.overlap == "allow" else schedules.live_runs(self._connection, schedule.key)
        if schedule.catch_up == "all" and schedule.overlap in ("allow", "queue"):
            following = self._decide_each(schedule, first, live)
        else:
            following = self._decide_one(schedule, first, live)
        schedules.set_next(self._connection, schedule.key, following)

    def _decide_each(self, schedule: Schedule, first: int, live: list[int]) -> int | None:
        """Decide ticks singly, oldest first; return the first that is left."""
        at: int | None = first
        while at is not None and at <= self._now and self._left > 0:
            self._meet(schedule, at, live)
            at = schedule.after(at)
        return at

    def _decide_one(self, schedule: Schedule, first: int, live: list[int]) -> int | None:
        """Decide the one tick that may start a run now, and the rest in one go; return the next tick.

        However many ticks were missed, this takes no longer, and leaves no more than three rows.
        """
        newest = schedule.newest(first, self._now)
        if schedule.catch_up == "all" and schedule.overlap == "skip":
            self._meet(schedule, first, live)
            if first < newest:
                self._skip(schedule, schedule.after(first) or newest, newest, live)
        elif schedule.catch_up == "none" and self._now - newest >= GRACE_MS:
            self._pass_over(schedule, first, newest, "MISSED", "nothing was running")
        else:
            self._give_way(schedule, first, newest)
            self._meet(schedule, newest, live)
        return schedule.after(newest)

    def _give_way(self, schedule: Schedule, first: int, newest: int) -> None:
        """Pass over what lies before the newest tick."""
        if first == newest:
            return
        last = schedule.newest(first, newest - 1)
        if schedule.catch_up == "all":
            self._pass_over(schedule, first, last, "SKIPPED", "a later tick would have cancelled its run at once")
        else:
            self._pass_over(schedule, first, last, "MISSED", "nothing was running")

    def _meet(self, schedule: Schedule, at: int, live: list[int]) -> None:
        """Decide one tick by the runs of its schedule that go on; a run that it starts is one of them then."""
        self._left -= 1
        if live and schedule.overlap == "skip":
            self._skip(schedule, at, at, live)
        elif live and schedule.overlap == "queue":
            schedules.decide(self._connection, schedule.key, at, "QUEUED")
        elif schedules.decide(self._connection, schedule.key, at, "STARTED"):
            run = self._start(schedule, at)
            if run is None:
                return
            if schedule.overlap == "cancel_previous":
                for previous in live:
                    self._cancel(self._step, previous)
            live.append(run)

    def _start(self, schedule: Schedule, at: int) -> int | None:
        """Start the run of a tick; return its key, or nothing when it cannot start, which is recorded."""
        try:
            new = self._starter.new_run(Trigger(schedule.namespace, schedule.graph))
        except ExodslError as error:
            schedules.failed(self._connection, schedule.key, at, str(error))
            return None
        self._step.start([new])
        run = new.facts.key
        schedules.started(self._connection, schedule.key, at, run)
        return run

    def _skip(self, schedule: Schedule, first: int, last: int, live: list[int]) -> None:
        if live:
            run_id = self._step.catalog.run(self._connection, live[-1]).run_id
            self._pass_over(schedule, first, last, "SKIPPED", f"run {run_id} still went on")
        else:
            self._pass_over(schedule, first, last, "SKIPPED", "the tick before could not start its run")

    def _pass_over(self, schedule: Schedule, first: int, last: int, outcome: TickOutcome, why: str) -> None:
        """Record ticks that start no run, at the last of them: one row, however many they are."""
        since = "" if first == last else f", since the tick of {in_zone(first, schedule.tz).isoformat()}"
        schedules.decide(self._connection, schedule.key, last, outcome, why + since)
