"""The reader answers the newest question of a kind, follows commits, and tells when the database is lost."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exodsl.errors import DatabaseMissing, DatabaseUnusable, ReadTimeout, RunNotFound
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl_tui.questions import Health
from exodsl_tui.reader import Reader
from tests.manager.byhand import draw

PATIENCE = 8.0


class Asker:
    """Is told answers; `next` waits for one."""

    def __init__(self) -> None:
        self.told: queue.Queue[Callable[[], Any]] = queue.Queue()
        self.there = True

    def call_later(self, callback: Callable[..., Any], *args: Any) -> bool:
        if self.there:
            self.told.put(lambda: callback(*args))
        return self.there

    def next(self) -> Any:
        return self.told.get(timeout=PATIENCE)()


def as_it_is(value: object) -> object:
    return value


@pytest.fixture
def asker() -> Asker:
    return Asker()


@pytest.fixture
def health() -> queue.Queue[Health]:
    return queue.Queue()


@pytest.fixture
def reader(manager: StateManager, database: Path, health: queue.Queue[Health]) -> Iterator[Reader]:
    """A reader of a database that `manager` writes into."""
    reader = Reader(lambda: open_manager(str(database), read_only=True), health.put)
    reader.start()
    yield reader
    reader.close()


def graphs(manager: StateManager) -> int:
    return len(manager.graphs().items)


def store(manager: StateManager, name: str) -> None:
    manager.upsert(draw("a > b", name=name))


def test_a_question_is_answered(reader: Reader, asker: Asker, manager: StateManager) -> None:
    store(manager, "one")

    reader.ask(asker, "graphs", graphs, as_it_is)

    assert asker.next() == 1


def test_of_two_questions_of_a_kind_the_newer_is_answered(reader: Reader, asker: Asker) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(_manager: StateManager) -> str:
        asked.set()
        go_on.wait(PATIENCE)
        return "slow"

    reader.ask(asker, "kind", slow, as_it_is)
    asked.wait(PATIENCE)
    reader.ask(asker, "kind", lambda _: "older", as_it_is)
    reader.ask(asker, "kind", lambda _: "newer", as_it_is)
    reader.ask(asker, "another kind", lambda _: "another", as_it_is)
    go_on.set()

    assert [asker.next(), asker.next()] == ["newer", "another"]
    assert asker.told.empty()


def test_what_is_followed_is_answered_again_after_a_commit(reader: Reader, asker: Asker, manager: StateManager) -> None:
    reader.follow(asker, "graphs", graphs, as_it_is)
    assert asker.next() == 0

    store(manager, "one")

    assert asker.next() == 1


def test_nothing_is_asked_while_nothing_was_committed(reader: Reader, asker: Asker) -> None:
    asked = queue.Queue[int]()
    reader.follow(asker, "graphs", lambda manager: asked.put(graphs(manager)), as_it_is)
    asker.next()
    ticks = threading.Event()
    reader.ask(asker, "later", lambda _: ticks.wait(4 * 0.1), as_it_is)
    asker.next()

    assert asked.qsize() == 1


def test_what_rests_is_asked_when_it_wakes(reader: Reader, asker: Asker, manager: StateManager) -> None:
    following = reader.follow(asker, "graphs", graphs, as_it_is)
    others = Asker()
    reader.follow(others, "graphs", graphs, as_it_is)
    assert (asker.next(), others.next()) == (0, 0)

    following.pause()
    store(manager, "one")
    assert others.next() == 1
    assert asker.told.empty()

    following.resume()
    assert asker.next() == 1


def test_what_is_frozen_stays_until_it_is_followed_again(reader: Reader, asker: Asker, manager: StateManager) -> None:
    reader.follow(asker, "graphs", graphs, as_it_is)
    asker.next()
    reader.freeze(True)
    store(manager, "one")
    reader.ask(asker, "now", graphs, lambda count: f"asked {count}")
    assert asker.next() == "asked 1"

    reader.freeze(False)

    assert asker.next() == 1


def test_an_error_for_people_is_told_and_the_rest_goes_on(reader: Reader, asker: Asker) -> None:
    reader.ask(asker, "run", lambda manager: manager.run("none"), as_it_is, lambda error: ("refused", error))

    told, error = asker.next()

    assert told == "refused"
    assert isinstance(error, RunNotFound)
    reader.ask(asker, "graphs", graphs, as_it_is)
    assert asker.next() == 0


def test_a_look_that_takes_too_long_does_not_lose_the_database(
    reader: Reader, asker: Asker, health: queue.Queue[Health]
) -> None:
    def late(_manager: StateManager) -> None:
        raise ReadTimeout("prod.db", 2)

    reader.ask(asker, "late", late, as_it_is, str)
    assert "took more than 2 s" in asker.next()
    reader.ask(asker, "graphs", graphs, as_it_is)

    assert asker.next() == 0
    assert health.get(timeout=PATIENCE).error is None


def test_a_mistake_is_raised_where_it_was_asked(reader: Reader, asker: Asker) -> None:
    reader.ask(asker, "mistake", lambda _: 1 // 0, as_it_is, as_it_is)

    with pytest.raises(ZeroDivisionError):
        asker.next()


def test_who_is_gone_is_followed_no_more(reader: Reader, asker: Asker, manager: StateManager) -> None:
    asked = queue.Queue[int]()
    reader.follow(asker, "graphs", lambda manager: asked.put(graphs(manager)), as_it_is)
    asker.next()
    asked.get()
    asker.there = False
    store(manager, "one")
    assert asked.get(timeout=PATIENCE) == 1

    others = Asker()
    reader.follow(others, "graphs", graphs, as_it_is)
    others.next()
    store(manager, "two")
    assert others.next() == 2
    assert asked.empty()


def test_a_database_that_comes_later_is_opened_when_it_is_there(database: Path, health: queue.Queue[Health]) -> None:
    asker, reader = Asker(), Reader(lambda: open_manager(str(database), read_only=True), health.put)
    reader.start()
    try:
        reader.ask(asker, "graphs", graphs, as_it_is)
        lost = health.get(timeout=PATIENCE)
        assert isinstance(lost.error, DatabaseMissing)
        assert not lost.opened

        open_manager(str(database)).close()
        reader.reload()

        assert asker.next() == 0
        while (last := health.get(timeout=PATIENCE)).error is not None:
            pass
        assert last == Health()
    finally:
        reader.close()


def test_a_lost_database_is_tried_less_and_less_often(health: queue.Queue[Health]) -> None:
    def locked() -> StateManager:
        raise DatabaseUnusable("it is held")

    asker, reader = Asker(), Reader(locked, health.put)
    reader.start()
    try:
        reader.ask(asker, "graphs", graphs, as_it_is)
        waits = []
        for _ in range(3):
            waits.append(health.get(timeout=PATIENCE).retry_in)
            reader.reload()
        assert waits == [0.5, 1.0, 2.0]
    finally:
        reader.close()
