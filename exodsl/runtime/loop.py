"""The claim loop: claims states, lets their bodies run, reports; one exchange at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from exodsl.engine.reports import Claim, Failed, Released, Report
from exodsl.errors import ExecutorUnusable, ExodslError, TransactionUndone
from exodsl.manager.protocol import Exchange, Serves, StateManager
from exodsl.manager.views import RunStatus
from exodsl.runtime.bodies import Bodies
from exodsl.runtime.exchanges import Exchanges
from exodsl.runtime.fitting import Fitting
from exodsl.runtime.judging import Ending, Raised, failure
from exodsl.runtime.logs import LOG, extras
from exodsl.runtime.pace import HARD_STOP_SECONDS, Pace
from exodsl.runtime.soon import Soon, soon_here
from exodsl.runtime.workers import Workers

_UNENDED = ("RUNNING", "PAUSED")


class Loop:
    """Serves until it is stopped or cancelled, or until the run that it is for has ended.

    Everything here belongs to the thread of the event loop; other threads only wake it.

    :param until: the run to wait for, or `None` to serve until stopped.
    :param serving: called when the runtime is announced; `heard` after each exchange.
    :param runs_ended: called with the runs that ended in an exchange of this loop, and their status.
    """

    def __init__(
        self,
        manager: StateManager,
        name: str,
        serves: Serves,
        bodies: Bodies,
        pace: Pace,
        until: str | None = None,
        *,
        serving: Callable[[], None] | None = None,
        runs_ended: Callable[[Mapping[str, RunStatus]], None] | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._manager, self._name, self._serves = manager, name, serves
        self._bodies, self._pace, self._until = bodies, pace, until
        self._fitting = Fitting(manager, bodies.kit)
        self._serving, self._runs_ended, self._heard = serving, runs_ended, heard
        self._exchanges = Exchanges(
            manager, pace.poll_interval, self._outside, self._arrived, self._fail, self._wake, bodies.notebook
        )
        bodies.notebook.wake_with(self._outside(self._wake))
        self._ended = self._stopping = self._stop_asked = self._hurry_asked = self._over = self._woken = False
        self._stop_at = 0.0
        self._soon: Soon | None = None
        self._failure: BaseException | None = None
        self._broken: ExecutorUnusable | None = None
        self._cancelled: BaseException | None = None

    async def run(self) -> None:
        """Serve; when cancelled, stop claiming, give bodies their grace, and release the rest.

        :raises DatabaseUnusable: when the state manager cannot record any more.
        :raises ExecutorUnusable: when an executor cannot be had, or can run no bodies any more.
        """
        self._awake = anyio.Event()
        await self._bodies.open(self._wake)
        try:
            await self._serve()
        finally:
            await self._bodies.close()
        if ended_by := self._failure or self._broken or self._cancelled:
            raise ended_by

    async def _serve(self) -> None:
        self._soon = soon_here()
        wake = self._outside(self._wake)
        self._workers = Workers(
            self._bodies, self._pace, self._report, self._release, self._next_turn, self._wake, wake, self._give_up
        )
        self._exchanges.open(self._name, self._serves)
        self._deaf = self._manager.wake_on_work(self._outside(self._nudge))
        if self._stop_asked:
            self._heed()
        elif self._serving is not None:
            self._serving()
        try:
            await self._serve_shielded()
        finally:
            self._leave()

    @property
    def left(self) -> bool:
        """Everything was reported or released, and leave taken."""
        return self._over

    def stop_from_outside(self, *, at_once: bool = False) -> None:
        """Claim nothing more; bodies that run may finish within the grace time. From any thread or signal handler.

        :param at_once: there is no grace time any more.
        """
        self._stop_asked = True
        self._hurry_asked = self._hurry_asked or at_once
        self._exchanges.hurry(0 if self._hurry_asked else self._pace.grace)  # now: it may be what holds up the loop
        self._outside(self._heed)()

    # The life of the loop

    async def _serve_shielded(self) -> None:
        async with anyio.create_task_group() as outside:
            outside.start_soon(self._stop_when_cancelled)
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as inside:
                    await self._drive(inside)
                    self._leave()  # now, as a body that withstands its cancellation would hold it up
            outside.cancel_scope.cancel()

    async def _stop_when_cancelled(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self._stop()

    async def _drive(self, group: TaskGroup) -> None:
        while True:
            self._pump()
            if self._finished():
                return
            try:
                await self._rest(group)
            except anyio.get_cancelled_exc_class() as error:
                if self._cancelled is not None:
                    raise
                # A native cancellation knows no shield; the second one is meant to stop at once.
                self._cancelled = error
                self._stop()

    def _heed(self) -> None:
        self._stop()
        if self._hurry_asked:
            self._stop_at = monotonic() - HARD_STOP_SECONDS
            self._wake()

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        self._stop_at = monotonic() + (0.0 if self._ended else self._pace.grace)
        if not self._ended:
            self._exchanges.hurry(self._pace.grace)
        self._workers.drop_waiting()
        self._wake()

    def _finished(self) -> bool:
        if self._failure is not None:
            return True
        if self._ended:
            self._stop()
        if not self._stopping:
            return False
        now = monotonic()
        if self._workers.busy and now >= self._stop_at:
            self._workers.stop(patient=now < self._stop_at + HARD_STOP_SECONDS)
        return not (self._workers.busy or self._exchanges.has_reports or self._exchanges.in_flight)

    def _leave(self) -> None:
        if self._over:
            return
        self._over = True
        self._deaf()
        self._workers.close()
        try:
            self._exchanges.close()
        except ExodslError as error:
            if self._failure is None:
                self._failure = error

    async def _rest(self, group: TaskGroup) -> None:
        """Wait until something happens, or until something is due."""
        if self._workers.grow(group):
            await checkpoint()
            return
        if self._woken:
            await checkpoint()
        else:
            with anyio.move_on_after(self._patience(monotonic())):
                await self._awake.wait()
        self._awake, self._woken = anyio.Event(), False

    def _patience(self, now: float) -> float:
        """Return the seconds after which the loop must look up although nobody wakes it."""
        at = self._exchanges.next_at(now, self._capacity, saturated=self._workers.saturated)
        watched = self._workers.next_at(now)
        if watched is not None:
            at = min(at, watched)
        if self._stopping:
            at = min(at, self._stop_at if now < self._stop_at else self._stop_at + HARD_STOP_SECONDS)
        return max(0.0, at - now)

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._awake.set()

    def _nudge(self) -> None:
        self._exchanges.nudge()
        self._wake()

    def _outside(self, call: Callable[[], None]) -> Callable[[], None]:
        """Return what runs `call` in the event loop, from any thread, without waiting for it."""

        def soon() -> None:
            if self._soon is not None and not self._over:
                self._soon(call)

        return soon

    # One turn

    def _pump(self, *, call: bool = True) -> None:
        """Take in what ended, hand out what waits, and exchange when there is a reason to.

        :param call: wake idle tasks for what is handed out; not needed by a task that goes on itself.
        """
        now = monotonic()
        self._workers.gather(now)
        self._workers.hand_out(call=call)
        saturated = self._workers.saturated
        if self._failure is not None or not self._exchanges.wanted(now, self._capacity, saturated=saturated):
            return
        alone = not self._workers.busy
        if alone and self._exchanges.polls(now):
            self._look_at_run()
        self._exchanges.make(self._capacity, alone=alone)
        self._workers.hand_out(call=call)

    def _next_turn(self) -> bool:
        """Take a turn in the task whose body ended just now; true when other tasks should get one."""
        if self._over:
            return False
        if self._workers.busy or self._exchanges.in_flight:
            self._wake()
            return False
        self._pump(call=False)
        if not self._workers.busy or self._workers.need_watching or self._exchanges.has_reports:
            self._wake()
        return True

    def _report(self, claim: Claim, ending: Ending) -> None:
        result = self._judged(claim, ending) if isinstance(ending, Raised) else ending
        self._exchanges.report(Report(claim.state_id, claim.lease, result, claim.usage))

    def _judged(self, claim: Claim, raised: Raised) -> Failed:
        raised = self._fitting.explained(claim, raised)
        error = raised.error
        LOG.info("%s failed: %s: %s", claim.identifier, error.name, error.message, extra=extras(claim))
        return failure(raised, claim.retry_policy)

    def _release(self, claim: Claim) -> None:
        self._exchanges.report(Report(claim.state_id, claim.lease, Released()))
        self._wake()

    # What exchanges bring

    @property
    def _capacity(self) -> int:
        return 0 if self._stopping else self._workers.room

    def _arrived(self, exchange: Exchange) -> None:
        self._heard()
        self._workers.take(exchange.claims)
        if self._until in exchange.ended_runs:
            self._ended = True
        if exchange.ended_runs and self._runs_ended is not None:
            self._runs_ended(exchange.ended_runs)
        if self._stopping:
            self._workers.drop_waiting()

    def _look_at_run(self) -> None:
        """Find out whether the run was ended by somebody else; only while there is nothing to do for it."""
        if self._until is None or self._stopping:
            return
        try:
            self._ended = self._manager.run(self._until).status not in _UNENDED
        except TransactionUndone:
            return  # the next look will tell
        except ExodslError as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._wake()

    def _give_up(self, error: ExecutorUnusable) -> None:
        """Stop, as states that need this executor can only fail; other bodies may finish within the grace time."""
        self._broken = self._broken or error
        self._stop()
