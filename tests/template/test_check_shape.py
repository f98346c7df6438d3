"""The bare shape: names, edges, one root, no cycle (semantics 2)."""

from collections.abc import Callable

import pytest

from exodsl.template.checks import check
from exodsl.template.models import GraphTemplate

Draw = Callable[..., GraphTemplate]


def told(template: GraphTemplate) -> list[tuple[str, tuple[str, ...]]]:
    """Return the codes that a check finds, with their nodes."""
    return [(finding.code, finding.identifiers) for finding in check(template)]


def test_a_chain_is_fine(draw: Draw) -> None:
    assert check(draw("a > b, b > c")) == []


def test_a_graph_without_nodes_has_no_start() -> None:
    assert told(GraphTemplate(nodes=())) == [("E121", ())]


def test_two_nodes_of_one_name_are_told_once(draw: Draw) -> None:
    template = draw("a > b")
    doubled = template.model_copy(update={"nodes": (*template.nodes, template.nodes[1])})

    [finding] = check(doubled)

    assert str(finding) == 'E122  two nodes are called `b`. Give one a name: `b.named("b_2")`.'


@pytest.mark.parametrize("name", ["store", "inputs", "previous"])
def test_a_reserved_identifier_is_refused(name: str, draw: Draw) -> None:
    assert told(draw(f"a > {name}")) == [("E123", (name,))]


def test_an_unknown_next_node_gets_the_name_that_was_meant(draw: Draw) -> None:
    [finding] = check(draw("a > clean", parts={"a": {"next_nodes": ["claen", "clean"]}}))

    assert str(finding) == 'E124  `a` leads to `claen`, which is no node. Did you mean "clean"?'


def test_a_repeated_next_node_is_refused(draw: Draw) -> None:
    assert told(draw("a > b b")) == [("E126", ("b", "a"))]


def test_a_cycle_is_spelled_out(draw: Draw) -> None:
    [finding] = check(draw("start > plan, plan > write, write > plan done"))

    assert finding.message == "cycle: plan -> write -> plan."


def test_a_node_that_follows_itself_is_a_cycle(draw: Draw) -> None:
    assert told(draw("a > b, b > b")) == [("E120", ("b",))]


def test_a_graph_that_is_one_cycle_has_no_start_either(draw: Draw) -> None:
    assert told(draw("a > b, b > a")) == [("E120", ("a", "b")), ("E121", ())]


def test_every_knot_gives_one_cycle(draw: Draw) -> None:
    assert told(draw("s > a c, a > b, b > a, c > d, d > c s2")) == [
        ("E120", ("a", "b")),
        ("E120", ("c", "d")),
    ]


def test_two_starts_are_named(draw: Draw) -> None:
    [finding] = check(draw("a b > c"))

    assert str(finding) == "E121  two starts: `a`, `b`. Put one node before both."


def test_a_unite_that_no_edge_leads_to_is_told_apart_from_a_start(draw: Draw) -> None:
    assert told(draw("a > b, u > v", unites={"u": "a"})) == [("E125", ("u",))]


def test_a_cycle_off_the_way_is_also_unreachable(draw: Draw) -> None:
    assert told(draw("a > b, x > y, y > x z")) == [("E120", ("x", "y")), ("E125", ("x", "y", "z"))]


def test_what_needs_no_shape_is_told_beside_what_is_wrong_with_it(draw: Draw) -> None:
    assert told(draw("a > b, b > b", parts={"a": {"secrets": ["key"]}})) == [
        ("E120", ("b",)),
        ("E130", ("a",)),
    ]
