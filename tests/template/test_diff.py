"""What is not the same in two templates (semantics 2)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from exodsl.template.diff import Change, difference
from exodsl.template.models import GraphTemplate
from exodsl.template.outline import as_outline
from tests.template.strategies import templates

Draw = Callable[..., GraphTemplate]
Fields = Callable[..., dict[str, Any]]


def test_equal_templates_do_not_differ(draw: Draw) -> None:
    assert not difference(draw("a* > b, b > c", unites={"c": "a"}), draw("a* > b, b > c", unites={"c": "a"}))


def test_a_node_that_came_and_one_that_went_are_told_with_their_edges(draw: Draw) -> None:
    found = difference(draw("a > old"), draw("a > new"))

    assert (found.nodes_added, found.nodes_removed) == (("new",), ("old",))
    assert (found.edges_added, found.edges_removed) == ((("a", "new"),), (("a", "old"),))
    assert found.within == ()


def test_a_rewired_input_is_a_change_of_its_mapping_alone(draw: Draw) -> None:
    before, after = (
        draw("a > b, b > c", parts={"c": {"inputs": {"x": f"${{{{ {source}.outputs.x }}}}"}}}) for source in "ab"
    )

    assert difference(before, after).changes == (
        Change("c", "mapping", "x", "input x = ${{ a.outputs.x }}", "input x = ${{ b.outputs.x }}"),
    )


def test_another_strategy_of_a_unite_is_told(draw: Draw) -> None:
    found = difference(draw("a* > b, b > c", unites={"c": "a"}), draw("a* > b, b > c", unites={"c": "a!"}))

    assert found.changes == (
        Change("c", "unites", "", "unites a (ALL_SUCCESS), collects b", "unites a (ALL_DONE), collects b"),
    )


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ({"retry_policy": {"max_retries": 1}}, "retry max_retries=1"),
        ({"timeout_ms": 10}, "timeout 10 ms"),
        ({"executor": "process"}, "executor process"),
    ],
)
def test_a_setting_of_a_node_is_told(draw: Draw, setting: dict[str, Any], line: str) -> None:
    (change,) = difference(draw("a > b"), draw("a > b", parts={"b": setting})).within

    assert (change.node, change.before, change.after) == ("b", None, line)


def test_what_the_graph_as_a_whole_says_is_told_first(draw: Draw) -> None:
    found = difference(draw("a > b"), draw("a > c", name="other", keep_store=True))

    assert [(change.node, change.after) for change in found.changes][:2] == [
        (None, "graph default/other"),
        (None, "keeps its store"),
    ]


def test_another_type_of_an_output_is_told(draw: Draw, fields: Fields) -> None:
    before, after = (draw("a > b", parts={"a": {"outputs_schema": fields(x=kind)}}) for kind in ("string", "integer"))

    assert difference(before, after).changes == (Change("a", "output", "x", "output x: str", "output x: int"),)


def test_what_short_types_do_not_show_is_told_as_details(draw: Draw, fields: Fields) -> None:
    before, after = (
        draw("a > b", parts={"a": {"inputs_schema": fields(x={"type": "integer", "maximum": most})}}) for most in (1, 2)
    )

    (change,) = difference(before, after).changes

    assert (change.node, change.kind, change.name) == ("a", "details", "input")
    assert '"maximum":1' in (change.before or "")
    assert '"maximum":2' in (change.after or "")


def test_a_new_version_that_says_the_same_is_a_difference_all_the_same(draw: Draw) -> None:
    before = draw("a > b c")
    after = before.model_copy(update={"nodes": tuple(reversed(before.nodes))})

    assert difference(before, after).changes == (Change(None, "details", "form", None, None),)


@settings(deadline=None)
@given(templates(), templates())
def test_two_templates_differ_if_and_only_if_the_second_is_another_version(
    one: GraphTemplate, other: GraphTemplate
) -> None:
    assert bool(difference(one, other)) == (one.content_hash != other.content_hash)
    assert not difference(one, one.model_copy())


@settings(deadline=None)
@given(templates(), templates())
def test_what_the_outlines_do_not_share_is_what_differs(one: GraphTemplate, other: GraphTemplate) -> None:
    lines = [
        {line.strip() for line in as_outline(template).splitlines() if line.startswith(" ")}
        for template in (one, other)
    ]

    changes = [
        change for change in difference(one, other).changes if change.kind not in ("input", "mapping", "details")
    ]

    assert lines[1] - lines[0] <= {change.after for change in changes}
    assert lines[0] - lines[1] <= {change.before for change in changes}
