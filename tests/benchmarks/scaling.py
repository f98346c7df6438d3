"""How much more several runtimes get done than one: they are processes of their own on one database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import psycopg

from exodsl import Runtime
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Trigger
from exodsl.manager.views import RunStatus
from tests.benchmarks import workloads
from tests.benchmarks.tables import table
from tests.faults.serving import http_server
from tests.postgres import Server, own_server

RUNTIMES = (1, 2, 4)
SQLITE, POSTGRES, HTTP = DATABASES = ("SQLite", "PostgreSQL", "SQLite, by HTTP")
WORKERS = 16
"""Bodies that one runtime has at work at once: so few that one is held up by bodies that sleep."""
STATES = 3
_CORES = Path("/proc/stat")
Told = tuple[str, float]


class Turn(NamedTuple):
    """What runtimes did once.

    :param rate: states a second.
    :param workers: the share of the time for which their workers had no body.
    :param cores: the share of the time for which the machine's cores had nothing to do, where it tells.
    """

    rate: float
    workers: float
    cores: float


@dataclass(frozen=True, slots=True)
class Scaled:
    """What some runtimes did, round after round."""

    database: str
    naps: bool
    runtimes: int
    turns: Sequence[Turn]

    @property
    def rate(self) -> float:
        """The median of the states a second."""
        return median(turn.rate for turn in self.turns)


def measured(
    runs: int, rounds: int, runtimes: Sequence[int] = RUNTIMES, databases: Sequence[str] = DATABASES
) -> list[Scaled]:
    """Let runtimes work on runs of three states; rounds go through all numbers of them in turn."""
    found: list[Scaled] = []
    for database, naps in itertools.product(databases, (False, True)):
        with _addresses(database) as address:
            turns = [[_turn_at(address, count, runs, naps) for count in runtimes] for _ in range(rounds)]
        found += [
            Scaled(database, naps, count, of_count)
            for count, of_count in zip(runtimes, zip(*turns, strict=True), strict=True)
        ]
    return found


def shown(found: Sequence[Scaled], runs: int, rounds: int) -> str:
    """Return all of it as a table of medians."""
    alone = {(one.database, one.naps): one.rate for one in found if one.runtimes == 1}
    head = ("bodies", "database", "runtimes", "states/s", "x one", "workers idle", "cores idle")
    rows = [
        (
            f"{workloads.NAP_SECONDS * 1e3:.0f} ms" if one.naps else "0 ms",
            one.database,
            str(one.runtimes),
            f"{one.rate:,.0f}",
            f"{one.rate / alone[one.database, one.naps]:.2f}",
            f"{median(turn.workers for turn in one.turns):.0%}" if one.naps else "",
            f"{median(turn.cores for turn in one.turns):.0%}",
        )
        for one in found
    ]
    return table(f"{runs:,} runs of {STATES} states, runtimes of {WORKERS} workers  ({rounds} rounds)", head, rows)


# Databases, on disk and durable

Address = AbstractContextManager[str]


@contextmanager
def _addresses(database: str) -> Generator[Callable[[], Address]]:
    """Give what makes an empty database, and gives its address for as long as it is needed."""
    numbers = itertools.count()
    if database == POSTGRES:
        with own_server(settings=()) as server:
            yield lambda: _on_server(server, f"bench_{next(numbers)}")
        return
    with TemporaryDirectory(prefix="exodsl-bench-") as folder:
        yield lambda: _in_file(f"{folder}/{next(numbers)}.db", by_http=database == HTTP)


@contextmanager
def _on_server(server: Server, name: str) -> Generator[str]:
    with psycopg.connect(server.uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield server.uri(name)


@contextmanager
def _in_file(file: str, *, by_http: bool) -> Generator[str]:
    if not by_http:
        yield file
        return
    with http_server(file) as server:
        yield server.uri()


# Runtimes


def _turn_at(made: Callable[[], Address], runtimes: int, runs: int, naps: bool) -> Turn:
    with made() as address:
        return _turn(address, runtimes, runs, naps)


def _turn(address: str, runtimes: int, runs: int, naps: bool) -> Turn:
    graph = workloads.line(naps=naps)
    one = Trigger(graph.namespace, graph.name, {"text": workloads.LINE.format(0)})
    with closing(open_manager(address)) as manager:
        manager.upsert(graph.compile())
        crowd = _Crowd(address, runtimes, naps)
        warming = runtimes * WORKERS
        manager.trigger([one] * warming)
        crowd.await_runs(warming)
        cores, start = _core_times(), perf_counter()
        manager.trigger([one] * runs)
        crowd.await_runs(runs)
        seconds, cores_after = perf_counter() - start, _core_times()
        worked = STATES * runs * crowd.stop()
    return Turn(STATES * runs / seconds, 1 - worked / (seconds * runtimes * WORKERS), _idle(cores, cores_after))


class _Crowd:
    """Runtimes in processes of their own, which serve until they are stopped."""

    def __init__(self, address: str, count: int, naps: bool) -> None:
        context = get_context("spawn")
        self._told: SimpleQueue[Told] = context.SimpleQueue()
        self._processes = [
            context.Process(target=_serve, args=(address, naps, f"runtime {number}", self._told))
            for number in range(count)
        ]
        for process in self._processes:
            process.start()
        for _ in self._processes:
            self._hear("serving")

    def await_runs(self, count: int) -> None:
        """Wait until so many runs have ended."""
        while count > 0:
            count -= int(self._hear("ended"))

    def stop(self) -> float:
        """Stop all of them; return how long a body was at work, in seconds."""
        for process in self._processes:
            process.terminate()
        worked = [self._hear("worked") for _ in self._processes]
        for process in self._processes:
            process.join()
        return mean([seconds for seconds in worked if seconds] or [0.0])

    def _hear(self, wanted: str) -> float:
        kind, number = self._told.get()
        if kind != wanted:
            raise RuntimeError(f"a runtime {kind} {number:g}, and not {wanted}")
        return number


def _serve(address: str, naps: bool, name: str, told: SimpleQueue[Told]) -> None:
    """Be one of the runtimes."""

    def ended(runs: Mapping[str, RunStatus]) -> None:
        if set(runs.values()) != {"SUCCESS"}:
            told.put(("failed", len(runs)))
        told.put(("ended", len(runs)))

    Runtime(
        name=name,
        graphs=[workloads.line(naps=naps)],
        state_manager_uri=address,
        workers=WORKERS,
        batch_size=3 * WORKERS,
        serving=lambda: told.put(("serving", 0)),
        runs_ended=ended,
    ).start()
    told.put(("worked", mean(workloads.naps or [0.0])))


# The machine


def _core_times() -> Sequence[int]:
    """Return what the cores have done since the machine started: user, nice, system, idle, waiting, and more."""
    if not _CORES.exists():
        return ()
    return [int(number) for number in _CORES.read_text().partition("\n")[0].split()[1:]]


def _idle(before: Sequence[int], after: Sequence[int]) -> float:
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return sum(spent[3:5]) / sum(spent) if any(spent) else float("nan")
