"""A real runtime in a thread, for actions whose runs really go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from exodsl import Graph, RetryPolicy, Runtime, collect, node
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.views import RunView
from tests.manager.byhand import Clock
from tests.tui.conftest import Drive

PAGES = 6
MOST_S = 10


class Now(Clock):
    """The time as it is: what runs beside has no other."""

    def __init__(self) -> None:
        """Nothing is kept."""

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000

    @property
    def now_ms(self) -> int:  # type: ignore[override]
        """Milliseconds since the epoch."""
        return self()


class Plant:
    """A graph of which every odd page fails until it is mended, and that may be held."""

    def __init__(self) -> None:
        self.mended = threading.Event()
        self.may = threading.Event()
        self.may.set()

        @node
        def split(pages: int = PAGES) -> list[int]:
            return list(range(pages))

        @node
        def fetch(result: int) -> int:
            assert self.may.wait(MOST_S), "nobody let it go on"
            if result % 2 and not self.mended.is_set():
                raise LookupError(f"page {result} is gone")
            return result

        @node
        def total(counts: list[int]) -> int:
            return sum(counts)

        self.graph = Graph("plant", retry=RetryPolicy(max_retries=0))
        self.graph.connect(split, fetch)
        self.graph.connect(fetch, total, counts=collect(fetch.outputs)).unites(split)


@dataclass
class Works:
    """A plant at work, and its database."""

    plant: Plant
    manager: StateManager

    def trigger(self) -> str:
        """Start a run."""
        return self.manager.trigger([Trigger("default", "plant")])[0]

    def run(self, run_id: str) -> RunView:
        """Return how a run stands."""
        return self.manager.run(run_id)

    def failed(self) -> str:
        """Return a run that has failed, on a plant that is mended by now."""
        run_id = self.trigger()
        until = time.monotonic() + MOST_S
        while self.run(run_id).status != "FAILED":
            assert time.monotonic() < until, self.run(run_id)
            time.sleep(0.005)
        self.plant.mended.set()
        return run_id


@pytest.fixture
def works(database: Path) -> Iterator[Works]:
    """Let a runtime work on the database."""
    plant, serving = Plant(), threading.Event()
    runtime = Runtime(
        graphs=[plant.graph], state_manager_uri=str(database), poll_interval=0.02, grace=0, serving=serving.set
    )
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(runtime.start)
        assert serving.wait(MOST_S)
        manager = open_manager(str(database))
        yield Works(plant, manager)
        manager.close()
        plant.may.set()
        runtime.stop()
        future.result(MOST_S)


@pytest.fixture
def live(database: Path) -> Drive:
    """Opens the inspector over a database that something works on."""
    return Drive(database, Now())
