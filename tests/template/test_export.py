"""Exosphere's plain form: the documents' own examples come in unchanged, and what goes out says what it lost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from exodsl.template.checks import check, ensure_valid
from exodsl.template.export import as_exosphere
from exodsl.template.models import GraphTemplate
from tests.properties.graphs import Case, cases

Draw = Callable[..., GraphTemplate]

SPLITTER = {"node_name": "DataSplitterNode", "identifier": "data_splitter", "next_nodes": ["processor"]}
PROCESSOR = {
    "node_name": "DataProcessorNode",
    "identifier": "processor",
    "inputs": {"data": "${{ data_splitter.outputs.chunk }}"},
}
MERGER = {
    "node_name": "ResultMergerNode",
    "identifier": "merger",
    "inputs": {"processed_data": "${{ processor.outputs.result }}"},
    "unites": {"identifier": "data_splitter"},
    "next_nodes": [],
}
FANOUT: dict[str, Any] = {"nodes": [SPLITTER, {**PROCESSOR, "next_nodes": []}]}
UNITE: dict[str, Any] = {"nodes": [SPLITTER, {**PROCESSOR, "next_nodes": ["merger"]}, MERGER]}
HASHES = {
    "fanout": "5c77a7c9710b20e80ca7f9462be713620009e9c1c43e2c0bb3ac534fb9489edc",
    "unite": "8993579b34bff4518b185dceb5e9b62260630e1a56635ea0203c6d7f8aeab68b",
}
both = pytest.mark.parametrize("document", [FANOUT, UNITE], ids=["fanout", "unite"])


@both
def test_the_examples_of_the_fanout_document_pass_every_check(document: dict[str, Any]) -> None:
    ensure_valid(GraphTemplate.model_validate(document))


@both
def test_a_template_becomes_json_and_the_same_template_again(document: dict[str, Any]) -> None:
    template = GraphTemplate.model_validate(document)

    assert GraphTemplate.model_validate_json(template.model_dump_json()) == template
    assert GraphTemplate.model_validate_json(template.canonical_json()) == template


@pytest.mark.parametrize(("name", "document"), [("fanout", FANOUT), ("unite", UNITE)])
def test_the_content_hash_of_a_template_never_changes(name: str, document: dict[str, Any]) -> None:
    assert GraphTemplate.model_validate(document).content_hash == HASHES[name]


def test_a_schedule_keeps_its_expression_and_what_it_loses_is_named() -> None:
    plain = {"expression": "0 9 * * *", "overlap": "allow"}
    rich = {"expression": "30 9 * * *", "tz": "Europe/Berlin", "catch_up": "all"}
    triggers = [{"type": "CRON", "value": value} for value in (plain, rich)]
    body, lost = as_exosphere(GraphTemplate.model_validate({**FANOUT, "triggers": triggers}))

    assert body["triggers"] == [
        {"type": "CRON", "value": {"expression": "0 9 * * *"}},
        {"type": "CRON", "value": {"expression": "30 9 * * *"}},
    ]
    assert lost == [
        'the graph: schedule "30 9 * * *": its time zone Europe/Berlin is left out; Exosphere reads it in UTC.',
        'the graph: schedule "30 9 * * *": catch_up=all is left out; Exosphere starts the latest tick that it missed.',
        'the graph: schedule "30 9 * * *": overlap=skip is left out; Exosphere starts a run whatever goes on.',
    ]


@both
def test_the_order_of_keys_does_not_count_for_the_content_hash(document: dict[str, Any]) -> None:
    backwards = {"nodes": [dict(reversed(node.items())) for node in document["nodes"]]}

    assert hash_of(backwards) == hash_of(document)


@both
def test_what_says_the_default_does_not_count_for_the_content_hash(document: dict[str, Any]) -> None:
    spelled = [{"unites": None, "retry_policy": None, "inputs": {}, **node} for node in document["nodes"]]

    assert hash_of({**document, "nodes": spelled, "secrets": {}}) == hash_of(document)


@both
def test_the_order_of_nodes_counts_for_the_content_hash(document: dict[str, Any]) -> None:
    """Parents arrive in the order in which they stand in the template, so it is part of what it says."""
    backwards = {"nodes": document["nodes"][::-1]}

    assert hash_of(backwards) != hash_of(document)


@both
def test_a_template_of_the_documents_loses_nothing_on_its_way_out(document: dict[str, Any]) -> None:
    template = GraphTemplate.model_validate(document)
    body, lost = as_exosphere(template)

    assert lost == []
    assert GraphTemplate.model_validate(body) == named_in_full(template)


def test_the_plain_form_has_every_field_that_exosphere_wants(snapshot: SnapshotAssertion) -> None:
    body, _ = as_exosphere(GraphTemplate.model_validate(UNITE))

    assert json.dumps(body, indent=2) == snapshot


@pytest.mark.parametrize(
    ("parts", "loss"),
    [
        ({"fans_out": True}, "end: it is not declared to fan out"),
        ({"retry_policy": {"max_retries": 1}}, "end: its own retry policy is left out"),
        ({"timeout_ms": 50}, "end: its timeout of 50 ms is left out"),
        ({"executor": "process"}, 'end: its executor "process" is left out'),
        ({"inputs": {"n": 3}}, 'end: the value of input "n" becomes text: 3'),
        ({"inputs": {"n": "${{ inputs.topic }}"}}, 'end: input "n" is left out: only the first node'),
        ({"inputs": {"n": "${{ previous.outputs.n }}"}}, 'end: input "n" is left out: `previous`'),
        ({"inputs": {"n": "${{ start.outputs.a.b }}"}}, "Exosphere cannot look into a field"),
        ({"inputs": {"n": "${{ start.outputs }}"}}, "one field, not all outputs"),
        ({"inputs": {"n": ["${{ x }}"]}}, "its text would be read as a placeholder"),
        (
            {"unites": {"identifier": "start", "per": "output"}},
            "end: it runs once for each output of `start`",
        ),
    ],
)
def test_what_the_plain_form_cannot_say_is_named_with_its_place_and_reason(
    parts: dict[str, Any], loss: str, draw: Draw
) -> None:
    template = draw("start* > left right, left right > end", parts={"end": parts})
    others = as_exosphere(draw("start* > left right, left right > end"))[1]

    [found] = [line for line in as_exosphere(template)[1] if line not in others]
    assert loss in found


def test_the_order_of_arrivals_is_named(draw: Draw) -> None:
    template = draw("a > b c, b c > d", parts={"d": {"arrivals": ["c", "b"]}})

    assert as_exosphere(template)[1] == ["d: the order of its arrivals is left out (c, b)."]


def test_a_join_of_a_node_that_does_not_fan_out_loses_nothing(draw: Draw) -> None:
    template = draw("a > b c, b c > d", unites={"d": "a/output"})

    assert as_exosphere(template)[1] == []


def test_fields_that_are_no_text_are_named_with_their_type(draw: Draw, fields: Callable[..., Any]) -> None:
    parts = {
        "a": {"outputs_schema": fields(text="string", number="integer")},
        "b": {"inputs": {"text": "${{ a.outputs.text }}"}, "inputs_schema": fields(text="string")},
    }

    assert as_exosphere(draw("a > b", parts=parts))[1] == [
        'a: its output "number" is of type int; Exosphere\'s nodes take and give text only.'
    ]


def test_inputs_given_at_trigger_are_listed_empty_on_the_first_node(draw: Draw, fields: Callable[..., Any]) -> None:
    root = {
        "inputs": {"topic": "on ${{ inputs.topic }}"},
        "inputs_schema": fields(topic="string", who="string"),
    }
    body, lost = as_exosphere(draw("a > b", parts={"a": root}))

    assert body["nodes"][0]["inputs"] == {"topic": "", "who": ""}
    assert [line.partition(" is exported")[0] for line in lost] == ['a: input "topic"', 'a: input "who"']


def test_defaults_of_a_node_are_written_down_as_far_as_they_are_text(draw: Draw) -> None:
    properties = {"mode": {"type": "string", "default": "fast"}, "odd": {"type": "string", "default": "${{"}}
    body, lost = as_exosphere(draw("a > b", parts={"b": {"inputs_schema": {"properties": properties}}}))

    assert body["nodes"][1]["inputs"] == {"mode": "fast"}
    assert lost == ['b: input "odd" is left out, as its default is no plain text; Exosphere wants it mapped.']


def test_what_holds_for_the_whole_graph_is_named_as_well(draw: Draw) -> None:
    template = draw(
        "a > b",
        keep_store=True,
        retry_policy={"give_up_on": ["builtins.ValueError"], "max_delay": 9},
        store_config={"required_keys": ["who"], "default_values": {"cursor": 0, "at": "x"}},
    )
    body, lost = as_exosphere(template)

    assert body["retry_policy"] | {"max_delay": 9} == body["retry_policy"]
    assert body["store_config"] == {"required_keys": ["who"], "default_values": {"cursor": "0", "at": "x"}}
    assert [line.partition(": ")[2] for line in lost if line.startswith("the graph: ")] == [
        "`keep_store` is left out; Exosphere decides itself what becomes of a store.",
        "`give_up_on` is left out; Exosphere retries every exception.",
        'the default of store key "cursor" becomes text; Exosphere stores text only.',
    ]


def test_the_value_of_a_secret_never_leaves(draw: Draw) -> None:
    body, lost = as_exosphere(draw("a > b", secrets={"key": "hunter2", "other": "env:OTHER"}))

    assert body["secrets"] == {"key": "", "other": ""}
    assert len(lost) == 2
    assert "hunter2" not in json.dumps([body, lost])
    assert "OTHER" not in json.dumps([body, lost])


def test_a_node_of_another_namespace_keeps_it(draw: Draw) -> None:
    body, _ = as_exosphere(draw("a > b", parts={"b": {"namespace": "shared"}}, namespace="own"))

    assert [node["namespace"] for node in body["nodes"]] == ["own", "shared"]


@settings(max_examples=50, deadline=None)
@given(cases())
def test_every_valid_template_has_a_plain_form_that_is_text_throughout(case: Case) -> None:
    body, _ = as_exosphere(case.template)

    values = [value for node in body["nodes"] for value in node["inputs"].values()]
    assert all(isinstance(value, str) for value in (*values, *body["store_config"]["default_values"].values()))
    assert [node["next_nodes"] for node in body["nodes"]] == [list(n.next_nodes) for n in case.template.nodes]


@settings(max_examples=50, deadline=None)
@given(cases())
def test_the_plain_form_passes_the_checks_of_its_shape_again(case: Case) -> None:
    body, _ = as_exosphere(case.template)
    codes = {finding.code for finding in check(GraphTemplate.model_validate(body))}

    assert not codes & {"E120", "E121", "E122", "E123", "E124", "E125", "E126", "E131"}


@settings(max_examples=50, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_every_template_comes_back_from_its_json_with_the_same_hash(case: Case, random: Any) -> None:
    document = json.loads(case.template.model_dump_json())
    for node in document["nodes"]:
        shuffled = random.sample(list(node.items()), len(node))
        node.clear()
        node.update(shuffled)

    assert GraphTemplate.model_validate(document) == case.template
    assert hash_of(document) == case.template.content_hash


def hash_of(document: dict[str, Any]) -> str:
    """Return the content hash of a template written by hand."""
    return GraphTemplate.model_validate(document).content_hash


def named_in_full(template: GraphTemplate) -> GraphTemplate:
    """Return a template whose nodes say their namespace."""
    nodes = tuple(
        node.model_copy(update={"namespace": node.namespace or template.namespace}) for node in template.nodes
    )
    return template.model_copy(update={"nodes": nodes})
