"""All findings at once, each with its place; and no template that a check could not judge."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exodsl.errors import GraphInvalid
from exodsl.template.check_executors import own_executors
from exodsl.template.checks import check, ensure_valid
from exodsl.template.findings import Finding
from exodsl.template.models import GraphTemplate

Draw = Callable[..., GraphTemplate]

FANOUT = {
    "secrets": {},
    "nodes": [
        {"node_name": "DataSplitterNode", "identifier": "data_splitter", "next_nodes": ["processor"]},
        {
            "node_name": "DataProcessorNode",
            "identifier": "processor",
            "inputs": {"data": "${{ data_splitter.outputs.chunk }}"},
            "next_nodes": ["merger"],
        },
        {
            "node_name": "ResultMergerNode",
            "identifier": "merger",
            "inputs": {"processed_data": "${{ processor.outputs.result }}"},
            "unites": {"identifier": "data_splitter"},
            "next_nodes": [],
        },
    ],
}

names = st.sampled_from(["a", "b", "c", "d", "store", "zz"])
placeholders = st.builds(
    "{}${{{{ {}.{}.{} }}}}".format,
    st.sampled_from(["", "x "]),
    names,
    st.sampled_from(["outputs", "x"]),
    names,
)
words = st.sampled_from(["a", "b", "$ref", "type", "properties", "items", "anyOf", "allOf", "enum", "const"])
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "string", "#/a", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
kinds = st.sampled_from(["string", "integer", "array", "object", ["null", "string"], "odd"])
schemas = st.none() | st.recursive(
    st.fixed_dictionaries({"type": kinds}) | st.dictionaries(words, json, max_size=3),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, max_size=3))
        | st.builds(
            lambda parts: {"type": "object", "properties": parts, "required": list(parts)},
            st.dictionaries(names, inner, max_size=3),
        )
    ),
    max_leaves=6,
)
unites = st.fixed_dictionaries({"identifier": names, "per": st.sampled_from(["execution", "output"])})
nodes = st.fixed_dictionaries(
    {
        "node_name": names,
        "identifier": names,
        "inputs": st.dictionaries(names, placeholders | json | st.text(max_size=8), max_size=3),
        "next_nodes": st.lists(names, max_size=3),
        "unites": st.none() | unites,
        "fans_out": st.sampled_from([None, True, False]),
        "arrivals": st.none() | st.lists(names, max_size=3),
        "inputs_schema": schemas,
        "outputs_schema": schemas,
        "secrets": st.lists(names, max_size=2),
    }
)


def downhill(template: dict[str, Any]) -> dict[str, Any]:
    """Number the nodes and keep the edges that lead on, so that the later checks are reached."""
    for at, node in enumerate(template["nodes"]):
        node["identifier"] = "abcd"[at]
        node["next_nodes"] = sorted({n for n in node["next_nodes"] if node["identifier"] < n <= "d"})
    for at in range(1, len(template["nodes"])):
        if not any("abcd"[at] in node["next_nodes"] for node in template["nodes"][:at]):
            template["nodes"][at - 1]["next_nodes"].append("abcd"[at])
    return template


templates = st.fixed_dictionaries({"nodes": st.lists(nodes, max_size=4), "inputs_schema": schemas})
flowing = st.fixed_dictionaries({"nodes": st.lists(nodes, min_size=4, max_size=4), "inputs_schema": schemas}).map(
    downhill
)


@settings(max_examples=300, deadline=None)
@given(templates | flowing)
def test_every_template_can_be_checked(template: dict[str, Any]) -> None:
    try:
        accepted = GraphTemplate.model_validate(template)
    except ValidationError:
        return

    assert all(str(finding).startswith("E1") for finding in check(accepted))


def test_the_fanout_examples_of_exosphere_pass() -> None:
    assert check(GraphTemplate.model_validate(FANOUT)) == []


def test_findings_stand_in_the_order_of_the_file(draw: Draw) -> None:
    parts = {name: {"inputs": {"x": "${{ store.y }}"}} for name in ("a", "b", "c")}
    places = {"a": "flows.py:12", "b": "flows.py:9", "c": "flows.py:101"}

    found = check(draw("a > b, b > c", parts=parts), places)

    assert [finding.place for finding in found] == ["flows.py:9", "flows.py:12", "flows.py:101"]
    assert str(found[0]) == "E131 flows.py:9  in `x` of `b`: store has no key `y`. It has: none."


def test_suggestions_are_spelled_as_in_the_module_that_is_checked(draw: Draw) -> None:
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    template = draw("a > b", parts={"a": {"outputs_schema": text}, "b": {"inputs_schema": text}})

    [finding] = check(template, {"b": "flows.py:9"})

    assert finding.suggestion == "Candidates of type str: `a.outputs.text`. Write `text=a.outputs.text`."


@pytest.mark.parametrize("code", ["E103", "E104"])
def test_what_is_known_already_is_not_told_again(code: str, draw: Draw) -> None:
    wanting = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    template = draw("a > b", parts={"b": {"inputs_schema": wanting}})

    assert [finding.code for finding in check(template)] == ["E103"]
    assert check(template, known=[Finding(code, "said before", identifiers=("b",))]) == []


def test_nothing_is_told_of_a_graph_whose_names_were_not_unique(draw: Draw) -> None:
    known = [Finding("E122", "two nodes are called `b`.", identifiers=("b",))]

    assert check(draw("a > b, b > b"), known=known) == []


def test_an_invalid_template_is_refused_with_every_finding(draw: Draw) -> None:
    template = draw("a > b b, b > b", name="knot")

    with pytest.raises(GraphInvalid) as caught:
        ensure_valid(template)

    assert str(caught.value) == (
        'Graph "knot" has 2 problems:\n'
        "  E120  cycle: b -> b. To run one node again, raise `Requeue` in it;"
        " rounds over several belong into the body of one node.\n"
        "  E126  `a` leads to `b` 2 times. One edge is enough."
    )


def test_a_misspelt_executor_gets_the_one_that_was_meant(draw: Draw) -> None:
    template = draw("a > b", parts={"a": {"executor": "thread"}, "b": {"executor": "proces"}})

    [finding] = check(template)

    assert str(finding) == (
        'E142  `b` asks for executor "proces", which reads like "process".'
        ' Write "process", or give an executor of your own another name.'
    )


@pytest.mark.parametrize("name", ["gpu", "processes", "gpu-process", "threaded"])
def test_a_name_of_ones_own_is_for_a_runtime_to_know(draw: Draw, name: str) -> None:
    template = draw("a > b", parts={"a": {"executor": "process"}, "b": {"executor": name}})

    assert (check(template), own_executors(template)) == ([], [name])


def test_a_misspelt_executor_hides_nothing_else(draw: Draw) -> None:
    template = draw("a > b", parts={"b": {"executor": "Thread", "inputs": {"x": "${{ b.outputs.y }}"}}})

    assert [finding.code for finding in check(template)] == ["E107", "E142"]


def test_a_valid_template_is_let_through(draw: Draw) -> None:
    ensure_valid(draw("a > b"))
