"""What a test gets to read that asks for something that cannot be meant: the thing, and the cure."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from exodsl import ExodslError, Graph, node
from exodsl.testing import fail, run_inline, run_scheduled, step_inline


@node
def fetch(url: str) -> str:
    return url


@node
def other(number: int) -> int:
    return number


def graph() -> Graph[Any, Any]:
    """Return a graph that fetches."""
    made = Graph("pages")
    made.start(fetch)
    return made


def scheduled() -> Graph[Any, Any]:
    """Return a graph with a schedule."""
    made = Graph("hourly")
    made.start(fetch, url="a")
    made.schedule("0 * * * *")
    return made


def run(graph: Any, inputs: Any = None, **options: Any) -> Any:
    """Run what a type checker would not let pass."""
    return run_inline(graph, inputs, **options)


def faked(**options: Any) -> Any:
    return run(graph(), {"url": "a"}, **options)


def ticked(until: Any) -> Any:
    return run_scheduled(scheduled(), until=until)


def flow() -> ModuleType:
    """Return a module with a graph."""
    module = ModuleType("flow")
    module.__dict__["graph"] = graph()
    return module


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "unknown node": (lambda: faked(fake={"fetsch": fetch}), 'has: fetch. Did you mean "fetch"?'),
    "node of another graph": (
        lambda: faked(fake={other: fail(other)}),
        'There is no node "other" in this graph. It has: fetch.',
    ),
    "fail of another node": (lambda: faked(fake={fetch: fail(other)}), 'The fake of "fetch" asks for `number`'),
    "fakes in a list": (
        lambda: faked(fake=[fetch]),
        "takes a mapping of nodes to functions, write fake={node: function}.",
    ),
    "secrets as a text": (
        lambda: faked(secrets="x"),
        'takes a mapping of names to values, write secrets={"name": "value"}.',
    ),
    "a file": (
        lambda: run("flow.py"),
        "'flow.py' cannot be run: give the graph itself, as `Graph",
    ),
    "a module": (lambda: run(flow()), "cannot be run: give the graph itself: write `flow.graph`."),
    "a time for a clock": (
        lambda: faked(clock="2026-01-02T00:00:00Z"),
        r'takes a FakeClock, write clock=FakeClock\("2026-01-02T00:00:00Z"\).',
    ),
    "no exchanges": (lambda: faked(limit=0), "limit=0: give 1 or more."),
    "no workers": (lambda: step_inline(graph(), url="a", workers=0), "workers=0: give 1 or more."),
    "unknown status": (
        lambda: faked().states(status="SUCESS"),
        '"SUCESS" is no status of states: CREATED, QUEUED, .* Did you mean "SUCCESS"',
    ),
    "a fold of less than nothing": (lambda: faked().transcript(fold=-1), "give 0 or more, or None for all."),
    "a number of seconds": (
        lambda: ticked(60),
        r"until=60: takes a timedelta, write until=timedelta\(hours=1\), or a moment.",
    ),
    "no end": (lambda: ticked("soon"), '"soon" is no point in time. Write "2026-01-01T'),
    "an input by place": (
        lambda: run(graph(), ["a"]),
        r"takes its inputs by name. Write `graph.run\(url=",
    ),
}


@pytest.mark.parametrize(("make", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_cure(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ExodslError, match=said):
        make()


def test_steps_can_be_made_without_with() -> None:
    step = step_inline(graph(), url="a", start_delay=timedelta(hours=1))

    assert step.finish().output(fetch) == "a"
    step.close()
