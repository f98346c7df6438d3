"""Exosphere's plain form: the documents' own examples come in unchanged, and what goes out names what it cannot say."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from exodsl.template.checks import ensure_valid
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


def test_a_schedule_keeps_its_expression_and_what_cannot_be_said_of_it_is_named() -> None:
    form = as_exosphere(
        GraphTemplate.model_validate(
            {
                **FANOUT,
                "triggers": [
                    cron("0 9 * * *", overlap="allow"),
                    cron("30 9 * * 5L", tz="Europe/Berlin", catch_up="all"),
                    cron("0 9 * * *", overlap="allow"),
                ],
            }
        )
    )

    assert [trigger["value"] for trigger in form.body["triggers"]] == [
        {"expression": "0 9 * * *"},
        {"expression": "30 9 * * 5L"},
        {"expression": "0 9 * * *"},
    ]
    rare = 'the graph: schedule "30 9 * * 5L":'
    assert form.misfits == (
        f"{rare} it is read in Europe/Berlin, in Exosphere in UTC. Write it in UTC.",
        f'{rare} catch_up="all"; Exosphere starts the latest tick that it missed. Leave it out.',
        f'{rare} overlap="skip"; Exosphere starts a run whatever goes on. Write overlap="allow".',
        f'{rare} Exosphere does not know "5L". Name the weeks, or trigger it from elsewhere.',
        'the graph: schedule "0 9 * * *": it stands there 2 times; Exosphere ticks once. Leave the others out.',
    )


def cron(expression: str, **options: str) -> dict[str, Any]:
    """Return a schedule of a template."""
    return {"type": "CRON", "value": {"expression": expression, **options}}


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


def test_the_fanout_of_the_documents_goes_out_as_it_came() -> None:
    template = GraphTemplate.model_validate(FANOUT)
    form = as_exosphere(template)

    assert (form.misfits, form.remarks) == ((), ())
    assert GraphTemplate.model_validate(form.body) == named_in_full(template)


def test_the_unite_of_the_documents_is_one_that_exosphere_itself_refuses(snapshot: SnapshotAssertion) -> None:
    form = as_exosphere(GraphTemplate.model_validate(UNITE))

    (misfit,) = form.misfits
    assert misfit.startswith(
        'merger: input "processed_data" reads `processor`, which it unites: in Exosphere it can read'
    )
    assert json.dumps(form.body, indent=2) == snapshot


@pytest.mark.parametrize(
    ("parts", "misfit"),
    [
        (
            {"retry_policy": {"max_retries": 1}},
            "it has a retry policy of its own; in Exosphere that of the graph holds",
        ),
        ({"timeout_ms": 50}, "it has a timeout of 50 ms; Exosphere has none. Let the body look at the time itself."),
        ({"executor": "process"}, 'it asks for executor "process"; Exosphere has none. Start it from the body.'),
        ({"namespace": "shared"}, 'it is of namespace "shared"; Exosphere loses a run that leaves "default".'),
        ({"inputs": {"n": 3}}, 'input "n" is of type Any and may get what is no text, which arrives as one.'),
        ({"inputs": {"n": "on ${{ inputs.topic }}"}}, "in Exosphere the first node alone gets what a run is triggered"),
        (
            {"inputs": {"n": "${{ previous.outputs.n }}"}},
            "Exosphere has no `previous`. Give each way a node of its own.",
        ),
        ({"inputs": {"n": "${{ start.outputs.a.b }}"}}, "Exosphere cannot look into a field. Return that as a field"),
        ({"inputs": {"n": "${{ start.outputs }}"}}, "Exosphere hands over one field, not all outputs."),
        ({"inputs": {"n": ["${{ x }}"]}}, "has ${{ in its value, which Exosphere reads as a placeholder"),
        ({"unites": {"identifier": "fork"}, "inputs": {"n": "${{ left.outputs.n }}"}}, "reads `left`, which it unites"),
    ],
)
def test_what_exosphere_has_not_is_named_with_its_place_and_a_cure(
    parts: dict[str, Any], misfit: str, draw: Draw
) -> None:
    template = draw("start > fork, fork > left right, left right > end", parts={"end": parts})

    found = [line for line in as_exosphere(template).misfits if line.startswith("end: ") and misfit in line]
    assert len(found) == 1


def test_a_unite_of_a_fanout_is_no_unite_of_exospheres(draw: Draw) -> None:
    (misfit,) = as_exosphere(draw("a* > b, b > c", unites={"c": "a"})).misfits

    assert misfit.startswith("c: it unites `a`, which fans out. Exosphere starts it once for each output, and its")


def test_what_a_unite_of_exospheres_would_wait_for_in_vain_is_named(draw: Draw) -> None:
    (misfit,) = as_exosphere(draw("a > b side, b > c", unites={"c": "a"})).misfits

    assert misfit.startswith("c: `side` lies behind `a` and does not lead to it; Exosphere waits for it all the same")


def test_a_unite_inside_a_unite_is_named(draw: Draw) -> None:
    template = draw("a > b c, b > d e, d e > f, c f > g", unites={"f": "b", "g": "a"})

    assert [line[:44] for line in as_exosphere(template).misfits] == ["g: `f` unites in its region, and Exosphere m"]


def test_what_a_unite_gives_is_nothing_that_exosphere_lets_read(draw: Draw) -> None:
    template = draw("a > b, b > c, c > d", unites={"c": "a"}, parts={"d": {"inputs": {"n": "${{ c.outputs.n }}"}}})

    (misfit,) = as_exosphere(template).misfits
    assert misfit.startswith('d: input "n" reads `c`, which unites others: in Exosphere nothing can.')


def test_previous_is_spelled_out_where_one_node_alone_comes_before(draw: Draw) -> None:
    form = as_exosphere(draw("a > b", parts={"b": {"inputs": {"n": "it is ${{ previous.outputs.n }}"}}}))

    assert (form.body["nodes"][1]["inputs"], form.misfits) == ({"n": "it is ${{ a.outputs.n }}"}, ())


def test_a_join_behind_a_single_output_is_one_for_exosphere_too(draw: Draw) -> None:
    form = as_exosphere(draw("a > b c, b c > d", unites={"d": "a/output"}))

    assert (form.body["nodes"][3]["unites"], form.misfits) == ({"identifier": "a", "strategy": "ALL_SUCCESS"}, ())
    assert form.remarks == ("d: Exosphere does not start it where the branch that ends last fails or is pruned.",)


def test_arrivals_and_fanouts_are_as_they_are_here(draw: Draw) -> None:
    form = as_exosphere(draw("a > b c, b c > d*, d > e", parts={"d": {"arrivals": ["c", "b"]}}))

    assert (form.misfits, form.remarks) == ((), ())


def test_values_that_are_no_text_travel_as_json(draw: Draw, fields: Callable[..., Any]) -> None:
    parts = {
        "a": {"outputs_schema": fields(text="string", number="integer")},
        "b": {"inputs": {"n": "${{ a.outputs.number }}", "m": 5}, "inputs_schema": fields(n="integer", m="integer")},
    }
    form = as_exosphere(draw("a > b", parts=parts))

    assert (form.body["nodes"][1]["inputs"], form.misfits) == ({"n": "${{ a.outputs.number }}", "m": "5"}, ())
    assert form.remarks == (
        (
            "the graph: a.number, b.n, b.m: no text, so the value travels as JSON text, which the nodes of"
            " `exodsl.exosphere.runtime` read and write."
        ),
    )


def test_an_input_that_may_be_text_or_not_is_named(draw: Draw, fields: Callable[..., Any]) -> None:
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    parts = {
        "a": {"outputs_schema": {"properties": {"name": optional}}},
        "b": {"inputs": {"name": "${{ a.outputs.name }}"}, "inputs_schema": {"properties": {"name": optional}}},
    }

    assert as_exosphere(draw("a > b", parts=parts)).misfits == (
        'b: input "name" is of type str | None and may get what is no text, which arrives as one. Give it one type.',
    )


def test_inputs_of_the_run_are_listed_on_the_first_node(draw: Draw, fields: Callable[..., Any]) -> None:
    root = {
        "inputs": {"topic": "${{ inputs.topic }}", "subject": "${{ inputs.topic }}"},
        "inputs_schema": fields(topic="string", subject="string", who="string"),
    }
    form = as_exosphere(draw("a > b", parts={"a": root}))

    assert form.body["nodes"][0]["inputs"] == {"topic": "", "subject": "", "who": ""}
    assert form.misfits == ()
    assert [line.split(" is ")[0] for line in form.remarks] == [
        'a: input "topic"',
        'a: input "subject"',
        'a: input "subject"',
        'a: input "who"',
    ]


def test_defaults_of_a_node_are_written_down_as_far_as_a_text_says_them(draw: Draw) -> None:
    properties = {
        "mode": {"type": "string", "default": "fast"},
        "most": {"type": "integer", "default": 3},
        "odd": {"type": "string", "default": "${{"},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    }
    form = as_exosphere(draw("a > b", parts={"b": {"inputs_schema": {"properties": properties}}}))

    assert (form.body["nodes"][1]["inputs"], form.misfits) == ({"mode": "fast", "most": "3"}, ())
    assert [line.split(" is ")[0] for line in form.remarks[1:]] == ['b: input "odd"', 'b: input "name"']


def test_a_default_that_no_text_says_is_named_on_the_first_node(draw: Draw) -> None:
    properties = {"name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}

    (misfit,) = as_exosphere(draw("a > b", parts={"a": {"inputs_schema": {"properties": properties}}})).misfits
    assert misfit.startswith('a: input "name" has a default that no text says, so no trigger could give it')


def test_what_holds_for_the_whole_graph_is_named_as_well(draw: Draw) -> None:
    template = draw(
        "a > b",
        keep_store=True,
        retry_policy={"give_up_on": ["builtins.ValueError"], "max_delay": 9},
        store_config={"required_keys": ["who"], "default_values": {"cursor": 0, "at": "x"}},
    )
    form = as_exosphere(template)

    assert form.body["retry_policy"] | {"max_delay": 9} == form.body["retry_policy"]
    assert form.body["store_config"] == {"required_keys": ["who"], "default_values": {"cursor": "0", "at": "x"}}
    assert form.misfits == (
        "the graph: its retry policy has `give_up_on`; Exosphere retries every exception. Leave it out.",
    )
    assert form.remarks == ("the graph: `keep_store` is left out; Exosphere decides itself what becomes of a store.",)


def test_the_value_of_a_secret_never_leaves(draw: Draw) -> None:
    form = as_exosphere(draw("a > b", secrets={"key": "hunter2", "other": "env:OTHER"}))

    assert form.body["secrets"] == {"key": "", "other": ""}
    assert form.remarks == (
        'the graph: secret "key" is exported without its value; fill it in.',
        (
            'the graph: secret "other" is exported without its value and is read from no environment variable there;'
            " fill it in."
        ),
    )
    assert "hunter2" not in str(form)


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
