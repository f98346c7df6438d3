"""Inputs from placeholders, and what is missing for them (semantics 2, 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.lineage import step
from exodsl.engine.resolve import Resolver


def resolved(
    begun: Any, identifier: str, path: bytes = b"", parent: dict[str, Any] | None = None, by: str = "root"
) -> Any:
    """Return the inputs of a new state made `by` a parent that gave this, or the reasons why there are none."""
    resolver = Resolver(begun.run, path, begun.known, parent, begun.index[by])
    found = resolver.inputs(begun.plan.nodes[begun.index[identifier]])
    return [missing.reason for missing in found] if isinstance(found, list) else found


@pytest.mark.parametrize(
    ("mapped", "value"),
    [
        ("${{ root.outputs.n }}", 1),
        ("${{ previous.outputs.n }}", 1),
        ("${{ root.outputs }}", {"n": 1, "deep": {"x": [2]}}),
        ("${{ root.outputs.deep.x }}", [2]),
        ("${{root.outputs.deep}}", {"x": [2]}),
        ("n=${{ root.outputs.n }}, ${{ root.outputs.deep }}", 'n=1, {"x":[2]}'),
        ("${{ store.key }}", "kept"),
        ("${{ inputs.given }}", [None]),
        ("plain", "plain"),
        ("$ { {", "$ { {"),
        (4, 4),
        ([None, "x"], [None, "x"]),
    ],
)
def test_every_kind_of_value_is_filled_in(scene: Any, mapped: Any, value: Any) -> None:
    begun = scene(
        "root > leaf",
        {"given": [None]},
        {"key": "kept"},
        inputs={"leaf": {"x": mapped}},
        inputs_schema={"type": "object", "properties": {"given": {}}},
        store_config={"required_keys": ["key"]},
    )

    assert resolved(begun, "leaf", parent={"n": 1, "deep": {"x": [2]}}) == {"x": value}


@pytest.mark.parametrize(
    ("mapped", "reason"),
    [
        ("${{ root.outputs.gone }}", "${{ root.outputs.gone }} has no value"),
        ("${{ previous.outputs.gone }}", "${{ previous.outputs.gone }} has no value"),
        ("${{ root.outputs.n.deeper }}", "${{ root.outputs.n.deeper }} has no value"),
        ("text ${{ store.key }}", 'the store has no key "key"'),
        ("${{ inputs.given.x }}", 'the run has no input "given.x"'),
        ("${{ top.outputs.n }}", "${{ top.outputs.n }} has no value: that state gave no outputs"),
    ],
)
@pytest.mark.parametrize("optional", [False, True])
def test_a_missing_value_is_named_unless_the_input_may_be_left_out(
    scene: Any, mapped: str, reason: str, optional: bool
) -> None:
    schema = {"type": "object", "properties": {"x": {}}, "required": [] if optional else ["x"]}
    begun = scene(
        "top > root, root > leaf",
        inputs={"leaf": {"x": mapped}},
        parts={"leaf": {"inputs_schema": schema}},
        inputs_schema={"type": "object", "properties": {"given": {}}},
        store_config={"required_keys": ["key"]},
    )

    assert resolved(begun, "leaf", parent={"n": 1}) == ({} if optional else [reason])


def test_everything_that_is_missing_is_named(scene: Any) -> None:
    begun = scene("root > leaf", inputs={"leaf": {"x": "${{ root.outputs.a }}", "y": "${{ root.outputs.b }}"}})

    assert len(resolved(begun, "leaf", parent={})) == 2


def test_an_ancestor_is_read_at_the_place_both_share(scene: Any) -> None:
    """Output 0 is kept by the state that ran, one step above; output 2 by a sibling."""
    begun = scene("root* > mid, mid > leaf", inputs={"leaf": {"n": "${{ root.outputs.n }}"}})
    root = begun.index["root"]
    begun.known.single |= {(1, root, b""): {"n": "first"}, (1, root, step(2)): {"n": "third"}}

    assert resolved(begun, "leaf", step(0), {}, "mid") == {"n": "first"}
    assert resolved(begun, "leaf", step(2), {}, "mid") == {"n": "third"}


@pytest.mark.parametrize(("arrows", "one"), [("root*", [1]), ("root?", 1)])
def test_a_list_of_one_is_a_list_where_the_fanout_was_declared(scene: Any, arrows: str, one: Any) -> None:
    begun = scene(
        f"{arrows} > work, work > end",
        unites={"end": "root"},
        inputs={"end": {"all": "${{ work.outputs.n }}"}},
    )
    place = 1, begun.index["work"], b""
    begun.known.branch[place] = [{"n": 1}]
    alone = resolved(begun, "end")
    begun.known.branch[place] = [{"n": 1}, {"n": 2}]

    assert (alone, resolved(begun, "end")) == ({"all": one}, {"all": [1, 2]})


def test_an_item_that_lacks_a_field_is_named_by_its_number(scene: Any) -> None:
    begun = scene("root* > work, work > end", unites={"end": "root"}, inputs={"end": {"all": "${{ work.outputs.n }}"}})
    begun.known.branch[1, begun.index["work"], b""] = [{"n": 1}, {}]

    assert resolved(begun, "end") == ["${{ work.outputs.n }} has no value in item 1"]


@pytest.mark.parametrize(("kind", "value"), [("string", '[1,{"a":null}]'), ("array", [1, {"a": None}])])
def test_a_list_goes_into_a_text_input_as_json(scene: Any, kind: str, value: Any) -> None:
    schema = {"type": "object", "properties": {"all": {"type": kind}}, "required": ["all"]}
    begun = scene(
        "root* > work, work > end",
        unites={"end": "root"},
        inputs={"end": {"all": "${{ work.outputs.n }}"}},
        parts={"end": {"inputs_schema": schema}},
    )
    begun.known.branch[1, begun.index["work"], b""] = [{"n": 1}, {"n": {"a": None}}]

    assert resolved(begun, "end") == {"all": value}


def test_a_list_inside_of_text_is_json(scene: Any) -> None:
    begun = scene(
        "root* > work, work > end",
        unites={"end": "root"},
        inputs={"end": {"t": "all: ${{ work.outputs.n }}"}},
    )
    begun.known.branch[1, begun.index["work"], b""] = [{"n": "a"}, {"n": "b"}]

    assert resolved(begun, "end") == {"t": 'all: ["a","b"]'}
