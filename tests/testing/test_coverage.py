"""Coverage of graphs: which ways the runs of a session took, and which none did (semantics 3, 4, 5)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from exodsl import (
    BaseNode,
    Fatal,
    Graph,
    Prune,
    PruneSignal,
    RetryPolicy,
    Runtime,
    StateManager,
    any_of_nodes,
    collect,
    node,
    resume,
)
from exodsl.api.running import begin
from exodsl.errors import SettingInvalid
from exodsl.manager.protocol import Trigger
from exodsl.runtime import endings
from exodsl.runtime.endings import observe_endings
from exodsl.testing.coverage import Coverage

SOON = RetryPolicy(max_retries=1, strategy="FIXED", backoff_factor=1)


class Number(BaseModel):
    number: int


@dataclass
class Watched:
    """The coverage of the runs of one test, and its report."""

    coverage: Coverage

    @property
    def report(self) -> list[str]:
        return [line.strip() for line in self.coverage.lines()]


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Counts every run that ends in this test."""
    coverage = Coverage()
    stop = observe_endings(coverage.add)
    yield Watched(coverage)
    stop()


def divided() -> Graph[Any, Any]:
    """Return a graph of which a run can take every kind of way, as its input says."""
    tried: list[int] = []

    @node
    def numbers(highest: int) -> list[Number]:
        return [Number(number=number) for number in range(highest)]

    @node
    def divide(number: int) -> float:
        tried.append(number)
        if number == 0 and tried.count(0) == 1:
            raise ConnectionError("not yet")
        if number == 1:
            raise Prune("left out")
        if number == 2:
            raise Fatal("never")
        return 1.0

    @node
    def total(parts: list[float]) -> float:
        return sum(parts)

    graph = Graph("divided", retry=SOON)
    graph.connect(numbers, divide)
    graph.connect(divide, total, parts=collect(divide.outputs)).unites(numbers, strategy="ALL_DONE")
    return graph


def test_what_no_run_did_is_reported_by_kind(watched: Watched) -> None:
    divided().run(highest=0, db=":memory:")

    assert watched.report == [
        "default/divided: 3 of 13 ways taken, 23 %",
        "never reached: divide",
        "never taken: numbers -> divide, divide -> total",
        "never retried: numbers, divide, total",
        "never failed: numbers, divide, total",
        "never pruned: divide",
    ]


def test_runs_add_up(watched: Watched) -> None:
    graph = divided()
    for highest in (0, 1, 2, 3):
        graph.run(highest=highest, db=":memory:")

    assert watched.report == [
        "default/divided: 9 of 13 ways taken, 69 %",
        "never retried: numbers, total",
        "never failed: numbers, total",
    ]


def test_an_edge_into_a_unite_is_taken_only_by_what_gave_something(watched: Watched) -> None:
    @node
    def start() -> Number:
        return Number(number=1)

    @node
    def left(number: int) -> int:
        return number

    @node
    def right(number: int) -> int:
        raise Prune("no")

    @node
    def join(left: int, right: int = 0) -> int:
        return left + right

    graph = Graph("joined", retry=RetryPolicy(max_retries=0))
    graph.connect(start, left)
    graph.connect(start, right)
    graph.connect((left, right), join, left=left.outputs, right=right.outputs)
    graph.run(db=":memory:")

    assert "never taken: right -> join" in watched.report


def test_an_edge_into_a_node_that_runs_per_arrival_is_taken_by_what_arrived(watched: Watched) -> None:
    @node
    def start() -> Number:
        return Number(number=1)

    @node
    def left(number: int) -> int:
        raise Prune("no")

    @node
    def right(number: int) -> int:
        return number

    @node
    def either(what: str) -> str:
        return what

    graph = Graph("arrivals", retry=RetryPolicy(max_retries=0))
    graph.connect(start, left)
    graph.connect(start, right)
    graph.connect(any_of_nodes(left, right), either, what="one")
    graph.run(db=":memory:")

    assert "never taken: left -> either" in watched.report


