"""One manager in several threads: runtimes that come and go, and people who look on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from exodsl.manager.protocol import StateManager
from tests.manager.byhand import ByHand, Clock, add, begin, draw, give, numbers, report, serves

FAN = draw(
    "root* > work, work > end",
    unites={"end": "root"},
    inputs={"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
    store_config={"default_values": {"n": 0}},
    keep_store=True,
)


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*parts: Callable[[], object]) -> None:
    """Run each part in a thread of its own; raise what any of them raised."""
    raised: list[BaseException] = []

    def guarded(part: Callable[[], object]) -> None:
        try:
            part()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in raised:
        raise error


def test_runtimes_in_threads_do_all_of_the_work_once(manager: StateManager, clock: Clock) -> None:
    begun = begin(manager, clock, FAN)
    begun.reach("work", root=numbers(120))
    manager.close_session(begun.session)
    ran: list[int] = []

    def work() -> None:
        session = manager.open_session("thread", serves(FAN))
        hand = ByHand(manager, clock, FAN, begun.run_id, session)
        while hand.status == "RUNNING":
            for claim in hand.held or hand.take(3):
                ran.append(claim.state_id)
                hand.tell(report(claim, give({"n": 1}, writes=[add("n", 1)])), capacity=1)

    together(work, work, work)

    assert len(ran) == len(set(ran)) == 121
    assert (begun.status, begun.store) == ("SUCCESS", {"n": 121})


def test_who_looks_on_sees_one_moment(manager: StateManager, clock: Clock) -> None:
    begun = begin(manager, clock, FAN)
    seen: set[int] = set()

    def look() -> None:
        while begun.status == "RUNNING":
            seen.update((begun.progress("work").total, len(begun.states("work"))))

    together(lambda: begun.work(root=numbers(200), work=lambda i: give(i)), look)

    assert seen <= {0, 200}


def test_runtimes_come_and_go_while_others_work(manager: StateManager, clock: Clock) -> None:
    begun = begin(manager, clock, FAN)

    def come_and_go() -> None:
        for _ in range(60):
            manager.close_session(manager.open_session("short", serves(FAN)))

    def start_more() -> None:
        for _ in range(60):
            begin(manager, clock, draw("lone", name="other"))

    together(lambda: begun.work(root=numbers(300), work=lambda i: give(i)), come_and_go, come_and_go, start_more)

    assert begun.status == "SUCCESS"
