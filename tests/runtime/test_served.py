"""What a runtime can serve of a graph: bodies are there, and can be given what the graph asks for."""

import logging

import pytest

from exodsl import Graph, Runtime, node
from exodsl.dsl import Node
from exodsl.errors import TargetError
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.protocol import Trigger
from exodsl.runtime.served import Served, bodies_by_name, check_template, graph_bodies
from exodsl.template.models import GraphTemplate


@node
def first() -> int:
    return 1


@node
def second(number: int) -> int:
    return number


def graph_of(last: Node) -> Graph:
    """A graph of two nodes."""
    graph = Graph("pair")
    graph.connect(first, last, number=first.outputs)
    return graph


def test_a_node_without_a_body_is_named_with_its_graph_and_a_cure() -> None:
    graph = graph_of(second.named("latter"))
    given = {name: body for name, body in bodies_by_name(graph_bodies(graph)).items() if name == "first"}

    with pytest.raises(TargetError) as refused:
        check_template(graph.compile(), given)

    assert str(refused.value) == (
        'Graph "pair" needs the node "second" for its "latter", which is not among those given: first.'
        " Give one of that name, or go on with the code that the graph was stored with."
    )


def test_a_template_is_served_with_bodies_that_come_with_it(manager: Manager) -> None:
    graph = graph_of(second)
    template = GraphTemplate.model_validate_json(graph.compile().model_dump_json())
    run_id = ""

    def trigger() -> None:
        nonlocal run_id
        (run_id,) = manager.trigger([Trigger("default", "pair")])

    served = Served(template, bodies_by_name(graph_bodies(graph)))
    runtime = Runtime(graphs=[served], manager=manager, serving=trigger, runs_ended=lambda runs: runtime.stop())
    runtime.start()

    assert manager.run(run_id).status == "SUCCESS"


def test_versions_that_use_a_node_which_has_gone_are_listed(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    other = second.named("other")
    for graph in (graph_of(second), graph_of(other), graph_of(second)):
        manager.upsert(graph.compile())
    lone = Graph("pair")
    lone.start(first)
    runtime = Runtime(graphs=[lone], manager=manager)
    runtime.stop()
    with caplog.at_level(logging.WARNING):
        runtime.start()

    assert caplog.messages == [
        'graph "pair", version 1-3: there is no node "second" in this code; its states wait for a runtime that has it'
    ]
