"""Which ways are measured for which work."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from exodsl import Graph
from tests.benchmarks import engines, raw, workloads
from tests.benchmarks.rounds import Sample, Way

STEP = "sqlite3, a transaction per step"
BATCHED = "sqlite3, 250 states a transaction"
EXCHANGE = "exodsl, exchange only"
RUN = "exodsl, graph.run"
RUN_ASYNC = "exodsl, graph.run, async bodies"
RUN_OPENING = "exodsl, graph.run, opening the file"
SERVED = "exodsl, Runtime"
SERVED_ASYNC = "exodsl, Runtime, async bodies"

TEXT = {"text": workloads.LINE.format(0)}


def chain(length: int) -> list[Way]:
    """W1: one run, a chain."""
    sync, in_loop = workloads.chain(length), workloads.chain(length, in_loop=True)
    return [
        Way(STEP, length, partial(raw.chain, length=length)),
        Way(BATCHED, length, partial(raw.chain, length=length, batch=raw.BATCH)),
        Way(EXCHANGE, length, partial(engines.exchanges_only, graph=sync, inputs=TEXT)),
        Way(RUN, length, partial(engines.graph_run, graph=sync, inputs=TEXT)),
        Way(RUN_ASYNC, length, partial(engines.graph_run, graph=in_loop, inputs=TEXT)),
        Way(RUN_OPENING, length, partial(engines.graph_run_opening, graph=sync, inputs=TEXT)),
    ]


def fanout(width: int) -> list[Way]:
    """W2: one fanout, one unite; the cost is that of a worker's state, everything else included."""
    sync, in_loop, inputs = workloads.fanout(), workloads.fanout(in_loop=True), {"count": width}
    return [
        Way(STEP, width, partial(raw.fanout, width=width)),
        Way(BATCHED, width, partial(raw.fanout, width=width, batch=raw.BATCH)),
        Way(EXCHANGE, width, partial(engines.exchanges_only, graph=sync, inputs=inputs)),
        Way(RUN, width, partial(engines.graph_run, graph=sync, inputs=inputs)),
        Way(RUN_ASYNC, width, partial(engines.graph_run, graph=in_loop, inputs=inputs)),
        Way(RUN_OPENING, width, partial(engines.graph_run_opening, graph=sync, inputs=inputs)),
    ]


def many_runs(count: int) -> list[Way]:
    """W3: many runs of three states, triggered in one call."""
    sync, in_loop, states = workloads.three(), workloads.three(in_loop=True), 3 * count
    return [
        Way(STEP, states, partial(raw.runs, count=count)),
        Way(BATCHED, states, partial(raw.runs, count=count, batch=raw.BATCH)),
        Way(EXCHANGE, states, partial(engines.exchanges_only, graph=sync, inputs=TEXT, runs=count)),
        Way(SERVED, states, partial(engines.served_runs, graph=sync, inputs=TEXT, runs=count)),
        Way(SERVED_ASYNC, states, partial(engines.served_runs, graph=in_loop, inputs=TEXT, runs=count)),
    ]


def naps(width: int) -> list[Way]:
    """W4: a fanout of bodies that sleep; its wall time is what counts."""
    graph = workloads.fanout(naps=True)
    return [
        Way(f"exodsl, graph.run, {workers} workers", width, partial(_nap, graph, width, workers))
        for workers in (engines.WORKERS, width)
    ]


def _nap(graph: Graph, width: int, workers: int, folder: Path) -> Sample:
    return engines.graph_run(folder, graph, {"count": width}, workers=workers)


def widths(sizes: list[int]) -> list[Way]:
    """W5: W2 as it grows, beside the batched loop."""
    graph = workloads.fanout()
    loops = [Way(f"{BATCHED}, N = {n:,}", n, partial(raw.fanout, width=n, batch=raw.BATCH)) for n in sizes]
    runs = [Way(f"{RUN}, N = {n:,}", n, partial(engines.graph_run, graph=graph, inputs={"count": n})) for n in sizes]
    return [way for pair in zip(loops, runs, strict=True) for way in pair]
