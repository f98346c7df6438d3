"""Schedules: stored with their graphs, ticking in the exchanges of runtimes (semantics 9)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from itertools import islice
from typing import Any

from exodsl.database import schedules
from exodsl.database.protocol import Database
from exodsl.database.rows import Row
from exodsl.engine.status import Run
from exodsl.errors import ScheduleNotFound, TransitionRefused
from exodsl.manager.controlling import Controlling
from exodsl.manager.exchange import Step
from exodsl.manager.sessions import Clock, Session
from exodsl.manager.ticking import Schedule, Ticker
from exodsl.manager.triggering import Starter
from exodsl.manager.viewing import LARGEST_KEY, run_status
from exodsl.manager.views import ScheduleView, TickView
from exodsl.template.cron import in_zone, ticks_after
from exodsl.template.models import GraphTemplate

SHOWN = 5
"""How many ticks of a schedule are shown, of those to come and of the last ones."""


class Scheduling(Controlling, ABC):
    """Keeps schedules; see `StateManager` for each call.

    `_tick_at` is when an exchange must look for ticks that are due, so that all others pay one comparison;
    `_queued` says that ticks wait until a run ends.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self._tick_at: float = 0
        self._queued = True

    @abstractmethod
    def _starter(self, step: Step) -> Starter: ...

    def schedules(self, *, namespace: str | None = None, graph: str | None = None) -> tuple[ScheduleView, ...]:
        """List schedules; see `StateManager.schedules`."""
        with self._db.reading() as connection:
            rows = schedules.listed(connection, namespace, graph)
            return tuple(self._schedule_view(connection, Schedule(*row)) for row in rows)

    def pause_schedule(self, schedule_id: int) -> ScheduleView:
        """Let a schedule tick no more; see `StateManager.pause_schedule`."""
        return self._turn(schedule_id, paused=True)

    def resume_schedule(self, schedule_id: int) -> ScheduleView:
        """Let a paused schedule tick again; see `StateManager.resume_schedule`."""
        return self._turn(schedule_id, paused=False)

    def _turn(self, schedule_id: int, *, paused: bool) -> ScheduleView:
        with self._working(alone=True) as step:
            schedule = _found(step.connection, schedule_id)
            if bool(schedule.paused) is paused:
                status, wanted = ("PAUSED", "running one") if paused else ("running", "paused one")
                rule = f"only a {wanted} can be {'paused' if paused else 'resumed'}"
                raise TransitionRefused(f"Schedule {schedule_id}", status, rule)
            following = None if paused else schedule.after(step.now)
            schedules.set_next(step.connection, schedule.key, following, paused=paused)
            self._learn_ticks(step.connection)
            self._stir()
            return self._schedule_view(step.connection, _found(step.connection, schedule_id))

    def _schedule_view(self, connection: Any, schedule: Schedule) -> ScheduleView:
        to_come = () if schedule.paused else ticks_after(schedule.cron, schedule.tz, self._clock())
        return ScheduleView(
            schedule_id=schedule.key,
            namespace=schedule.namespace,
            graph=schedule.graph,
            cron=schedule.cron,
            tz=schedule.tz,
            catch_up=schedule.catch_up,
            overlap=schedule.overlap,
            paused=bool(schedule.paused),
            next_times=tuple(in_zone(at, schedule.tz) for at in islice(to_come, SHOWN)),
            last_ticks=tuple(tick_view(row, schedule.tz) for row in schedules.ticks(connection, schedule.key, SHOWN)),
        )

    # In the transactions of others

    def _store_schedules(self, connection: Any, template: GraphTemplate, now: int, *, scheduled: bool = True) -> None:
        """Make the schedules of a graph those of its newest version; one that stays goes on as it was."""
        rows = schedules.listed(connection, template.namespace, template.name)
        before = {(one.cron, one.tz): one for one in (Schedule(*row) for row in rows)}
        for value in (trigger.value for trigger in template.triggers if scheduled):
            known = before.pop((value.expression, value.tz), None)
            if known is None:
                options = (value.expression, value.tz, value.catch_up, value.overlap)
                first = next(ticks_after(value.expression, value.tz, now), None)
                schedules.insert(connection, template.namespace, template.name, options, first)
            elif (known.catch_up, known.overlap) != (value.catch_up, value.overlap):
                schedules.change(connection, known.key, value.catch_up, value.overlap)
        for gone in before.values():
            schedules.remove(connection, gone.key)
        self._learn_ticks(connection)

    def _tick(self, step: Step, session: Session) -> None:
        """Decide the ticks that are due, for a runtime that serves more than one run."""
        if session.run is not None:
            return
        if step.now >= self._tick_at or (self._queued and step.ended):
            Ticker(step, self._starter(step), self._end_by_hand).tick()
            self._learn_ticks(step.connection)

    def _learn_ticks(self, connection: Any) -> None:
        """Find out when the next tick is due, and whether others wait."""
        next_at, self._queued = schedules.outlook(connection)
        self._tick_at = math.inf if next_at is None else next_at

    def _stir(self) -> None:
        """Let the next exchange see whether what waits in queues may go on."""
        if self._queued:
            self._tick_at = 0

    def _until_due(self, session: Session, now: int) -> int | None:
        """Return the milliseconds until something is due for a runtime: a state, or a tick."""
        due = math.inf if session.due_at is None else session.due_at
        if session.run is None:
            due = min(due, self._tick_at)
        return None if due == math.inf else max(0, int(due) - now)


def _found(connection: Any, schedule_id: int) -> Schedule:
    row = schedules.one(connection, schedule_id) if abs(schedule_id) < LARGEST_KEY else None
    if row is None:
        raise ScheduleNotFound(schedule_id)
    return Schedule(*row)


def tick_view(row: Row, tz: str) -> TickView:
    """Return a stored tick as it is shown."""
    at, outcome, reason, run_id, status = row
    return TickView(in_zone(at, tz), outcome, reason, run_id, None if status is None else run_status(Run(status)))
