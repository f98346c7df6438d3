"""Runtimes, and their server, are killed at random while they work on many runs; what is found when all have ended."""

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
from typing import Protocol

from pydantic_core import to_json

from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager, Trigger
from tests.faults.outcome import states
from tests.faults.parcels import NOTES, bodies_begun, graph, serve

SHORTEST, LONGEST = 0.05, 0.3
"""Seconds between two kills."""
POLL_SECONDS = 0.02
DOWN_SECONDS = 0.2
MOMENTS_BETWEEN = 3
"""How many moments a server is up at least."""
LOST = "exodsl.Lost"
Record = tuple[str, tuple[int, ...], int, bytes]
"""What is on record at a place: identifier, path, fanout index and outputs; or the store of the run."""


class Server(Protocol):
    """What runtimes share, when it is not a file: it comes back at the same address."""

    def uri(self) -> str: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def crash(self) -> None: ...


@dataclass(frozen=True)
class Storm:
    """How much is worked on, by how many, and how often one of them is killed at most.

    :param restarts: how often their server ends, where they have one: by crashes and shutdowns in turn.
    """

    runs: int
    runtimes: int
    kills: int
    seed: int = 1
    restarts: int = 0


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
    restarts: int
    given_up: int
    repeated: int
    lost: int
    doubled: int
    seconds: float


class Crew:
    """Runtimes that serve one database, each a process; one that is killed is started again at once."""

    def __init__(self, processes: ForkServerContext, uri: str, notes: Path, storm: Storm) -> None:
        self._processes, self._places = processes, (uri, notes)
        self._random = Random(storm.seed)
        self._crew = [self._started() for _ in range(storm.runtimes)]
        self.kills = 0

    def wait(self) -> None:
        """Let all of them work for a moment."""
        time.sleep(self._random.uniform(SHORTEST, LONGEST))

    def kill_one(self) -> None:
        """Kill a runtime."""
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


class Outages:
    """A server that ends now and then, spread evenly over the kills of a storm; none for a file."""

    def __init__(self, server: Server | None, storm: Storm) -> None:
        self._server, self._every = server, max(MOMENTS_BETWEEN, storm.kills // (storm.restarts + 1))
        self._most = 0 if server is None else storm.restarts
        self.restarts = 0

    @property
    def over(self) -> bool:
        """Whether the server will not end any more."""
        return self.restarts == self._most

    def after(self, moments: int) -> None:
        """End the server if it is time, and start it again after a moment."""
        if self._server is None or self.over or moments // self._every <= self.restarts:
            return
        if self.restarts % 2:
            self._server.stop()
        else:
            self._server.crash()
        time.sleep(DOWN_SECONDS)
        self._server.start()
        self.restarts += 1


def rage(storm: Storm, processes: ForkServerContext, folder: Path, server: Server | None = None) -> Damage:
    """Let a storm rage until every run has ended, and count what became of them.

    :param server: where the states are, instead of in a file.
    """
    notes = folder / "notes"
    wanted = _undisturbed(folder)
    uri = str(folder / "storm.db") if server is None else server.uri()
    outages = Outages(server, storm)
    began = time.monotonic()
    with closing(open_manager(uri)) as manager:
        run_ids = _triggered(manager, storm.runs)
        crew = Crew(processes, uri, notes, storm)
        moments = 0
        while _go_on(manager) and not (crew.kills == storm.kills and outages.over):
            crew.wait()
            moments += 1
            if crew.kills < storm.kills:
                crew.kill_one()
            outages.after(moments)
        given_up = _wait(manager, run_ids)
        crew.stop()
        seconds = time.monotonic() - began
        found = [_records(manager, run_id) for run_id in run_ids]
    return Damage(
        runs=storm.runs,
        states=sum(records.total() - 1 for records in found),
        kills=crew.kills,
        restarts=outages.restarts,
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
