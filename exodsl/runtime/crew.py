"""Threads for sync bodies: they pull from one shared deque and wake the loop once for many ends."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(slots=True)
class Job(Generic[J]):
    """Something to do on a thread, at most for `timeout` seconds if that is given."""

    key: int
    what: J
    timeout: float | None = None


class Crew(Generic[J, R]):
    """A few threads that grow on demand, up to `size` that are of use.

    A thread whose job ran out of time cannot be stopped: it is written off, another takes its
    place, and it ends when its job does.

    :param work: does one job; must not raise.
    :param wake: called from a thread when there is something to `collect`; not again before that.
    """

    def __init__(self, size: int, work: Callable[[J], R], wake: Callable[[], None]) -> None:
        self._size, self._work, self._wake = size, work, wake
        self._context = _without_event_loop()
        self._jobs: deque[Job[J]] = deque()
        self._done: deque[tuple[int, R]] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._threads = self._idle = 0
        self._calling = self._told = self._closed = False
        self._limits: dict[int, float] = {}
        self._deadlines: dict[int, float] = {}
        self._written_off: set[int] = set()

    @property
    def waiting(self) -> bool:
        """Jobs wait that no thread has begun."""
        return bool(self._jobs)

    @property
    def short_handed(self) -> bool:
        """Jobs wait that another thread could take: `grow` when that lasts."""
        return bool(self._jobs) and self._threads < self._size

    @property
    def longest_waiting(self) -> int | None:
        """The key of the job that no thread has taken for the longest time."""
        try:
            return self._jobs[0].key
        except IndexError:
            return None

    @property
    def needs_watching(self) -> bool:
        """Threads may have to be added, or jobs to be written off."""
        return bool(self._limits) or self.short_handed

    def next_deadline(self, now: float) -> float | None:
        """Return the earliest time at which a job may run out of time, those not begun included."""
        if not self._limits:
            return None
        with self._lock:
            return min(self._deadlines.get(key, now + limit) for key, limit in self._limits.items())

    def put(self, job: Job[J], *, first: bool = False) -> None:
        """Hand out a job; one thread is called, and calls others while there is more to do.

        :param first: it does not wait behind others.
        """
        if job.timeout is not None:
            self._limits[job.key] = job.timeout
        if first:
            self._jobs.appendleft(job)
        else:
            self._jobs.append(job)
        if not self._threads:
            self.grow()
        elif self._idle and not self._calling:
            self._call()

    def grow(self) -> None:
        """Double the threads, as far as there are jobs for them."""
        with self._lock:
            more = min(len(self._jobs), max(1, self._threads), self._size - self._threads)
            self._threads += more
        for _ in range(more):
            threading.Thread(target=self._run, name="exodsl-body", daemon=True).start()

    def withdraw(self) -> list[int]:
        """Take back the jobs that no thread has begun; return their keys."""
        keys: list[int] = []
        with suppress(IndexError):
            while True:
                keys.append(self._jobs.popleft().key)
        for key in keys:
            self._limits.pop(key, None)
        return keys

    def collect(self) -> list[tuple[int, R]]:
        """Return what ended since the last call, as (key, result)."""
        self._told = False
        ended: list[tuple[int, R]] = []
        while self._done:
            ended.append(self._done.popleft())
        if self._limits:
            for key, _ in ended:
                self._limits.pop(key, None)
        return ended

    def expire(self, now: float) -> list[int]:
        """Write off what ran out of time; return the keys. Their results never come back."""
        if not self._limits:
            return []
        with self._lock:
            late = [key for key, deadline in self._deadlines.items() if deadline <= now]
            for key in late:
                del self._deadlines[key], self._limits[key]
            self._written_off.update(late)
            self._threads -= len(late)
        return late

    def close(self) -> None:
        """Let every thread end once it is idle; jobs that nobody took are dropped."""
        with self._lock:
            self._jobs.clear()
            self._closed = True
            self._changed.notify_all()

    def _call(self) -> None:
        with self._lock:
            if self._idle and not self._calling:
                self._calling = True
                self._changed.notify()

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.popleft()
            except IndexError:
                if not self._wait():
                    return
                continue
            if self._jobs and self._idle and not self._calling:
                self._call()
            if not self._do(job):
                return

    def _wait(self) -> bool:
        """Wait for jobs; false when the crew is closed."""
        with self._lock:
            self._idle += 1
            while not self._jobs and not self._closed:
                self._changed.wait()
                self._calling = False
            self._idle -= 1
        return not self._closed

    def _do(self, job: Job[J]) -> bool:
        """Do a job; false when it was written off meanwhile, and the thread with it."""
        if job.timeout is not None:
            return self._do_timed(job, job.timeout)
        self._tell(job.key, self._context.copy().run(self._work, job.what))
        return True

    def _do_timed(self, job: Job[J], timeout: float) -> bool:
        with self._lock:
            self._deadlines[job.key] = monotonic() + timeout
        result = self._context.copy().run(self._work, job.what)
        with self._lock:
            if job.key in self._written_off:
                self._written_off.discard(job.key)
                return False
            del self._deadlines[job.key]
        self._tell(job.key, result)
        return True

    def _tell(self, key: int, result: R) -> None:
        self._done.append((key, result))
        if not self._told:
            self._told = True
            self._wake()


def _without_event_loop() -> Context:
    context = copy_context()
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:  # it would take a body's thread for one with an event loop, and refuse `graph.run` there
        context.run(sniffio.current_async_library_cvar.set, None)
    return context
