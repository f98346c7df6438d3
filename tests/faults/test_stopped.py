"""A runtime is stopped in the middle of its work for longer than its lease, and wakes up (semantics 3)."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ctypes import c_longlong
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.sharedctypes import RawValue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from exodsl import Graph, Runtime, collect, node, resume
from exodsl.database.sqlite import Sqlite
from exodsl.manager.embedded import EmbeddedManager, system_clock
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.sessions import LEASE_MS
from tests.faults.outcome import outcome
from tests.manager.byhand import give, report, serves

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows whether a process is stopped")


class SharedClock:
    """The time of this machine, set forward for several processes at once."""

    def __init__(self) -> None:
        self._by_ms = RawValue(c_longlong)

    def __call__(self) -> int:
        return system_clock() + self._by_ms.value

    def forward(self, by_ms: int) -> None:
        """Let time pass."""
        self._by_ms.value += by_ms


def three(before_work: Callable[[], None]) -> Graph:
    """Return a graph in which something happens before each of three bodies works."""

    @node
    def numbers() -> list[int]:
        return [1, 2, 3]

    @node
    def work(number: int) -> int:
        before_work()
        return number

    @node
    def total(found: list[int]) -> int:
        return sum(found)

    graph = Graph("three", keep_store=True)
    graph.connect(numbers, work, number=numbers.outputs)
    graph.connect(work, total, found=collect(work.outputs)).unites(numbers)
    return graph


GRAPH = three(lambda: None)


def fall_asleep(file: Path, clock: SharedClock, asleep: Event) -> None:
    """Serve the graph; the first body stops the process, outside of any transaction."""
    logging.basicConfig(filename=file.with_suffix(".log"))
    database = Sqlite(file, durability="normal")

    def sleep_once() -> None:
        with database.lock:
            if not asleep.is_set():
                asleep.set()
                os.kill(os.getpid(), signal.SIGSTOP)

    manager = EmbeddedManager(database, clock=clock)
    Runtime(graphs=[three(sleep_once)], manager=manager, workers=1).start()
    manager.close()


@dataclass
class Sleeper:
    """The runtime that stopped, the run of which it holds states, and somebody else on the same file."""

    process: ForkServerProcess
    manager: StateManager
    run_id: str
    log: Path

    def wake_up(self) -> None:
        """Let it go on, and wait until it has told what it did."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGCONT)
        until(lambda: "reports refused, the leases were lost" in self.log.read_text())


@pytest.fixture
def sleeper(processes: ForkServerContext, file: Path) -> Iterator[Sleeper]:
    """A runtime that was stopped while it held states, a lease ago."""
    clock, asleep = SharedClock(), processes.Event()
    process = processes.Process(target=fall_asleep, args=(file, clock, asleep), daemon=True)
    with closing(EmbeddedManager(Sqlite(file, durability="normal"), clock=clock)) as manager:
        run_id = begin(manager)
        process.start()
        asleep.wait()
        until(lambda: is_stopped(process))
        clock.forward(LEASE_MS + 1)
        yield Sleeper(process, manager, run_id, file.with_suffix(".log"))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGCONT)  # a test that failed may have left it asleep, deaf to anything else
        process.terminate()
        process.join()
    assert process.exitcode == 0


def begin(manager: StateManager) -> str:
    """Trigger a run."""
    template = GRAPH.compile()
    manager.upsert(template)
    return manager.trigger([Trigger(template.namespace, template.name)])[0]


def is_stopped(process: ForkServerProcess) -> bool:
    """Say whether the signal has come into effect: one to go on that comes before it would be lost."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    while not condition():
        time.sleep(0.005)


def test_a_runtime_that_wakes_up_after_others_have_ended_its_run_changes_nothing(sleeper: Sleeper) -> None:
    resume(sleeper.run_id, GRAPH, sleeper.manager)
    before = outcome(sleeper.manager, sleeper.run_id)
    sleeper.wake_up()

    assert before.status == "SUCCESS"
    assert outcome(sleeper.manager, sleeper.run_id) == before


def test_a_runtime_that_wakes_up_goes_on_with_new_work(sleeper: Sleeper) -> None:
    resume(sleeper.run_id, GRAPH, sleeper.manager)
    sleeper.wake_up()
    run_id = begin(sleeper.manager)
    until(lambda: sleeper.manager.run(run_id).finished_at is not None)

    assert outcome(sleeper.manager, run_id) == outcome(sleeper.manager, sleeper.run_id)


def test_a_runtime_that_wakes_up_does_not_speak_for_whom_has_its_states_now(sleeper: Sleeper) -> None:
    """Its reports are refused, the others' count, and it may have what follows."""
    session = sleeper.manager.open_session("other", serves(GRAPH.compile()))
    claims = sleeper.manager.exchange(session, [], 10).claims
    sleeper.wake_up()
    told = [report(claim, give({"result": 100})) for claim in claims]
    answer = sleeper.manager.exchange(session, told, 0)
    until(lambda: sleeper.manager.run(sleeper.run_id).finished_at is not None)
    (total,) = sleeper.manager.states(sleeper.run_id, identifier="total").items

    assert (len(claims), answer.refused) == (3, ())
    assert total.outputs == {"result": 300}
