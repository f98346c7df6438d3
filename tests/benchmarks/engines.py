"""The same work in exodsl: through the state manager alone, through a runtime, through `graph.run`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from exodsl import Graph, Runtime
from exodsl.engine.reports import Claim, Executed, Report
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded
from exodsl.manager.protocol import Serves, StateManager, Trigger
from tests.benchmarks import workloads
from tests.benchmarks.rounds import Sample

WORKERS = 64
"""What `graph.run` has by default."""
FILE = "exodsl.db"
HOUR_MS = 3_600_000
Inputs = Mapping[str, Any]


@contextmanager
def prepared(folder: Path, graph: Graph, inputs: Inputs) -> Iterator[EmbeddedManager]:
    """Give an open manager that has the template at hand, as in a process that has been at work."""
    manager = open_embedded(str(folder / FILE))
    try:
        manager.upsert(graph.compile())
        (later,) = manager.trigger([_trigger(graph, inputs, start_delay_ms=HOUR_MS)])
        manager.template(graph.namespace, graph.name)
        manager.run(later)
        yield manager
    finally:
        manager.close()


# Through the state manager alone: what is left when no body runs


def exchanges_only(folder: Path, graph: Graph, inputs: Inputs, *, runs: int = 1, capacity: int = 250) -> Sample:
    """Trigger runs and answer every claim at once, one exchange after the other."""
    names = frozenset(place.node_name for place in graph.compile().nodes)
    with prepared(folder, graph, inputs) as manager:
        start = perf_counter()
        started = manager.trigger([_trigger(graph, inputs)] * runs)
        session = manager.open_session("benchmark", Serves({(graph.namespace, graph.name): names}))
        beginnings = _answer_all(manager, session, len(started), capacity, int(inputs.get("count", 0)))
        return Sample(perf_counter() - start, beginnings)


def _answer_all(manager: StateManager, session: int, runs: int, capacity: int, count: int) -> list[float]:
    outputs = [f'{{"text":"{workloads.LINE.format(number)}"}}' for number in range(count)]
    beginnings: list[float] = []
    reports: list[Report] = []
    while runs:
        exchange = manager.exchange(session, reports, capacity)
        runs -= len(exchange.ended_runs)
        beginnings += [perf_counter()] * bool(exchange.claims)
        reports = [Report(claim.state_id, claim.lease, Executed(_answer(claim, outputs))) for claim in exchange.claims]
    return beginnings


def _answer(claim: Claim, outputs: Sequence[str]) -> Sequence[str]:
    if claim.node_name == workloads.split.node_name:
        return outputs
    if claim.node_name == workloads.total.node_name:
        return ['{"result":0}']
    return [claim.inputs]


# As a program calls it


def graph_run(folder: Path, graph: Graph, inputs: Inputs, *, workers: int = WORKERS) -> Sample:
    """Call `graph.run` on a state manager that is open."""
    with prepared(folder, graph, inputs) as manager:
        return _timed_run(graph, inputs, manager, workers)


def graph_run_opening(folder: Path, graph: Graph, inputs: Inputs, *, workers: int = WORKERS) -> Sample:
    """Call `graph.run` on the file of a database that knows the graph; opening and closing it count."""
    with prepared(folder, graph, inputs):
        pass
    return _timed_run(graph, inputs, str(folder / FILE), workers)


def _timed_run(graph: Graph, inputs: Inputs, database: StateManager | str, workers: int) -> Sample:
    workloads.beginnings.clear()
    start = perf_counter()
    with graph.run(inputs, db=database, workers=workers) as run:
        run.raise_if_failed()
    return Sample(perf_counter() - start, tuple(workloads.beginnings))


def served_runs(folder: Path, graph: Graph, inputs: Inputs, *, runs: int, workers: int = WORKERS) -> Sample:
    """Trigger runs in one call, and let one runtime work until the last has ended.

    The last body to begin stops the runtime, which finishes and records what it holds; that counts.
    """
    left = iter(range(runs - 1))
    with prepared(folder, graph, inputs) as manager:
        runtime = Runtime(graph.namespace, graphs=[graph], manager=manager, workers=workers, batch_size=3 * workers)
        workloads.at_end[:] = [lambda: runtime.stop() if next(left, None) is None else None]
        start = perf_counter()
        started = manager.trigger([_trigger(graph, inputs)] * runs)
        runtime.start()
        seconds = perf_counter() - start
        _expect_success(manager, started)
    return Sample(seconds)


def _trigger(graph: Graph, inputs: Inputs, *, start_delay_ms: int = 0) -> Trigger:
    return Trigger(graph.namespace, graph.name, inputs, start_delay_ms=start_delay_ms)


def _expect_success(manager: StateManager, started: Sequence[str]) -> None:
    views = [manager.run(run_id) for run_id in started]
    bad = [view for view in views if view.status != "SUCCESS"]
    if bad:
        raise RuntimeError(f"{len(bad)} of {len(views)} runs are {bad[0].status}: {bad[0].error}")
