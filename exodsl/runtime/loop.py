"""The claim loop: claims states, hands their bodies out, reports; one exchange at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint, current_token

from exodsl.engine.reports import Claim, Released, Report
from exodsl.errors import ExodslError
from exodsl.manager.protocol import Exchange, Serves, StateManager
from exodsl.runtime.bodies import IN_A_THREAD, Bodies
from exodsl.runtime.crew import Crew, Job
from exodsl.runtime.desk import Way
from exodsl.runtime.exchanges import Exchanges
from exodsl.runtime.judging import Ending, Raised, result_of
from exodsl.runtime.logs import LOG, extras
from exodsl.runtime.pace import GROW_SECONDS, HARD_STOP_SECONDS, Pace
from exodsl.runtime.tasks import Tasks

_UNENDED = ("RUNNING", "PAUSED")


class Loop:
    """Serves until it is stopped or cancelled, or until the run that it is for has ended.

    Everything here belongs to the thread of the event loop; other threads only wake it.

    :param until: the run to wait for, or `None` to serve until stopped.
    """

    def __init__(
        self,
        manager: StateManager,
        name: str,
        serves: Serves,
        bodies: Bodies,
        pace: Pace,
        until: str | None = None,
    ) -> None:
        self._manager, self._name, self._serves = manager, name, serves
        self._bodies, self._pace, self._until = bodies, pace, until
        self._ready: dict[Way, deque[Claim]] = {"loop": deque(), "thread": deque(), "process": deque()}
        self._running: dict[int, Claim] = {}
        self._exchanges = Exchanges(manager, pace.poll_interval, self._outside, self._arrived, self._fail, self._wake)
        self._children = 0
        self._ended = self._stopping = self._stop_asked = self._over = False
        self._stop_at = self._short_since = 0.0
        self._soon: Callable[[Callable[[], None]], object] | None = None
        self._failure: BaseException | None = None
        self._cancelled: BaseException | None = None

    async def run(self) -> None:
        """Serve; when cancelled, stop claiming, give bodies their grace, and release the rest.

        :raises DatabaseUnusable: when the state manager cannot record any more.
        """
        native: Any = current_token().native_token
        self._soon = native.call_soon_threadsafe if hasattr(native, "call_soon_threadsafe") else native.run_sync_soon
        self._awake = anyio.Event()
        size = self._pace.workers
        self._crew = Crew[Claim, Ending](size, self._bodies.run_on_thread, self._outside(self._wake))
        self._tasks = Tasks(size, self._work, self._wake)
        self._exchanges.open(self._name, self._serves)
        if self._stop_asked:
            self.stop()
        deaf = self._manager.wake_on_work(self._outside(self._nudge))
        try:
            await self._serve_shielded()
        finally:
            self._over = True
            deaf()
            self._crew.close()
            self._leave()
        self._raise_what_ended_it()

    @property
    def left(self) -> bool:
        """Everything was reported or released, and leave taken."""
        return self._over

    def stop(self) -> None:
        """Claim nothing more; bodies that run may finish within the grace time."""
        if self._stopping:
            return
        self._stopping = True
        self._stop_at = monotonic() + (0.0 if self._ended else self._pace.grace)
        self._drop_ready()
        self._wake()

    def stop_from_outside(self) -> None:
        """Stop, called from another thread or from a signal handler."""
        self._stop_asked = True
        self._outside(self.stop)()

    # The life of the loop

    async def _serve_shielded(self) -> None:
        async with anyio.create_task_group() as outside:
            outside.start_soon(self._stop_when_cancelled)
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as inside:
                    await self._drive(inside)
                    self._tasks.cancel()
                await self._bodies.processes.close()
            outside.cancel_scope.cancel()

    async def _stop_when_cancelled(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self.stop()

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
                self.stop()

    def _finished(self) -> bool:
        if self._failure is not None:
            return True
        if self._ended:
            self.stop()
        if not self._stopping:
            return False
        self._stop_bodies(monotonic())
        return not (self._running or self._exchanges.has_reports or self._exchanges.in_flight)

    def _stop_bodies(self, now: float) -> None:
        """When the grace time is over, cancel what can be cancelled and release what cannot."""
        if not self._running or now < self._stop_at:
            return
        self._tasks.cancel()
        patience = now < self._stop_at + HARD_STOP_SECONDS
        for claim in tuple(self._running.values()):
            if not patience or self._bodies.way(claim) == "thread":
                del self._running[claim.state_id]
                self._release([claim])

    def _leave(self) -> None:
        try:
            self._exchanges.close()
        except ExodslError as error:
            if self._failure is None:
                self._failure = error

    def _raise_what_ended_it(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._cancelled is not None:
            raise self._cancelled

    async def _rest(self, group: TaskGroup) -> None:
        """Wait until something happens, or until something is due."""
        if self._tasks.short_handed:
            self._tasks.grow(group)
            await checkpoint()
            return
        if self._awake.is_set():
            await checkpoint()
        else:
            with anyio.move_on_after(self._patience(monotonic())):
                await self._awake.wait()
        self._awake = anyio.Event()

    def _patience(self, now: float) -> float:
        """Return the seconds after which the loop must look up although nobody wakes it."""
        times = [self._exchanges.next_at(now, self._capacity)]
        if self._crew.short_handed:
            times.append(now + GROW_SECONDS)
        deadline = self._crew.next_deadline(now)
        if deadline is not None:
            times.append(deadline)
        if self._stopping:
            times.append(self._stop_at if now < self._stop_at else self._stop_at + HARD_STOP_SECONDS)
        return max(0.0, min(times) - now)

    def _wake(self) -> None:
        self._awake.set()

    def _nudge(self) -> None:
        self._exchanges.nudge()
        self._awake.set()

    def _outside(self, call: Callable[[], None]) -> Callable[[], None]:
        """Return what runs `call` in the event loop, from any thread, without waiting for it."""

        def soon() -> None:
            if self._soon is not None and not self._over:
                with suppress(RuntimeError):  # the event loop was closed in this moment
                    self._soon(call)

        return soon

    # One turn

    def _pump(self, *, call: bool = True) -> None:
        """Take in what ended, hand out what waits, and exchange when there is a reason to.

        :param call: wake idle tasks for what is handed out; not needed by a task that goes on itself.
        """
        now = monotonic()
        self._gather(now)
        self._hand_out(call)
        if self._failure is not None or not self._exchanges.wanted(now, self._capacity):
            return
        if not self._running and self._exchanges.polls(now):
            self._look_at_run()
        self._exchanges.make(self._capacity, alone=not self._running)
        self._hand_out(call)

    def _gather(self, now: float) -> None:
        for key, ending in self._crew.collect():
            self._report(key, ending)
        for key in self._crew.expire(now):
            claim = self._running.get(key)
            if claim is None:
                continue
            LOG.warning("%s runs past its timeout on a thread", claim.identifier, extra=extras(claim))
            self._report(key, self._bodies.timed_out(claim, IN_A_THREAD))
        if not self._crew.short_handed:
            self._short_since = now
        elif now >= self._short_since + GROW_SECONDS:
            self._crew.grow()
            self._short_since = now

    def _hand_out(self, call: bool) -> None:
        for way, claims in self._ready.items():
            while claims and len(self._running) < self._pace.workers:
                if way == "process" and self._children >= self._bodies.processes.limit:
                    break
                self._start(way, claims.popleft())
        if call:
            self._tasks.call()

    def _start(self, way: Way, claim: Claim) -> None:
        self._running[claim.state_id] = claim
        if way == "thread":
            self._crew.put(Job(claim.state_id, claim, self._bodies.timeout(claim)))
            return
        self._children += way == "process"
        self._tasks.put(claim)

    async def _work(self, claim: Claim) -> bool:
        """Run a body in the loop or in a child process; true when others should get a turn."""
        in_process = self._bodies.way(claim) == "process"
        try:
            if in_process:
                ending = await self._bodies.run_in_process(claim)
            else:
                ending = await self._bodies.run_in_loop(claim)
        except BaseException:
            if self._running.pop(claim.state_id, None) is not None:
                self._release([claim])
            raise
        finally:
            self._children -= in_process
        self._report(claim.state_id, ending)
        if self._running or self._exchanges.in_flight:
            self._wake()
            return False
        self._pump(call=False)
        if not self._running or self._crew.needs_watching:
            self._wake()
        return True

    def _report(self, key: int, ending: Ending) -> None:
        claim = self._running.pop(key, None)
        if claim is None:  # released meanwhile: what comes late counts no more
            return
        self._exchanges.report(Report(claim.state_id, claim.lease, result_of(ending, claim.retry_policy)))
        if isinstance(ending, Raised):
            LOG.info(
                "%s failed: %s: %s",
                claim.identifier,
                ending.error.type,
                ending.error.message,
                extra=extras(claim),
            )

    def _drop_ready(self) -> None:
        for claims in self._ready.values():
            self._release(claims)
            claims.clear()

    def _release(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._exchanges.report(Report(claim.state_id, claim.lease, Released()))
        self._wake()

    # What exchanges bring

    @property
    def _capacity(self) -> int:
        if self._stopping:
            return 0
        held = len(self._running) + sum(len(claims) for claims in self._ready.values())
        return max(0, self._pace.workers + self._pace.batch_size - held)

    def _arrived(self, exchange: Exchange) -> None:
        for claim in exchange.claims:
            self._ready[self._bodies.way(claim)].append(claim)
        if self._until in exchange.ended_runs:
            self._ended = True
        if self._stopping:
            self._drop_ready()

    def _look_at_run(self) -> None:
        """Find out whether the run was ended by somebody else; only while there is nothing to do for it."""
        if self._until is None or self._stopping:
            return
        try:
            self._ended = self._manager.run(self._until).status not in _UNENDED
        except ExodslError as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._wake()
