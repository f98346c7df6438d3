"""Code that no longer fits the version of the graph that a run is of: its states say so (semantics 2)."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from exodsl import Graph, Runtime, node
from exodsl.dsl import Node
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.protocol import Trigger

AnyNode = Node[..., Any, Any]


class Number(BaseModel):
    number: int


class Amount(BaseModel):
    amount: int


@node
def first() -> Number:
    return Number(number=1)


@node
def second(number: int) -> int:
    return number


@node(name="second")
def second_with_more(number: int, factor: int) -> int:
    return number * factor


@node(name="second")
async def second_renamed(amount: int) -> int:
    return amount


@node(name="second")
def second_of_another_type(number: str) -> int:
    return int(number)


@node(name="first")
def first_of_another_field() -> Amount:
    return Amount(amount=1)


@node(name="first")
def first_that_fans_out() -> list[Number]:
    return [Number(number=1), Number(number=2)]


def graph_of(start: AnyNode, end: AnyNode, **mapping: Any) -> Graph[Any, Any]:
    """A graph of two nodes."""
    graph = Graph("pair")
    graph.connect(start, end, **mapping)
    return graph


def failure(manager: Manager, now: Graph[Any, Any], *, then: Graph[Any, Any] | None = None) -> str:
    """Trigger a run of the graph as it was, work on it with the code of now, and return why it failed."""
    manager.upsert((then or graph_of(first, second)).compile())
    (run_id,) = manager.trigger([Trigger("default", "pair")])
    runtime = Runtime(graphs=[now], manager=manager, runs_ended=lambda runs: runtime.stop())
    runtime.start()
    failed = manager.run(run_id).failed_state_id
    assert failed is not None
    error = manager.state(failed).error
    assert error is not None
    return error.message


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        (graph_of(first, second_with_more, number=1, factor=2), "`factor` is new"),
        (graph_of(first, second_renamed, amount=1), "`number` has gone; `amount` is new"),
        (graph_of(first, second_of_another_type, number="1"), "`number` is declared otherwise"),
    ],
)
def test_inputs_that_do_not_fit_say_what_has_changed_in_the_code(
    manager: Manager, now: Graph[Any, Any], changes: str
) -> None:
    said = failure(manager, now)

    assert said.startswith('Node "second" cannot take its inputs: ')
    assert said.endswith(
        f' The run is of version 1 of graph "pair", and the inputs of "second" have changed since: {changes}.'
    )


def test_inputs_that_never_fitted_say_nothing_of_a_change(manager: Manager) -> None:
    @node(name="second")
    def at_least_five(number: Annotated[int, Field(ge=5)]) -> int:
        return number

    graph = graph_of(first, at_least_five)
    said = failure(manager, graph, then=graph)

    assert said == 'Node "second" cannot take its inputs: `number`: Input should be greater than or equal to 5.'


def test_a_child_that_lacks_a_field_says_that_the_code_which_gave_it_has_changed(manager: Manager) -> None:
    said = failure(manager, graph_of(first_of_another_field, second, number=1))

    assert said == (
        '"second" cannot be created: ${{ first.outputs.number }} has no value; the run\'s version of the graph'
        ' declares "number", so the code of "first" has changed since'
    )


def test_a_node_that_fans_out_by_now_says_that_it_did_not(manager: Manager) -> None:
    said = failure(manager, graph_of(first_that_fans_out, second))

    assert said == (
        '"first" is declared to give one output in the run\'s version of the graph, and gave 2.'
        " If it fans out by now, start a new run."
    )


def test_a_fanout_that_gives_one_output_by_now_goes_on_with_it(manager: Manager) -> None:
    """Nothing is wrong with a fanout of one."""
    manager.upsert(graph_of(first_that_fans_out, second).compile())
    (run_id,) = manager.trigger([Trigger("default", "pair")])
    runtime = Runtime(graphs=[graph_of(first, second)], manager=manager, runs_ended=lambda runs: runtime.stop())
    runtime.start()

    assert manager.run(run_id).status == "SUCCESS"
