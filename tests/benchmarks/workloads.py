"""The work as a user writes it: nodes that do nothing and pass about 50 bytes of JSON on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from functools import cache
from time import perf_counter

from pydantic import BaseModel

from exodsl import Graph, collect, node

LINE = "{:06d} goes on through nodes that do nothing"
NAP_SECONDS = 0.02

beginnings: list[float] = []
"""When each body of a chain began; emptied before a run, read after it."""
at_end: list[Callable[[], object]] = []
"""Called at the end of each run of three states."""
naps: list[float] = []
"""How long each body that sleeps was at it, in seconds."""


class Text(BaseModel):
    text: str


@node
def hand_on(text: str) -> Text:
    beginnings.append(perf_counter())
    return Text(text=text)


@node
async def hand_on_async(text: str) -> Text:
    beginnings.append(perf_counter())
    return Text(text=text)


@node
def split(count: int) -> list[Text]:
    return [Text(text=LINE.format(number)) for number in range(count)]


@node
def work(text: str) -> Text:
    return Text(text=text)


@node
async def work_async(text: str) -> Text:
    return Text(text=text)


@node
async def nap(text: str) -> Text:
    begun = perf_counter()
    await asyncio.sleep(NAP_SECONDS)
    naps.append(perf_counter() - begun)
    return Text(text=text)


@node
def total(texts: list[str]) -> int:
    if texts != sorted(texts):
        raise ValueError("the results came out of order")
    return len(texts)


@node
def last(text: str) -> Text:
    at_end[0]()
    return Text(text=text)


@node
async def last_async(text: str) -> Text:
    at_end[0]()
    return Text(text=text)


@cache
def chain(length: int, *, in_loop: bool = False) -> Graph:
    """W1: one node after another; async bodies if they run in the event loop."""
    graph = Graph(f"chain-{length}{'-async' if in_loop else ''}")
    one = hand_on_async if in_loop else hand_on
    nodes = [one.named(f"n{number:04d}") for number in range(length)]
    for before, after in itertools.pairwise(nodes):
        graph.connect(before, after, text=before.outputs.text)
    return _compiled(graph)


@cache
def fanout(*, in_loop: bool = False, naps: bool = False) -> Graph:
    """W2, W4, W5: a fanout, a worker for each output, one unite that gets all results in order."""
    worker = nap if naps else work_async if in_loop else work
    graph = Graph(f"fanout-{worker.node_name}")
    graph.connect(split, worker, text=split.outputs.text)
    graph.connect(worker, total, texts=collect(worker.outputs.text)).unites(split)
    return _compiled(graph)


@cache
def three(*, in_loop: bool = False) -> Graph:
    """W3: a -> b -> c."""
    graph = Graph("three-async" if in_loop else "three")
    one, end = (hand_on_async, last_async) if in_loop else (hand_on, last)
    a, b, c = one.named("a"), one.named("b"), end.named("c")
    graph.connect(a, b, text=a.outputs.text)
    graph.connect(b, c, text=b.outputs.text)
    return _compiled(graph)


@cache
def line(*, naps: bool = False) -> Graph:
    """Three states one after the other, for many runs at once: async bodies that do nothing, or sleep."""
    graph = Graph("line-of-naps" if naps else "line")
    one = nap if naps else work_async
    a, b, c = one.named("a"), one.named("b"), one.named("c")
    graph.connect(a, b, text=a.outputs.text)
    graph.connect(b, c, text=b.outputs.text)
    return _compiled(graph)


def _compiled(graph: Graph) -> Graph:
    """Compile once, so that no measured run has to."""
    graph.compile()
    return graph
