"""What the way over HTTP costs: large values, wide fanouts, and very many runtimes that have nothing to do."""

from __future__ import annotations

import os
import queue
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from exodsl import Graph, node
from exodsl.engine.reports import Executed, Report
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, StateManager, Trigger
from tests.benchmarks import workloads
from tests.benchmarks.inspector import Figure
from tests.benchmarks.memory import peak_mb, resident_mb
from tests.faults.serving import HttpServer, http_server

MIB = 1024 * 1024
_CALLS = 30
"""How often work appears for runtimes that wait."""


@node
def large(mib: int) -> str:
    return "x" * (mib * MIB)


@node
def length(text: str) -> int:
    return len(text)


@contextmanager
def served() -> Generator[HttpServer]:
    """Give a server over a file, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="exodsl-bench-") as folder, http_server(f"{folder}/served.db") as server:
        yield server


def large_value(server: HttpServer, mib: int) -> list[Figure]:
    """Let a value go from one body to the next, by a server."""
    graph = Graph("large")
    graph.connect(large, length, text=large.outputs)
    with closing(open_manager(server.uri())) as manager:
        before = peak_mb(server.pid)
        graph.run(mib=1, db=manager).raise_if_failed()
        start = time.perf_counter()
        run = graph.run(mib=mib, db=manager)
        seconds = time.perf_counter() - start
        if run.output(length) != mib * MIB:
            raise RuntimeError("it did not arrive whole")
        return [
            Figure(f"a value of {mib} MiB, from body to body", seconds * 1e3, "ms"),
            Figure("the server, at its highest", peak_mb(server.pid), "MB"),
            Figure("the server before", before, "MB"),
        ]


def wide_fanout(server: HttpServer, width: int) -> list[Figure]:
    """Let a runtime work on a fanout and its unite, by a server."""
    graph = workloads.fanout(in_loop=True)
    with closing(open_manager(server.uri())) as manager:
        graph.run({"count": 10}, db=manager).raise_if_failed()
        start = time.perf_counter()
        graph.run({"count": width}, db=manager).raise_if_failed()
        seconds = time.perf_counter() - start
        return [
            Figure(f"a fanout of {width:,}", seconds, "s"),
            Figure("states", width / seconds, "a second"),
            Figure("the server, at its highest", peak_mb(server.pid), "MB"),
            Figure("the runtime, at its highest", peak_mb(), "MB"),
        ]


# Runtimes that wait


class _Idle:
    """A runtime that has nothing to do, until it is called; what it then does is up to the thread of `called`."""

    def __init__(self, uri: str, graph: Graph, called: queue.SimpleQueue[_Idle]) -> None:
        names = frozenset(place.node_name for place in graph.compile().nodes)
        self.manager = open_manager(uri)
        self._session = self.manager.open_session("idle", Serves({(graph.namespace, graph.name): names}))
        self.manager.wake_on_work(lambda: called.put(self))

    def work(self) -> int:
        """Do what there is to do; return how many states that was."""
        done, claims = 0, self.manager.exchange(self._session, (), 1).claims
        while claims:
            done += len(claims)
            reports = [Report(claim.state_id, claim.lease, Executed([claim.inputs])) for claim in claims]
            claims = self.manager.exchange(self._session, reports, 1).claims
        return done

    def close(self) -> None:
        """Take leave."""
        self.manager.close_session(self._session)
        self.manager.close()


def idle_runtimes(server: HttpServer, count: int, seconds: float) -> list[Figure]:
    """Let runtimes wait for work by a server, then give them a little, one run after the other.

    :param seconds: for how long nothing happens.
    """
    graph, called = workloads.line(), queue.SimpleQueue[_Idle]()
    with closing(open_manager(server.uri())) as manager:
        manager.upsert(graph.compile())
        alone = resident_mb(server.pid)
        idle = [_Idle(server.uri(), graph, called) for _ in range(count)]
        try:
            for one in idle:
                one.work()
            time.sleep(seconds / 4)  # until the last of them waits
            before = cpu_seconds(server.pid)
            time.sleep(seconds)
            busy = cpu_seconds(server.pid) - before
            with_all = resident_mb(server.pid)
            latencies = [_latency(manager, graph, called) for _ in range(_CALLS)]
        finally:
            for one in idle:
                one.close()
    return [
        Figure(f"the server with {count:,} runtimes that wait", with_all, "MB"),
        Figure("the server without", alone, "MB"),
        Figure("a core of the server while nothing happens", busy / seconds * 100, "%"),
        Figure("from a trigger to the end of its three states, median", median(latencies) * 1e3, "ms"),
        Figure("the same, 95th percentile", quantiles(latencies, n=20)[-1] * 1e3, "ms"),
    ]


def _latency(manager: StateManager, graph: Graph, called: queue.SimpleQueue[_Idle]) -> float:
    start = time.perf_counter()
    manager.trigger([Trigger(graph.namespace, graph.name, {"text": workloads.LINE.format(0)})])
    done = 0
    while done < 3:
        done += called.get(timeout=60).work()
    return time.perf_counter() - start


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


Measure = Callable[[HttpServer], list[Figure]]
MEASURES: dict[bool, tuple[Measure, ...]] = {
    True: (partial(large_value, mib=1), partial(wide_fanout, width=200), partial(idle_runtimes, count=10, seconds=0.2)),
    False: (
        partial(large_value, mib=5),
        partial(wide_fanout, width=100_000),
        partial(idle_runtimes, count=1_000, seconds=40),
    ),
}
"""What is measured: quickly, or in full; each with a server of its own, as memory that was had once is kept."""