def test_a_class_node_and_a_helper_inside_a_body_are_known_to_prune(watched: Watched) -> None:
    class Choose(BaseNode):
        class Outputs(BaseModel):
            text: str

        async def execute(self) -> Outputs:
            if os.environ.get("NOWHERE"):
                raise PruneSignal({})
            return self.Outputs(text="x")

    @node
    def use(text: str) -> str:
        def refuse() -> str:
            raise Prune("no")

        return text or refuse()

    @node
    def keep(text: str) -> str:
        return text

    graph = Graph("prunes", retry=RetryPolicy(max_retries=0))
    graph.connect(Choose, use)
    graph.connect(Choose, keep)
    graph.run(db=":memory:")

    assert watched.report[-1] == "never pruned: Choose, use"


def test_a_node_that_is_never_retried_by_its_policy_has_no_retry_to_take(watched: Watched) -> None:
    @node(retry=RetryPolicy(max_retries=0))
    def once() -> int:
        return 1

    graph = Graph("once")
    graph.start(once)
    graph.run(db=":memory:")

    assert watched.report == ["default/once: 1 of 2 ways taken, 50 %", "never failed: once"]


def test_a_run_of_an_earlier_version_does_not_count(watched: Watched) -> None:
    def version(least: int) -> Graph[Any, Any]:
        @node
        def give(number: int = 1) -> int:
            return number

        @node
        def use(number: int) -> int:
            return number

        graph = Graph("versions")
        graph.connect(give, use, number=least)
        return graph

    manager = StateManager.open(":memory:")
    run = begin(manager, version(1), {"number": 1})

    resume(run.run_id, version(2), manager)

    assert run.status == "SUCCESS"
    assert watched.report == ["no run of a graph ended in this session"]
    manager.close()


def test_what_another_process_has_seen_is_added(watched: Watched) -> None:
    divided().run(highest=0, db=":memory:")
    other = Coverage()
    stop = observe_endings(other.add)
    divided().run(highest=3, db=":memory:")
    stop()

    together = Coverage()
    together.merge(watched.coverage.data())
    together.merge(other.data())

    assert next(together.lines()) == "default/divided: 9 of 13 ways taken, 69 %"


def test_several_graphs_have_a_sum(watched: Watched) -> None:
    for name in ("b", "a"):

        @node(retry=RetryPolicy(max_retries=0))
        def once() -> int:
            return 1

        graph = Graph(name)
        graph.start(once)
        graph.run(db=":memory:")

    assert [line for line in watched.report if "ways" in line] == [
        "default/a: 1 of 2 ways taken, 50 %",
        "default/b: 1 of 2 ways taken, 50 %",
        "all graphs: 2 of 4 ways taken, 50 %",
    ]


def test_without_runs_nothing_was_taken(watched: Watched) -> None:
    assert watched.report == ["no run of a graph ended in this session"]
    assert watched.coverage.percent == 0


# --- runs by other means than a call ---------------------------------------------------------------


def test_runs_of_a_runtime_in_this_process_count(watched: Watched) -> None:
    graph, manager = divided(), StateManager.open(":memory:")
    version = manager.upsert(graph.compile())
    runtime = Runtime(graphs=[graph], manager=manager, grace=0, runs_ended=lambda runs: runtime.stop())
    manager.trigger([Trigger("default", "divided", {"highest": 3}, version=version)])

    runtime.start()

    assert watched.report[0] == "default/divided: 8 of 13 ways taken, 61 %"
    manager.close()


def test_runs_of_a_runtime_that_serves_nodes_alone_count(watched: Watched) -> None:
    graph, manager = divided(), StateManager.open(":memory:")
    version = manager.upsert(graph.compile())
    runtime = Runtime(nodes=graph.nodes, manager=manager, grace=0, runs_ended=lambda runs: runtime.stop())
    manager.trigger([Trigger("default", "divided", {"highest": 0}, version=version)])

    runtime.start()

    assert watched.report[0] == "default/divided: 3 of 13 ways taken, 23 %"
    manager.close()


def test_an_observer_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "_observers", [])
    monkeypatch.setenv("EXODSL_OBSERVER", "nowhere:report")

    with pytest.raises(SettingInvalid, match='EXODSL_OBSERVER="nowhere:report" names no function that can be imported'):
        divided().run(highest=0, db=":memory:")
