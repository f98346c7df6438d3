"""Threads for sync bodies: one shared deque, one wake for many ends, hung threads written off."""

import threading
from collections.abc import Callable, Iterator

import pytest

from exodsl.runtime.crew import Crew, Job


class Loop:
    """Stands where the event loop does: is woken, and collects then."""

    def __init__(self, size: int, work: Callable[[int], int]) -> None:
        self.woken = threading.Event()
        self.wakes = 0
        self.ended: dict[int, int] = {}
        self.crew = Crew[int, int](size, work, self._wake)

    def _wake(self) -> None:
        self.wakes += 1
        self.woken.set()

    def put(self, *numbers: int, timeout: float | None = None) -> None:
        for number in numbers:
            self.crew.put(Job(number, number, timeout))

    def wait_for(self, count: int) -> dict[int, int]:
        """Collect until so many jobs have ended."""
        while len(self.ended) < count:
            assert self.woken.wait(30)
            self.woken.clear()
            self.ended.update(self.crew.collect())
        return self.ended


@pytest.fixture
def loop_of() -> Iterator[Callable[[int, Callable[[int], int]], Loop]]:
    """Makes crews that are closed after the test."""
    made: list[Loop] = []

    def make(size: int, work: Callable[[int], int]) -> Loop:
        made.append(Loop(size, work))
        return made[-1]

    yield make
    for loop in made:
        loop.crew.close()


Maker = Callable[[int, Callable[[int], int]], Loop]


def test_every_job_is_done_once(loop_of: Maker) -> None:
    loop = loop_of(4, lambda number: number * 2)

    loop.put(*range(1000))

    assert loop.wait_for(1000) == {number: number * 2 for number in range(1000)}


def test_one_wake_serves_until_the_loop_collects(loop_of: Maker) -> None:
    done = threading.Semaphore(0)

    def work(number: int) -> int:
        done.release()
        return number

    loop = loop_of(1, work)
    loop.put(*range(10))
    for _ in range(10):
        done.acquire(timeout=30)

    assert loop.wakes == 1


def test_threads_are_added_while_jobs_wait(loop_of: Maker) -> None:
    meeting = threading.Barrier(4, timeout=30)
    loop = loop_of(4, lambda number: meeting.wait() * 0)

    loop.put(1, 2, 3, 4)
    while loop.crew.short_handed:
        loop.crew.grow()

    assert loop.wait_for(4) == {1: 0, 2: 0, 3: 0, 4: 0}


def test_what_no_thread_has_begun_can_be_withdrawn(loop_of: Maker) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(number: int) -> int:
        begun.set()
        release.wait(30)
        return number

    loop = loop_of(1, work)
    loop.put(1)
    begun.wait(30)
    loop.put(2, 3, timeout=0.5)
    withdrawn, deadline = loop.crew.withdraw(), loop.crew.next_deadline(100.0)
    release.set()
    loop.put(4)

    assert (withdrawn, deadline, loop.wait_for(2)) == ([2, 3], None, {1: 1, 4: 4})


def test_a_job_may_come_before_all_that_wait(loop_of: Maker) -> None:
    begun, release, order = threading.Event(), threading.Event(), list[int]()

    def work(number: int) -> int:
        begun.set()
        release.wait(30)
        order.append(number)
        return number

    loop = loop_of(1, work)
    loop.put(1)
    begun.wait(30)
    loop.put(2)
    loop.crew.put(Job(3, 3), first=True)
    release.set()
    loop.wait_for(3)

    assert order == [1, 3, 2]


def test_a_thread_written_off_is_replaced_and_its_result_dropped(loop_of: Maker) -> None:
    hung, release = threading.Event(), threading.Event()

    def work(number: int) -> int:
        if number == 1:
            hung.set()
            release.wait(30)
        return number

    loop = loop_of(1, work)
    loop.put(1, timeout=1.0)
    hung.wait(30)
    late = loop.crew.expire(float("inf"))
    loop.put(2)
    ended = dict(loop.wait_for(1))
    release.set()
    loop.put(3)

    assert (late, ended, loop.wait_for(2)) == ([1], {2: 2}, {2: 2, 3: 3})


def test_a_job_that_has_not_begun_does_not_run_out_of_time(loop_of: Maker) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(number: int) -> int:
        begun.set()
        release.wait(30)
        return number

    loop = loop_of(1, work)
    loop.put(1)
    loop.put(2, timeout=0.5)
    begun.wait(30)
    late, deadline = loop.crew.expire(float("inf")), loop.crew.next_deadline(100.0)
    release.set()

    assert (late, deadline, loop.wait_for(2)) == ([], 100.5, {1: 1, 2: 2})
