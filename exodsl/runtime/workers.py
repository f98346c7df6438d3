"""Bodies at work: claims that wait for a worker, and those that run in the loop, on threads, in executors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from anyio.abc import TaskGroup

from exodsl.engine.reports import Claim
from exodsl.errors import ExecutorUnusable
from exodsl.runtime.bodies import IN_A_THREAD, Bodies
from exodsl.runtime.crew import Crew, Job
from exodsl.runtime.desk import LOOP, Way
from exodsl.runtime.judging import Ending
from exodsl.runtime.logs import LOG, extras
from exodsl.runtime.pace import GROW_SECONDS, Pace
from exodsl.runtime.signals import Interrupted
from exodsl.runtime.tasks import Tasks
from exodsl.template.check_executors import THREAD


class Workers:
    """All that a runtime holds; at most `pace.workers` bodies run at once.

    :param ended: gets each claim whose body ended, and how.
    :param handed_back: gets each claim that was not run, or not to its end.
    :param next_turn: called in the task whose body ended; says whether other tasks should get a turn now.
    :param wake: wakes the loop; in the event loop's thread.
    :param wake_from_thread: does so from any thread.
    :param broken: gets the error of an executor that can run no bodies any more.
    """

    def __init__(
        self,
        bodies: Bodies,
        pace: Pace,
        ended: Callable[[Claim, Ending], None],
        handed_back: Callable[[Claim], None],
        next_turn: Callable[[], bool],
        wake: Callable[[], None],
        wake_from_thread: Callable[[], None],
        broken: Callable[[ExecutorUnusable], None],
    ) -> None:
        self._bodies, self._pace = bodies, pace
        self._ended, self._handed_back, self._next_turn, self._broken = ended, handed_back, next_turn, broken
        self._elsewhere: dict[Way, int] = dict.fromkeys(bodies.executors, 0)  # how many bodies each executor has
        self._ready: dict[Way, deque[Claim]] = {way: deque() for way in (LOOP, THREAD, *self._elsewhere)}
        self._ready_but_threads = tuple(ready for way, ready in self._ready.items() if way != THREAD)
        self._in_loop: dict[int, Claim] = {}
        self._on_threads: dict[int, Claim] = {}
        self._far = 0  # how many all of them have
        self._short_since = 0.0
        self._longest: int | None = None
        self._crew = Crew[Claim, Ending](pace.workers, bodies.run_on_thread, wake_from_thread)
        self._tasks = Tasks(pace.workers, self._work, wake)

    @property
    def busy(self) -> bool:
        """A body runs, or is about to."""
        return bool(self._in_loop or self._on_threads)

    @property
    def saturated(self) -> bool:
        """Claims wait here for a worker."""
        return self._tasks.waiting or self._crew.waiting or any(self._ready.values())

    @property
    def need_watching(self) -> bool:
        """Threads may have to be added, or bodies to be written off."""
        return self._crew.needs_watching

    @property
    def room(self) -> int:
        """How many more claims may be taken."""
        held = len(self._in_loop) + len(self._on_threads) + sum(map(len, self._ready.values()))
        return max(0, self._pace.workers + self._pace.batch_size - held)

    def next_at(self, now: float) -> float | None:
        """Return when to look again although no body ends."""
        deadline = self._crew.next_deadline(now)
        if not self._crew.short_handed:
            return deadline
        return now + GROW_SECONDS if deadline is None else min(now + GROW_SECONDS, deadline)

    def take(self, claims: Iterable[Claim]) -> None:
        """Take claims; `hand_out` gives them to workers."""
        for claim in claims:
            ready = self._ready[self._bodies.way(claim)]
            if claim.suspect:
                ready.appendleft(claim)
            else:
                ready.append(claim)

    def gather(self, now: float) -> None:
        """Take in what threads have done, and write off what takes them too long."""
        for key, ending in self._crew.collect():
            self._end(self._on_threads.pop(key, None), ending)
        for key in self._crew.expire(now):
            claim = self._on_threads.pop(key, None)
            if claim is None:
                continue
            LOG.warning("%s runs past its timeout on a thread", claim.identifier, extra=extras(claim))
            self._end(claim, self._bodies.timed_out(claim, IN_A_THREAD))
        self._grow_crew(now)

    def _grow_crew(self, now: float) -> None:
        """Add threads when one and the same job waits too long: while jobs move on, threads are not what lacks."""
        longest = self._crew.longest_waiting
        if longest != self._longest or not self._crew.short_handed:
            self._longest, self._short_since = longest, now
        elif now >= self._short_since + GROW_SECONDS:
            self._crew.grow()
            self._short_since = now

    def hand_out(self, *, call: bool) -> None:
        """Start the bodies of claims that wait, as far as workers are free.

        :param call: wake idle tasks for them; not needed by a task that goes on itself.
        """
        for way, claims in self._ready.items():
            while claims and self._may_start(way):
                self._start(way, claims.popleft())
        if call:
            self._tasks.call()

    def _may_start(self, way: Way) -> bool:
        """Say whether a worker is free; threads may be given more than they can run, while they are all that work.

        So they go from body to body without the loop, which is not to be woken for each.
        """
        if way == THREAD and not (self._in_loop or any(self._ready_but_threads)):
            return True
        if way in self._elsewhere and self._is_full(way):
            return False
        return len(self._in_loop) + len(self._on_threads) < self._pace.workers

    def _is_full(self, executor: str) -> bool:
        limit = self._bodies.executors[executor].limit
        return limit is not None and self._elsewhere[executor] >= limit

    def grow(self, group: TaskGroup) -> bool:
        """Add tasks if claims wait for them; false when they do not."""
        if not self._tasks.short_handed:
            return False
        self._tasks.grow(group)
        return True

    def drop_waiting(self) -> None:
        """Hand back what no worker has begun."""
        for key in self._crew.withdraw():
            self._hand_back(self._on_threads.pop(key, None))
        for claims in self._ready.values():
            while claims:
                self._handed_back(claims.popleft())

    def stop(self, *, patient: bool) -> None:
        """Cancel the bodies that can be cancelled; hand back those that cannot, and without patience all."""
        self._tasks.cancel()
        for running in (self._on_threads,) if patient else (self._on_threads, self._in_loop):
            while running:
                self._hand_back(running.popitem()[1])

    def close(self) -> None:
        """Let go of the threads and tasks; bodies that cannot be stopped go on, and count no more."""
        self._tasks.cancel()
        self._crew.close()

    def _start(self, way: Way, claim: Claim) -> None:
        if way == THREAD:
            self._on_threads[claim.state_id] = claim
            self._crew.put(Job(claim.state_id, claim, self._bodies.timeout(claim)), first=claim.suspect)
            return
        self._in_loop[claim.state_id] = claim
        if way != LOOP:
            self._elsewhere[way] += 1
            self._far += 1
        self._tasks.put(claim)

    async def _work(self, claim: Claim) -> bool:
        """Run a body in the loop or in an executor; true when others should get a turn."""
        way = self._bodies.way(claim) if self._far else LOOP
        try:
            if way == LOOP:
                ending = await self._bodies.run_in_loop(claim)
            else:
                ending = await self._bodies.run_elsewhere(claim)
        except ExecutorUnusable as error:
            self._hand_back(self._in_loop.pop(claim.state_id, None))
            self._broken(error)
            return False
        except Interrupted:
            self._hand_back(self._in_loop.pop(claim.state_id, None))
            return False
        except BaseException:
            self._hand_back(self._in_loop.pop(claim.state_id, None))
            raise
        finally:
            if way != LOOP:
                self._elsewhere[way] -= 1
                self._far -= 1
        self._end(self._in_loop.pop(claim.state_id, None), ending)
        return self._next_turn()

    # A claim that is not here any more was handed back meanwhile: what comes late counts no more.

    def _hand_back(self, claim: Claim | None) -> None:
        if claim is not None:
            self._handed_back(claim)

    def _end(self, claim: Claim | None, ending: Ending) -> None:
        if claim is not None:
            self._ended(claim, ending)
