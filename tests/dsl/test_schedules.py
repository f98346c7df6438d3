"""`graph.schedule`: what a module may write, and where findings point to (semantics 9)."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from exodsl import Graph, node
from exodsl.errors import DefinitionError
from exodsl.template.findings import Finding

WRONG: Any = "sometimes"


class Ask(BaseModel):
    topic: str


class Kept(BaseModel):
    cursor: int


@node
def report(copies: int = 2) -> int:
    return copies


@pytest.fixture
def graph() -> Graph:
    """A graph that needs nothing to start."""
    graph = Graph("report")
    graph.start(report)
    return graph


def test_schedules_stand_in_the_template_as_they_are_written(graph: Graph) -> None:
    graph.schedule("0 9 * * 1-5")
    graph.schedule("0  0 L * *", tz="Europe/Berlin", catch_up="all", overlap="queue")

    assert [trigger.value.model_dump(exclude_defaults=True) for trigger in graph.compile().triggers] == [
        {"expression": "0 9 * * 1-5"},
        {"expression": "0 0 L * *", "tz": "Europe/Berlin", "catch_up": "all", "overlap": "queue"},
    ]


def test_a_schedule_has_these_defaults(graph: Graph) -> None:
    graph.schedule("0 9 * * *")
    (trigger,) = graph.compile().triggers

    assert (trigger.value.tz, trigger.value.catch_up, trigger.value.overlap) == ("UTC", "latest", "skip")


def test_a_line_that_runs_again_in_a_notebook_replaces_what_it_declared(graph: Graph) -> None:
    for overlap in ("skip", "allow"):
        graph.schedule("0 9 * * *", overlap=overlap)
    (trigger,) = graph.compile().triggers

    assert trigger.value.overlap == "allow"


def test_one_line_may_declare_several_schedules(graph: Graph) -> None:
    for hour in (9, 17):
        graph.schedule(f"0 {hour} * * *")

    assert len(graph.compile().triggers) == 2


def test_findings_name_the_line_of_the_schedule(
    graph: Graph, findings: Callable[[Graph[Any, Any]], list[Finding]]
) -> None:
    graph.schedule("0 9 * * *")
    graph.schedule("0 25 * * *", tz="Mars/Base")
    graph.schedule("0 9 * * *")
    found = findings(graph)

    first = test_findings_name_the_line_of_the_schedule.__code__.co_firstlineno
    places = [int((finding.place or "").rpartition(":")[2]) - first for finding in found]
    assert list(zip([finding.code for finding in found], places, strict=True)) == [
        ("E160", 4),
        ("E161", 4),
        ("E162", 5),
    ]


@pytest.mark.parametrize("needs", [{"inputs": Ask}, {"store": Kept}])
def test_a_graph_that_a_tick_cannot_start_is_refused_where_it_is_scheduled(
    needs: dict[str, Any], findings: Callable[[Graph[Any, Any]], list[Finding]]
) -> None:
    graph = Graph("report", **needs)
    graph.start(report, copies=1)
    graph.schedule("0 9 * * *")
    (finding,) = findings(graph)

    assert (finding.code, str(finding.place).rpartition("/")[2].partition(":")[0]) == ("E163", "test_schedules.py")


def test_what_a_schedule_finds_hides_nothing_of_the_graph(
    graph: Graph, findings: Callable[[Graph[Any, Any]], list[Finding]]
) -> None:
    @node
    def send(text: str) -> None: ...

    graph.connect(report, send, text=report.outputs)  # type: ignore[call-overload]
    graph.schedule("0 25 * * *")

    assert sorted(finding.code for finding in findings(graph)) == ["E102", "E160"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"catch_up": WRONG}, "catch_up='sometimes': takes one of none, latest, all."),
        ({"overlap": "que"}, 'takes one of skip, queue, allow, cancel_previous. Did you mean "queue"?'),
        ({"overlap": ["skip"]}, "takes one of skip"),
        ({"tz": None}, 'tz=None: takes a text, such as "Europe/Berlin".'),
        ({"cron": 9}, 'cron=9: takes a text, such as "0 9 * * *".'),
    ],
)
def test_an_option_that_is_none_is_refused_at_once_with_its_line(
    graph: Graph, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        graph.schedule(**{"cron": "0 9 * * *", **options})

    assert says in str(refused.value)
    assert "test_schedules.py:" in str(refused.value)


def test_a_compiled_graph_takes_no_schedule(graph: Graph) -> None:
    graph.compile()
    with pytest.raises(DefinitionError, match="is compiled"):
        graph.schedule("0 9 * * *")
