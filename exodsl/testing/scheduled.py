"""Schedules in a test: the clock goes from tick to tick, and what they start is run (semantics 9)."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from exodsl.dsl.graph import Graph
from exodsl.engine.reports import Claim, Report
from exodsl.errors import DefinitionError, RunStuck, SettingInvalid
from exodsl.manager.protocol import Exchange
from exodsl.manager.views import TickView
from exodsl.testing.clock import FakeClock, moment
from exodsl.testing.fakes import Fakes
from exodsl.testing.run import InlineRun
from exodsl.testing.stage import Path, Secrets, Stage, apart, staged
from exodsl.testing.stepping import LIMIT
from exodsl.testing.worker import Worker

Until = timedelta | datetime | str


class ScheduledRuns:
    """What the schedules of a graph have started so far; made by `run_scheduled`.

    :param stage: has the graph, and the clock.
    :param limit: how many exchanges may follow each other in which no run begins or ends.
    :raises DefinitionError: when the graph has no schedule.
    """

    def __init__(self, stage: Stage, limit: int) -> None:
        self._stage, self._template = stage, stage.checked()
        self._limit, self._fruitless = limit, 0
        if not self._template.triggers:
            name = self._template.name
            raise DefinitionError(
                f'Graph "{name}" has no schedule, so nothing would ever tick: write graph.schedule("0 9 * * *").'
            )
        self.clock = stage.clock
        self._manager = stage.manager()
        self._manager.upsert(self._template, stage.graph.secret_values)
        self._manager.ensure_secrets(self._template)
        self._runs: dict[str, InlineRun] = {}
        # Runs may be used longer than this is, so it is the manager that takes the database along.
        self._close = weakref.finalize(self._manager, stage.database.close)

    def __repr__(self) -> str:
        return f"<schedules of {self._template.name}: {len(self.ticks())} ticks until {self.clock.now.isoformat()}>"

    @property
    def runs(self) -> list[InlineRun]:
        """The runs that ticks have started, in the order of the ticks."""
        return [self._run(tick.run_id) for tick in self.ticks() if tick.run_id is not None]

    def ticks(self, cron: str | None = None) -> list[TickView]:
        """Return what became of each tick, the oldest first.

        :param cron: only those of the schedule with this expression.
        """
        return self._manager.ticks(self._template, cron)

    def serve(self, until: Until) -> None:
        """Let time pass while a runtime is there: schedules tick, and what they start is run.

        Bodies run one after the other. One that is at work at the end runs to its own end; nothing begins after it.

        :param until: how long, or until when; a tick at that very moment still counts.
        :raises SettingInvalid: when that is past, or no point in time.
        :raises RunStuck: when runs do not end.
        """
        apart(partial(self._serve, self._milliseconds(until)))

    def stay_away(self, until: Until) -> None:
        """Let time pass while nobody is there: ticks are missed, and `catch_up` decides about them afterwards.

        :raises SettingInvalid: when that is past, or no point in time.
        """
        self._pass_to(self._milliseconds(until))

    def close(self) -> None:
        """Close the database; nothing of it can be read any more."""
        self._close()

    def _serve(self, end: int) -> None:
        worker = self._stage.worker(self._manager)
        try:
            self._work(worker, end)
        finally:
            worker.leave()
        self._pass_to(end)

    def _work(self, worker: Worker, end: int) -> None:
        held: Sequence[Claim] = ()
        self._fruitless = 0
        while True:
            exchange = self._exchange(worker, held, end)
            held = exchange.claims
            if held:
                continue
            due = exchange.next_due_ms
            if due is None or self.clock() + due > end:
                return
            self.clock.advance(due / 1000)

    def _exchange(self, worker: Worker, held: Sequence[Claim], end: int) -> Exchange:
        """Run what is held, while schedules tick on time; then report it, and take the next state."""
        with self.clock.ringing(lambda: self._manager.next_tick_ms, partial(self._report, worker, (), (), 0)):
            reports = [worker.work(claim) for claim in held]
        return self._report(worker, held, reports, 1 if self.clock() <= end else 0)

    def _report(self, worker: Worker, held: Sequence[Claim], reports: Sequence[Report], capacity: int) -> Exchange:
        exchange = worker.exchange(reports, capacity)
        self._count(exchange)
        for claim in exchange.claims:
            self._run(claim.run_id)  # which reads its store before bodies write to it
        for claim, report in zip(held, reports, strict=True):
            if claim.state_id not in exchange.refused:
                self._run(claim.run_id).remember([report])
        for run_id in exchange.ended_runs:
            self._stage.tell_ended(self._run(run_id))
        return exchange

    def _count(self, exchange: Exchange) -> None:
        """Count the exchanges in which no run began or ended, and refuse to go on after too many."""
        began = any(claim.run_id not in self._runs for claim in exchange.claims)
        self._fruitless = 0 if began or exchange.ended_runs else self._fruitless + 1
        if self._fruitless <= self._limit:
            return
        waiting = [run for run in self.runs if run.status == "RUNNING"]
        raise RunStuck(
            waiting[0].run_id if waiting else "",
            f'The runs that schedules of graph "{self._template.name}" started do not end: at'
            f" {self.clock.now.isoformat()}, {len(waiting)} went on, and in the last {self._limit:,} exchanges none"
            f" began or ended. Give a fake to what never ends, or a higher limit={self._limit * 10}.",
        )

    def _run(self, run_id: str) -> InlineRun:
        if run_id not in self._runs:
            self._runs[run_id] = self._stage.run(self._manager, run_id)
        return self._runs[run_id]

    def _milliseconds(self, until: Until) -> int:
        if not isinstance(until, timedelta | datetime | str):
            raise SettingInvalid(f"until={until!r}: takes a timedelta, write until=timedelta(hours=1), or a moment.")
        end = self.clock.now + until if isinstance(until, timedelta) else moment(until)
        if end < self.clock.now:
            raise SettingInvalid(f"until={until!r} is past: it is {self.clock.now.isoformat()} already.")
        return self.clock() + (end - self.clock.now) // timedelta(milliseconds=1)

    def _pass_to(self, end: int) -> None:
        self.clock.advance(max(0, end - self.clock()) / 1000)


def run_scheduled(
    graph: Graph[Any, Any],
    *,
    until: Until,
    secrets: Secrets | None = None,
    clock: FakeClock | None = None,
    fake: Fakes | None = None,
    seed: int = 0,
    db: Path | None = None,
    limit: int = LIMIT,
) -> ScheduledRuns:
    """Let the schedules of a graph tick for a while, run what they start, and return all of it.

    The ticks are the real ones: time zones, `catch_up` and `overlap` are honoured.

    :param until: how long, or until when; a tick at that very moment still counts.
    :param secrets: values of the graph's secrets, by name; no variable is read for them, and nothing is stored.
    :param clock: tells the time; a new one, which begins with the year 2026, by default.
    :param fake: functions that stand in for the bodies of nodes.
    :param seed: makes the jitter of retries repeatable, 0 by default.
    :param db: a URI or a path; by default a database in memory, for these runs alone.
    :param limit: how many exchanges may follow each other in which no run begins or ends, 10,000 by default.
    :raises GraphInvalid: when the graph does not pass its checks.
    :raises SettingInvalid: when `until` is past, or no point in time.
    :raises InputInvalid: when the graph has no secret of a name.
    :raises DefinitionError: when the graph has no schedule, a fake does not fit its node, or a secret is missing.
    :raises RunStuck: when runs do not end.
    """
    with staged(graph, clock=clock, fakes=fake, secrets=secrets, seed=seed, db=db) as stage:
        scheduled = ScheduledRuns(stage, limit)
        scheduled.serve(until)
    return scheduled
