"""A run that a test drives: one exchange at a time, on a clock that jumps to what is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from exodsl.api.inputs import Given
from exodsl.api.run import AnyPlace
from exodsl.dsl.graph import Graph
from exodsl.engine.reports import Claim
from exodsl.errors import NotFound, RunStuck, SettingInvalid, TransitionRefused
from exodsl.manager.protocol import Exchange
from exodsl.manager.sessions import LEASE_MS
from exodsl.manager.views import GateView, StateView
from exodsl.testing.clock import FakeClock
from exodsl.testing.fakes import Fakes, placed
from exodsl.testing.run import InlineRun
from exodsl.testing.stage import Path, Secrets, Stage, apart, staged
from exodsl.testing.worker import Worker

I = TypeVar("I", bound=BaseModel)  # noqa: E741
S = TypeVar("S", bound=BaseModel)
LIMIT = 10_000
"""How many exchanges a run may take."""
_NAMED = 3


class Stepper:
    """Drives one run, and lets a test look at it between two exchanges; made by `step_inline`.

    :param workers: how many states it holds at once.
    :param limit: how many exchanges the run may take.
    """

    def __init__(
        self,
        stage: Stage,
        given: tuple[Given, Mapping[str, Any], Given],
        start_delay: timedelta | None,
        *,
        workers: int,
        limit: int,
    ) -> None:
        self.clock = stage.clock
        self._stage, self._graph = stage, stage.graph
        self._workers, self._limit = workers, limit
        self.run = stage.begin(given, start_delay)
        self._worker: Worker | None = self._recruit()
        self._held: list[Claim] = []
        self._due: int | None = 0
        self._exchanges = self._lost_until = 0
        self._over = False

    def __repr__(self) -> str:
        return f"<{self.run!r}, held: {', '.join(claim.identifier for claim in self._held) or 'nothing'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def held(self) -> tuple[StateView, ...]:
        """The states that were handed out; their bodies run with the next exchange."""
        return tuple(self.run.manager.state(claim.state_id) for claim in self._held)

    def gates(self) -> tuple[GateView, ...]:
        """Return the gates of the run: unites in topological order, each in fanout order."""
        return tuple(self.run.gates())

    def next(self) -> bool:
        """Run the bodies of what is held and make one exchange, which hands out what comes next.

        Where nothing is held, the clock first jumps to when something is due.

        :return: whether the run goes on.
        :raises RunStuck: when nothing can happen any more, or the limit is reached.
        :raises TransitionRefused: when the runtime was killed.
        """
        return apart(self._next)

    def until(self, node: AnyPlace) -> StateView:
        """Go on until a state of a node is held, and return it; its body has not run yet.

        :raises NotFound: when the graph has no such node, or the run ended before.
        """
        identifier = placed(self._graph, node)
        while True:
            held = next((claim for claim in self._held if claim.identifier == identifier), None)
            if held is not None:
                return self.run.manager.state(held.state_id)
            if not self.next():
                raise NotFound(f'The run is {self.run.status}: it ended before "{identifier}" was reached.')

    def finish(self) -> InlineRun:
        """Go on until the run has ended, and return it; a run that is retried after that can go on."""
        return apart(self._finish)

    def cancel(self) -> None:
        """Cancel the run: bodies of what is held still run, and what they give is refused."""
        self.run.cancel()

    def kill(self, *, after_bodies: bool = False) -> None:
        """Let the runtime die without leave: what it holds is lost until its lease runs out, 30 seconds later.

        :param after_bodies: the bodies of what is held run before that, but nobody gets to know what came of them.
        :raises TransitionRefused: when it is dead already.
        """
        worker = self._working()
        apart(partial(self._die, worker, after_bodies))
        self._worker, self._held = None, []
        # Another manager, as another process would have: this one knows nothing of what that one held.
        self.run.manager = self._stage.manager()
        self._lost_until = self.clock() + 2 * LEASE_MS

    def resume(self) -> None:
        """Let another runtime go on with the run; :raises TransitionRefused: when the one before is not dead."""
        if self._worker is not None:
            raise TransitionRefused("The runtime", "at work", "`kill` it before another one goes on")
        self._worker, self._due = self._recruit(), 0

    def close(self) -> None:
        """Take leave; the run can still be read."""
        if self._worker is not None:
            apart(self._worker.leave)
        self.run.owning()

    def _recruit(self) -> Worker:
        return self._stage.worker(self.run.manager, self.run.run_id)

    def _working(self) -> Worker:
        if self._worker is None:
            raise TransitionRefused("The runtime", "killed", "`resume` starts another one")
        return self._worker

    def _die(self, worker: Worker, after_bodies: bool) -> None:
        if after_bodies:
            for claim in self._held:
                worker.work(claim)
        worker.vanish()

    def _finish(self) -> InlineRun:
        while self._next():
            pass
        return self.run

    def _next(self) -> bool:
        worker = self._working()
        if self._over and self.run.view.finished_at is not None:
            return False
        if self._over:  # and yet it goes on: somebody retried it by hand
            self._over, self._due = False, 0
        self._count()
        if not self._held:
            self._wait()
        reports = [worker.work(claim) for claim in self._held]
        exchange = worker.exchange(reports, self._workers)
        self._held, self._due = list(exchange.claims), exchange.next_due_ms
        self.run.remember(report for report in reports if report.state_id not in exchange.refused)
        self._over = self._has_ended(exchange)
        if self._over:
            self._stage.tell_ended(self.run)
        elif not reports and not self._held:
            self._refuse_standstill()
        return not self._over

    def _has_ended(self, exchange: Exchange) -> bool:
        if self.run.run_id in exchange.ended_runs:
            return True
        return not self._held and self.run.view.finished_at is not None

    def _wait(self) -> None:
        """Let the clock jump to what is due next, or to the end of a lease that somebody left behind."""
        due = self._due
        if self._may_be_lost:
            due = LEASE_MS + 1 if due is None else min(due, LEASE_MS + 1)
        self.clock.advance((due or 0) / 1000)

    @property
    def _may_be_lost(self) -> bool:
        """Whether a lease may go on of what a killed runtime held."""
        return self.clock() < self._lost_until

    def _refuse_standstill(self) -> None:
        """Refuse to go on where an exchange brought nothing, and none will."""
        if self.run.status == "PAUSED" or (self._due is None and not self._may_be_lost):
            raise RunStuck(self.run.run_id, f"{self._named()} cannot go on: {self._waiting()}.")

    def _count(self) -> None:
        if self._exchanges >= self._limit:
            raise RunStuck(
                self.run.run_id,
                f"{self._named()} has not ended after {self._limit:,} exchanges: {self._waiting()}."
                f" Give a fake to what never ends, or a higher limit={self._limit * 10}.",
            )
        self._exchanges += 1

    def _named(self) -> str:
        return f'The run of graph "{self._graph.name}"'

    def _waiting(self) -> str:
        if self.run.status == "PAUSED":
            return "it is PAUSED, and `run.resume()` was not called"
        live = [state for state in self.run.states() if state.status in ("CREATED", "QUEUED")]
        named = [f'"{state.identifier}" is {state.status}' for state in live[:_NAMED]]
        if len(live) > _NAMED:
            named.append(f"{len(live) - _NAMED} more states wait")
        gates = [f'the gate of "{gate.identifier}" is OPEN' for gate in self.run.gates() if gate.status == "OPEN"]
        return ", ".join([*named, *gates[:_NAMED]]) or "nothing waits"


def step_inline(
    graph: Graph[I, S],
    inputs: I | Mapping[str, Any] | None = None,
    /,
    *,
    store: S | Mapping[str, Any] | None = None,
    start_delay: timedelta | None = None,
    secrets: Secrets | None = None,
    clock: FakeClock | None = None,
    fake: Fakes | None = None,
    seed: int = 0,
    db: Path | None = None,
    workers: int = 1,
    limit: int = LIMIT,
    **fields: Any,
) -> Stepper:
    """Return a run that is driven by hand, with the real engine and a clock that jumps; nothing has run yet.

    `with step_inline(...) as step:` takes leave at the end; without it, call `step.close()`.

    :param inputs: the run's inputs, as their model or a mapping.
    :param fields: the run's inputs by name.
    :param store: first values of the run's store.
    :param start_delay: holds the root back for so long.
    :param secrets: values of the graph's secrets, by name; no variable is read for them, and nothing is stored.
    :param clock: tells the time; a new one by default.
    :param fake: functions that stand in for the bodies of nodes.
    :param seed: makes the jitter of retries repeatable, 0 by default.
    :param db: a URI or a path; by default a database in memory, for this run alone.
    :param workers: how many states are held at once, 1 by default.
    :param limit: how many exchanges the run may take, 10,000 by default.
    :raises GraphInvalid: when the graph does not pass its checks.
    :raises InputInvalid: when inputs or store values do not fit, or the graph has no such secret.
    :raises DefinitionError: when a fake does not fit its node, or a secret is missing.
    :raises SettingInvalid: when a number is less than 1, or the clock or the graph is none.
    """
    for option, number in (("workers", workers), ("limit", limit)):
        if number < 1:
            raise SettingInvalid(f"{option}={number}: give 1 or more.")
    with staged(graph, clock=clock, fakes=fake, secrets=secrets, seed=seed, db=db) as stage:
        return Stepper(stage, (inputs, fields, store), start_delay, workers=workers, limit=limit)
