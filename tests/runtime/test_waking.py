"""An idle runtime over a server is woken by what other processes do; it does not have to look (semantics 10)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from exodsl import Graph, Runtime, StateManager, node
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.protocol import Trigger

HOUR_SECONDS = 3_600.0


@node
def work(sent: float) -> float:
    return time.time() - sent


@pytest.fixture
def graph() -> Graph:
    """A graph that measures how long its trigger took to be heard of."""
    graph = Graph("woken")
    graph.start(work)
    return graph


@pytest.fixture
def idle(graph: Graph, postgres_uri: str) -> Iterator[Manager]:
    """The state manager of a runtime that looks once in an hour by itself, and has looked."""
    with closing(StateManager.open(postgres_uri)) as manager:
        runtime = Runtime(graphs=[graph], manager=manager, poll_interval=HOUR_SECONDS)
        thread = threading.Thread(target=runtime.start, daemon=True)
        thread.start()
        ended(manager, trigger(manager, graph))
        yield manager
        runtime.stop()
        thread.join()


@pytest.fixture
def elsewhere(idle: Manager, postgres_uri: str) -> Iterator[Manager]:
    """The state manager of another process."""
    with closing(StateManager.open(postgres_uri)) as manager:
        yield manager


def trigger(manager: Manager, graph: Graph, delay_ms: int = 0) -> str:
    """Start a run; return its id."""
    manager.upsert(graph.compile())
    now = time.time() + delay_ms / 1000
    (run_id,) = manager.trigger([Trigger("default", "woken", {"sent": now}, start_delay_ms=delay_ms)])
    return run_id


def ended(manager: Manager, run_id: str) -> float:
    """Wait for a run; return the seconds from its trigger until its body began."""
    until = time.monotonic() + 30
    while manager.run(run_id).status == "RUNNING" and time.monotonic() < until:
        time.sleep(0.002)
    (state,) = manager.states(run_id).items
    assert state.outputs is not None
    return float(state.outputs["result"])


def test_the_trigger_of_another_process_wakes_it(graph: Graph, elsewhere: Manager) -> None:
    waits = [ended(elsewhere, trigger(elsewhere, graph)) for _ in range(5)]

    assert min(waits) < 0.25


def test_it_wakes_for_what_another_process_has_put_off(graph: Graph, elsewhere: Manager) -> None:
    assert ended(elsewhere, trigger(elsewhere, graph, delay_ms=300)) < 1


def test_it_hears_again_after_it_was_cut_off(graph: Graph, elsewhere: Manager, postgres_uri: str) -> None:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")

    assert ended(elsewhere, trigger(elsewhere, graph)) < 5
