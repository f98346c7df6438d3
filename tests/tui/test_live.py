"""A run that somebody else works on moves on the screen: a real runtime, in a thread beside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from textual.strip import Strip

from exodsl import Graph, RetryPolicy, collect, node
from exodsl_tui.widgets.rails import Rails
from tests.manager.byhand import NOTHING, ByHand
from tests.tui import samples
from tests.tui.conftest import Drive, Tui

Begin = Callable[..., ByHand]
PAGES = 6
MOST_S = 10


class Worker:
    """A graph whose pages wait until a test lets them go on, one by one or all at once."""

    def __init__(self) -> None:
        self.may = threading.Semaphore(0)

        @node
        def split() -> list[int]:
            return list(range(PAGES))

        @node
        def fetch(result: int) -> int:
            assert self.may.acquire(timeout=MOST_S), "nobody let it go on"
            if result == 2:
                raise LookupError(f"page {result} is gone")
            return result

        @node
        def total(counts: list[int]) -> int:
            return sum(counts)

        self.graph = Graph("pages", retry=RetryPolicy(max_retries=0))
        self.graph.connect(split, fetch)
        self.graph.connect(fetch, total, counts=collect(fetch.outputs)).unites(split)


@pytest.fixture
def worker() -> Worker:
    """Return a graph that waits."""
    return Worker()


@pytest.fixture
def running(worker: Worker, database: Path) -> Iterator[Future[object]]:
    """Run it in a thread."""
    with ThreadPoolExecutor(1) as pool:
        future: Future[object] = pool.submit(worker.graph.run, db=str(database))
        yield future
        worker.may.release(PAGES)


def test_a_run_that_somebody_else_started_appears_and_is_followed_to_its_end(
    drive: Drive, worker: Worker, running: Future[object]
) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows("pages")
        await tui.press("enter")
        await tui.shows(f"{PAGES} moving")

        worker.may.release(2)
        await tui.shows(f"{PAGES - 2} moving")

        worker.may.release(PAGES)
        await tui.shows("FAILED")
        assert "5 arrived of 6, 1 DEAD" in tui.text()
        assert "4 Failures 1" in tui.text()

    drive(look, size=(160, 40))


def test_what_is_frozen_stays_until_it_is_followed_again(drive: Drive, worker: Worker, running: Future[object]) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows("pages")
        await tui.press("enter")
        await tui.shows(f"{PAGES} moving")
        await tui.press("f")
        worker.may.release(PAGES)
        await tui.until(running.done)
        assert f"{PAGES} moving" in tui.text()

        await tui.press("f")
        await tui.shows("FAILED")

    drive(look, size=(160, 40))


def test_only_rows_that_changed_are_drawn_again(drive: Drive, start: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    run = samples.going(start)

    async def look(tui: Tui) -> None:
        rails = tui.app.screen.query_one(Rails)
        drawn: list[int] = []
        render = rails.render_line

        def note(y: int) -> Strip:
            drawn.append(y)
            return render(y)

        monkeypatch.setattr(rails, "render_line", note)
        samples.tell(run, 100, lambda _claim: NOTHING, of="validate", most=1)
        await tui.until(lambda: "21" in tui.line("validate"))

        names = [tui.text().splitlines()[2 + y].split() for y in drawn]
        assert {word for line in names for word in line} & {"ingest", "split", "publish"} == set()

    drive(look, link=f"run/{run.run_id}")
