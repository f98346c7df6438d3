"""An event loop whose time is a fake clock's: it jumps where nothing is left to do but wait."""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
from asyncio import Future
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from exodsl.runtime.threads import threads_at_work
from exodsl.testing.clock import FakeClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_OWN_FILES = 1
"""The pipe by which other threads wake the loop."""
_LEAST_SECONDS = 1e-6
_PATIENCE_SECONDS = 1.0
"""How long nothing at all may happen before a wait counts as one without end."""


class NothingToWaitFor(Exception):
    """All tasks of the loop wait, and nothing is there that could wake one."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeps and timeouts end at once, and move the clock by as much.

    What is real takes its real time: while a socket is open or a thread is at work, the clock stands still, and
    moves only when a timer of the loop runs out before that.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._time, self._calls = clock, 0
        super().__init__(_Selector(clock, self._is_calling))

    def time(self) -> float:
        """Return the seconds on the clock."""
        return self._time.elapsed

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call a function at a time; what waits for ever waits for no time."""
        if math.isinf(when):
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> Future[T]:
        """Run a function on a thread; time stands still meanwhile."""
        self._calls += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._called)
        return future

    async def shutdown_default_executor(self, *timeout: float | None) -> None:
        """Wait for the threads that functions ran on; that takes real time, too."""
        self._calls += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self._calls -= 1

    def _called(self, future: Future[Any]) -> None:
        self._calls -= 1

    def _is_calling(self) -> bool:
        return self._calls > 0 or threads_at_work() > 0


class _Selector(selectors.DefaultSelector):
    """Waits for files as any other does, and for time by moving the clock."""

    def __init__(self, clock: FakeClock, is_calling: Callable[[], bool]) -> None:
        super().__init__()
        self._clock, self._is_calling = clock, is_calling
        self._threads = threading.active_count()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            return self._wait_for_others()
        if len(self.get_map()) > _OWN_FILES or self._is_calling():
            ready = super().select(timeout)
        if not ready:
            self._clock.advance(max(timeout, _LEAST_SECONDS))
        return ready

    def _wait_for_others(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, in real time, for files and other threads to bring something."""
        while True:
            ready = super().select(_PATIENCE_SECONDS)
            if ready:
                return ready
            if len(self.get_map()) <= _OWN_FILES and threading.active_count() <= self._threads:
                raise NothingToWaitFor
