"""A run of fifty states whose bodies note that they began: nested fanouts, nested unites, a counter."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from pydantic import BaseModel

from exodsl import Graph, Runtime, Store, collect, inject, node
from exodsl.errors import DatabaseUnusable
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager

BODY_SECONDS = 0.04
NOTES = "EXODSL_TESTS_NOTES"
"""The environment variable that names the file of notes."""


class Asked(BaseModel):
    run: int


class Tally(BaseModel):
    weighed: int = 0


class Shelf(BaseModel):
    shelf: int


class Box(BaseModel):
    box: int


def note(*what: object) -> None:
    """Write down that a body began, in one piece whoever is killed."""
    file = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{' '.join(map(str, what))}\n".encode())
    os.close(file)


def bodies_begun(notes: Path) -> Counter[str]:
    """Return how often each body began."""
    return Counter(notes.read_text().splitlines())


@node
def shelves(run: int) -> list[Shelf]:
    note("shelves", run)
    return [Shelf(shelf=shelf) for shelf in range(4)]


@node
def boxes(run: int, shelf: int) -> list[Box]:
    note("boxes", run, shelf)
    return [Box(box=shelf * 10 + box) for box in range(5)]


@node
def weigh(run: int, box: int, tally: Store[Tally] = inject()) -> int:
    note("weigh", run, box)
    time.sleep(BODY_SECONDS)
    tally.add("weighed", 1)
    return box


@node
def add_up(run: int, shelf: int, weights: list[int]) -> int:
    note("add_up", run, shelf)
    return sum(weights)


@node
def report(run: int, sums: list[int]) -> int:
    note("report", run)
    return sum(sums)


@node
def send(run: int, total: int) -> str:
    note("send", run)
    return f"{total} g"


graph = Graph("parcels", inputs=Asked, store=Tally, keep_store=True)
asked = graph.inputs.run
graph.start(shelves, run=asked)
graph.connect(shelves, boxes, run=asked, shelf=shelves.outputs.shelf)
graph.connect(boxes, weigh, run=asked, box=boxes.outputs.box)
graph.connect(weigh, add_up, run=asked, shelf=shelves.outputs.shelf, weights=collect(weigh.outputs)).unites(boxes)
graph.connect(add_up, report, run=asked, sums=collect(add_up.outputs)).unites(shelves)
graph.connect(report, send, run=asked, total=report.outputs)


def serve(uri: str, notes: Path) -> None:
    """Serve the graph until the process is stopped, or killed."""
    os.environ[NOTES] = str(notes)
    manager = _opened(uri)
    Runtime(graphs=[graph], manager=manager).start()
    manager.close()


def _opened(uri: str) -> StateManager:
    """Open the state manager as whoever starts runtimes does: again, where its server was away."""
    while True:
        try:
            return open_manager(uri)
        except DatabaseUnusable:
            time.sleep(BODY_SECONDS)
