"""Runtimes that are killed at random while they work on many runs, and what is found when all have ended."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from random import Random

from pydantic_core import to_json

from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager, Trigger
from tests.faults.outcome import states
from tests.faults.parcels import NOTES, bodies_begun, graph, serve

SHORTEST, LONGEST = 0.05, 0.3
"""Seconds between two kills."""
POLL_SECONDS = 0.02
LOST = "exodsl.Lost"
Record = tuple[str, tuple[int, ...], int, bytes]
"""What is on record at a place: identifier, path, fanout index and outputs; or the store of the run."""


@dataclass(frozen=True)
class Storm:
    """How much is worked on, by how many, and how often one of them is killed at most."""

    runs: int
    runtimes: int
    kills: int
    seed: int = 1


@dataclass(frozen=True)
class Damage:
    """What a storm did.

    :param given_up: states that were lost with their runtimes too often, and were then retried by hand.
    :param repeated: how many bodies began more than once.
    :param lost: records that should be there, and are not.
    :param doubled: records that are there, and should not be.
    """

    runs: int
    states: int
    kills: int
    given_up: int
    repeated: int
    lost: int
    doubled: int
    seconds: float


class Crew:
    """Runtimes that serve one database, each a process; one that is killed is started again at once."""

    def __init__(self, processes: ForkServerContext, file: Path, notes: Path, storm: Storm) -> None:
        self._processes, self._places = processes, (file, notes)
        self._random = Random(storm.seed)
        self._crew = [self._started() for _ in range(storm.runtimes)]
        self.kills = 0

    def kill_one(self) -> None:
        """Wait for a moment, and kill a runtime."""
        time.sleep(self._random.uniform(SHORTEST, LONGEST))
        at = self._random.randrange(len(self._crew))
        self._crew[at].kill()
        self._crew[at].join()
        self._crew[at] = self._started()
        self.kills += 1

    def stop(self) -> None:
        """Stop all of them, which have to end in peace; one may not have begun yet."""
        for process in self._crew:
            process.terminate()
        for process in self._crew:
            process.join()
            assert process.exitcode in (0, -signal.SIGTERM)

    def _started(self) -> ForkServerProcess:
        process = self._processes.Process(target=serve, args=self._places, daemon=True)
        process.start()
        return process


def rage(storm: Storm, processes: ForkServerContext, folder: Path) -> Damage:
    """Let a storm rage until every run has ended, and count what became of them."""
    notes = folder / "notes"
    wanted = _undisturbed(folder)
    began = time.monotonic()
    with closing(open_manager(str(folder / "storm.db"))) as manager:
        run_ids = _triggered(manager, storm.runs)
        crew = Crew(processes, folder / "storm.db", notes, storm)
        while crew.kills < storm.kills and _go_on(manager):
            crew.kill_one()
        given_up = _wait(manager, run_ids)
        crew.stop()
        seconds = time.monotonic() - began
        found = [_records(manager, run_id) for run_id in run_ids]
    return Damage(
        runs=storm.runs,
        states=sum(records.total() - 1 for records in found),
        kills=crew.kills,
        given_up=given_up,
        repeated=sum(count > 1 for count in bodies_begun(notes).values()),
        lost=sum((wanted - records).total() for records in found),
        doubled=sum((records - wanted).total() for records in found),
        seconds=seconds,
    )


def _undisturbed(folder: Path) -> Counter[Record]:
    os.environ[NOTES] = os.devnull
    with closing(open_manager(str(folder / "undisturbed.db"))) as manager:
        run = graph.run(run=0, db=manager)
        return _records(manager, run.run_id)


def _triggered(manager: StateManager, count: int) -> list[str]:
    template = graph.compile()
    manager.upsert(template)
    return manager.trigger([Trigger(template.namespace, template.name, {"run": run}) for run in range(count)])


def _go_on(manager: StateManager) -> bool:
    return bool(manager.runs(status="RUNNING", limit=1).items)


def _wait(manager: StateManager, run_ids: Sequence[str]) -> int:
    """Wait until every run is SUCCESS; return how many states had to be retried by hand for that.

    By chance a state is lost with its runtime three times, which ends it: the system cannot tell whose fault it was.
    """
    given_up = 0
    while True:
        while _go_on(manager):
            time.sleep(POLL_SECONDS)
        retried = sum(_retried(manager, run_id) for run_id in run_ids if manager.run(run_id).status == "FAILED")
        if not retried:
            return given_up
        given_up += retried


def _retried(manager: StateManager, run_id: str) -> int:
    failed = manager.states(run_id, status="ERRORED").items
    assert {state.error.type for state in failed if state.error} == {LOST}
    return len(manager.retry(run_id).retried)


def _records(manager: StateManager, run_id: str) -> Counter[Record]:
    """Return what is on record of a run; of a state that was retried, the attempt that took its place."""
    found: Counter[Record] = Counter(
        (view.identifier, view.path, view.fanout_index, to_json(view.outputs))
        for view in states(manager, run_id)
        if view.status != "RETRY_CREATED"
    )
    found["store", (), 0, to_json(manager.read_store(run_id))] += 1
    return found
