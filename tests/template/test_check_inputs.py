"""Mappings: every input known, filled, and of a type that its source can give (semantics 2 and 4)."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from exodsl.template.checks import check
from exodsl.template.models import GraphTemplate

Draw = Callable[..., GraphTemplate]
Fields = Callable[..., dict[str, Any]]
Flow = Callable[..., list[str]]

Change = Mapping[str, Any]

NONE: Change = {}
ONE: Change = {"unites": None, "inputs_schema": None}
LIST_OF_INT = {"type": "array", "items": {"type": "integer"}}


@pytest.fixture
def flow(draw: Draw, fields: Fields) -> Flow:
    """Check `split* > count > total` with some of its fields changed; return the findings as text."""

    def checked(*, split: Change = NONE, count: Change = NONE, total: Change = NONE, **template: Any) -> list[str]:
        parts = {
            "split": {
                "inputs_schema": fields(document="string"),
                "outputs_schema": fields(text="string", number="integer"),
            },
            "count": {
                "inputs_schema": fields(text="string"),
                "outputs_schema": fields(result="integer"),
                "inputs": {"text": "${{ split.outputs.text }}"},
            },
            "total": {
                "inputs_schema": fields(counts=LIST_OF_INT),
                "outputs_schema": fields(result="integer"),
                "inputs": {"counts": "${{ count.outputs.result }}"},
            },
        }
        changed = {"split": split, "count": count, "total": total}
        merged = {name: {**part, **changed[name]} for name, part in parts.items()}
        arrows = "split* > count, count > total, total > after"
        drawn = draw(arrows, unites={"total": "split"}, parts=merged, **template)
        return [str(finding) for finding in check(drawn)]

    return checked


def reading(placeholder: str) -> dict[str, Any]:
    """Return the change that gives `text` of a node this value."""
    return {"inputs": {"text": placeholder}}


def test_a_complete_mapping_of_fitting_types_passes(flow: Flow) -> None:
    assert flow() == []


def test_an_unknown_output_gets_the_field_that_was_meant(flow: Flow) -> None:
    assert flow(count=reading("${{ split.outputs.txt }}")) == [
        (
            "E101  in `text` of `count`: `split` has no output `txt`. It has: text, number."
            " Did you mean `split.outputs.text`?"
        )
    ]


def test_a_nested_field_is_followed_through_references(flow: Flow, fields: Fields) -> None:
    page = fields(page={"$ref": "#/$defs/Page"}) | {"$defs": {"Page": fields(title="string")}}

    assert flow(split={"outputs_schema": page}, count=reading("${{ split.outputs.page.title }}")) == []
    assert flow(split={"outputs_schema": page}, count=reading("${{ split.outputs.page.titel }}")) == [
        (
            "E101  in `text` of `count`: `split.outputs.page` has no field `titel`. It has: title."
            " Did you mean `split.outputs.page.title`?"
        )
    ]


def test_an_int_into_a_str_is_a_mismatch(flow: Flow) -> None:
    assert flow(count=reading("${{ split.outputs.number }}")) == [
        (
            "E102  `count(text: str)` is given `split.outputs.number`, an int."
            ' Candidates of type str: `split.outputs.text`. Write `"text": "${{ split.outputs.text }}"`.'
            ' As part of a text: `"text": "number ${{ split.outputs.number }}"`.'
        )
    ]


def test_an_int_fits_a_float_but_not_the_other_way(flow: Flow, fields: Fields) -> None:
    whole, broken = fields(text="integer"), fields(text="number")

    assert flow(count={"inputs_schema": broken, **reading("${{ split.outputs.number }}")}) == []
    assert flow(split={"outputs_schema": broken}, count={"inputs_schema": whole}) == [
        (
            "E102  `count(text: int)` is given `split.outputs.text`, a float."
            " Let `text` take a float, or put a node between that gives an int."
        )
    ]


def test_a_placeholder_inside_of_text_gives_text(flow: Flow, fields: Fields) -> None:
    mixed = reading("number ${{ split.outputs.number }}")

    assert flow(count=mixed) == []
    assert flow(count={"inputs_schema": fields(text="integer"), **mixed}) == [
        (
            "E102  `count(text: int)` is given text with placeholders in it, a str."
            ' Candidates of type int: `split.outputs.number`. Write `"text": "${{ split.outputs.number }}"`.'
        )
    ]


def test_a_literal_is_compared_with_the_schema(flow: Flow) -> None:
    assert flow(count=reading("as it is")) == []
    assert flow(count={"inputs": {"text": 3}}) == [
        'E102  `count(text: str)` is given 3, an int. It takes a str, such as `"text": "3"`.'
    ]


def test_a_placeholder_in_a_list_is_told(flow: Flow) -> None:
    assert flow(total={"inputs": {"counts": [1, "${{ count.outputs.result }}"]}}) == [
        "E102  `total(counts: list[int])` is given a list that does not fit. It takes a list[int].",
        (
            "E106  in `counts` of `total`: a placeholder inside of a list or an object stays text."
            " Give it an input of its own."
        ),
    ]


def test_a_malformed_placeholder_says_what_would_be_right(flow: Flow) -> None:
    [finding] = flow(count=reading("${{ split.text }}"))

    assert finding.startswith('E106  in `text` of `count`: "${{ split.text }}" is no placeholder.')


def test_an_unknown_input_and_an_unfilled_one_are_both_told(flow: Flow) -> None:
    assert flow(count={"inputs": {"txt": "${{ split.outputs.text }}"}}) == [
        (
            "E103  `count` needs `text`, and nothing is given to it."
            ' Candidates of type str: `split.outputs.text`. Write `"text": "${{ split.outputs.text }}"`.'
        ),
        'E105  `count` has no input `txt`. It has: text. Did you mean "text"?',
    ]


def test_what_the_root_leaves_out_is_given_at_trigger(flow: Flow, fields: Fields) -> None:
    assert flow() == []
    assert flow(inputs_schema=fields(document="string")) == [
        (
            "E103  `split` needs `document`, and nothing is given to it."
            ' Candidates of type str: `inputs.document`. Write `"document": "${{ inputs.document }}"`.'
        )
    ]


def test_an_input_with_a_default_may_stay_unmapped(flow: Flow, fields: Fields) -> None:
    optional = fields(text="string") | {"required": []}

    assert flow(count={"inputs_schema": optional, "inputs": {}}) == []


def test_a_list_where_one_value_is_wanted(flow: Flow, fields: Fields) -> None:
    assert flow(total={"inputs_schema": fields(counts="integer")}) == [
        ("E111  `total` takes `count.outputs.result` directly, but `split` fans out above it. Take a list as `counts`.")
    ]


def test_nothing_is_said_of_lists_where_no_fanout_is_declared(flow: Flow, fields: Fields) -> None:
    assert flow(split={"fans_out": None}, total={"inputs_schema": fields(counts="integer")}) == []


def test_in_a_graph_of_strings_a_list_arrives_as_json_text(flow: Flow, fields: Fields) -> None:
    text = fields(text="string")
    merged = {"inputs_schema": text, "outputs_schema": text, "inputs": {"text": "${{ count.outputs.text }}"}}

    assert (
        flow(
            split={"inputs_schema": text, "outputs_schema": text},
            count={"outputs_schema": text},
            total=merged,
        )
        == []
    )


def test_the_items_of_a_list_are_compared(flow: Flow) -> None:
    assert flow(count={"outputs_schema": {"properties": {"result": {"type": "string"}}}}) == [
        (
            "E102  `total(counts: list[int])` is given `count.outputs.result`, a list[str]."
            ' Candidates of type list[int]: `split.outputs.number`. Write `"counts": "${{ split.outputs.number }}"`.'
        )
    ]


def test_one_value_is_no_list(flow: Flow, fields: Fields) -> None:
    assert flow(count={"inputs_schema": fields(text={"type": "array", "items": {"type": "string"}})}) == [
        (
            "E102  `count(text: list[str])` is given `split.outputs.text`, a str."
            " `count` runs once for each output of `split`, so there is one value."
            ' To run it once with all of them: `"unites": {"identifier": "split"}`.'
        )
    ]


def test_one_value_where_nothing_fans_out_stays_one(flow: Flow, fields: Fields) -> None:
    wanting = fields(text={"type": "array", "items": {"type": "string"}})

    assert flow(split={"fans_out": False}, count={"inputs_schema": wanting}, total=ONE) == [
        (
            "E102  `count(text: list[str])` is given `split.outputs.text`, a str."
            " There is only one value of it: let `text` take a str."
        )
    ]


def test_one_value_of_an_arrival_is_no_list(draw: Draw, fields: Fields) -> None:
    parts = {
        "c": {"outputs_schema": fields(x="string")},
        "d": {
            "inputs_schema": fields(x={"type": "array", "items": {"type": "string"}}),
            "inputs": {"x": "${{ c.outputs.x }}"},
        },
    }
    [finding] = check(draw("root > a b, a b > c, c > d", parts=parts))

    assert finding.suggestion == "`d` runs once per arrival at `c`, so there is one value."


def test_a_field_of_a_value_without_fields_is_told(flow: Flow) -> None:
    assert flow(count=reading("${{ split.outputs.text.upper }}")) == [
        "E101  in `text` of `count`: `split.outputs.text` is a str and has no field `upper`."
    ]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("count", "a node cannot read its own outputs"),
        ("total", "`total` comes after `count`"),
    ],
)
def test_only_what_ended_before_can_be_read(source: str, reason: str, flow: Flow) -> None:
    [finding] = flow(count=reading(f"${{{{ {source}.outputs.result }}}} again"))

    assert finding == f"E107  in `text` of `count`: {reason}. It can read: split."


def test_behind_a_unite_its_branches_cannot_be_read(draw: Draw) -> None:
    parts = {"after": {"inputs": {"x": "${{ count.outputs.result }}"}}}
    [finding] = check(draw("split* > count, count > u, u > after", unites={"u": "split"}, parts=parts))

    assert (finding.code, finding.identifiers) == ("E107", ("after", "count"))
    assert "`u` has united the branches that `count` stands in" in finding.message


def test_another_branch_cannot_be_read(draw: Draw) -> None:
    [finding] = check(draw("a > b c", parts={"c": {"inputs": {"x": "${{ b.outputs.y }}"}}}))

    assert finding.message == "in `x` of `c`: `b` has not certainly ended before `c` starts."


def test_a_start_and_a_unite_have_no_previous(flow: Flow) -> None:
    found = flow(
        split={"inputs": {"document": "${{ previous.outputs.a }}"}},
        total={"inputs": {"counts": "${{ previous.outputs.result }}"}},
    )

    assert [finding.partition(" so ")[0] for finding in found] == [
        "E107  in `document` of `split`: `split` is the start,",
        "E107  in `counts` of `total`: `total` waits for several states,",
    ]


def test_previous_has_to_be_in_every_parent(draw: Draw, fields: Fields) -> None:
    parts = {
        "a": {"outputs_schema": fields(x="string")},
        "b": {"outputs_schema": fields(y="string")},
        "c": {"inputs": {"x": "${{ previous.outputs.x }}"}},
    }
    [finding] = check(draw("root > a b, a b > c", parts=parts))

    assert (finding.code, finding.identifiers) == ("E101", ("c", "b"))


def test_an_unknown_node_gets_the_name_that_was_meant(flow: Flow) -> None:
    assert flow(count=reading("${{ splt.outputs.text }}")) == [
        'E109  in `text` of `count`: `splt` is no node. Did you mean "split"?'
    ]


def test_an_undeclared_store_key_gets_the_key_that_was_meant(flow: Flow) -> None:
    store = {"required_keys": ["cursor"], "default_values": {"seen": 0}}

    assert flow(count=reading("${{ store.curser }}"), store_config=store) == [
        'E131  in `text` of `count`: store has no key `curser`. It has: cursor, seen. Did you mean "cursor"?'
    ]


def test_an_unknown_input_of_the_run_gets_the_one_that_was_meant(flow: Flow, fields: Fields) -> None:
    document = {"inputs": {"document": "${{ inputs.documnt }}"}}

    assert flow(split=document, inputs_schema=fields(document="string")) == [
        (
            "E108  in `document` of `split`: the run's `inputs` have no `documnt`. There are: document."
            " Did you mean `inputs.document`?"
        )
    ]


def test_a_secret_has_to_be_given_by_the_graph(flow: Flow) -> None:
    assert flow(count={"secrets": ["llm_key"]}, secrets={"llm_key": "env:KEY"}) == []
    assert flow(count={"secrets": ["llm_key"]}, name="research") == [
        "E130  `Secrets.llm_key` of `count` is not provided: graph `research` has no secret `llm_key`."
    ]
