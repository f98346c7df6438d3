"""What the inputs of a state are made of, and when (semantics 2, 4, 7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from exodsl.engine.reports import Result
from exodsl.manager.protocol import StateManager
from tests.manager.byhand import Clock, add, begin, draw, fail, give, numbers, prune, report
from tests.manager.conftest import Begin

VALUES = [0, -1.5, "text", "", None, True, [1, [2]], {"a": {"b": None}}, "${{ store.secret }}", 2**70]
RUN_INPUTS = {"type": "object", "properties": {"n": {}, "deep": {}}}


def echo(inputs: dict[str, Any]) -> Result:
    """Give what came in."""
    return give(inputs)


@pytest.mark.parametrize("value", VALUES)
def test_a_placeholder_alone_keeps_its_value_s_type(run: Begin, value: object) -> None:
    """Values are data: what looks like a placeholder in one is not parsed."""
    begun = run("root > leaf", inputs={"leaf": {"x": "${{ root.outputs.x }}"}})
    begun.work(root=give({"x": value}))

    assert begun.inputs("leaf") == {"x": value}


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), (1, "1"), (None, "null"), ([1, "é"], '[1,"é"]'), ({"a": True}, '{"a":true}')],
)
def test_a_placeholder_inside_text_becomes_text(run: Begin, value: object, text: str) -> None:
    begun = run("root > leaf", inputs={"leaf": {"x": "<${{ root.outputs.x }}> and ${{ root.outputs.x }}"}})
    begun.work(root=give({"x": value}))

    assert begun.inputs("leaf") == {"x": f"<{text}> and {text}"}


@pytest.mark.parametrize("literal", [4, "plain", None, [1, {"a": "b"}], {"a": [1]}])
def test_a_literal_stays_what_it_is(run: Begin, literal: object) -> None:
    begun = run("root > leaf", inputs={"leaf": {"x": literal}})
    begun.work()

    assert begun.inputs("leaf") == {"x": literal}


def test_a_placeholder_reaches_into_an_object_and_takes_a_whole_output(run: Begin) -> None:
    mapping = {
        "deep": "${{ root.outputs.a.b }}",
        "whole": "${{ root.outputs }}",
        "last": "${{ previous.outputs.n }}",
    }
    begun = run("root > leaf", inputs={"leaf": mapping})
    begun.work(root=give({"a": {"b": [1]}, "n": 2}))

    assert begun.inputs("leaf") == {"deep": [1], "whole": {"a": {"b": [1]}, "n": 2}, "last": 2}


def test_a_state_reads_the_branch_it_stands_in(run: Begin) -> None:
    """Grandparents are those of its own output, not of another one."""
    begun = run("root* > mid, mid > leaf", inputs={"leaf": {"n": "${{ root.outputs.n }}"}})
    begun.work(root=numbers(5))

    assert [state.inputs["n"] for state in begun.states("leaf")] == [0, 1, 2, 3, 4]


def test_a_node_behind_a_unite_reads_what_the_united_one_could_read(run: Begin) -> None:
    begun = run(
        "top > root*, root > work, work > end, end > last",
        unites={"end": "root"},
        inputs={"last": {"t": "${{ top.outputs.t }}", "n": "${{ root.outputs.n }}"}},
    )
    status = begun.work(top=give({"t": "T"}), root=numbers(2))

    assert (status, begun.inputs("last")) == ("SUCCESS", {"t": "T", "n": [0, 1]})


def test_a_list_holds_all_that_are_success_when_it_is_read(run: Begin) -> None:
    """A later failure does not take a value back, so two lists may differ in length."""
    begun = run(
        "root* > a, a > b, b > end",
        unites={"end": "root!"},
        inputs={
            "a": {"n": "${{ root.outputs.n }}"},
            "b": {"n": "${{ a.outputs.n }}"},
            "end": {"a": "${{ a.outputs.n }}", "b": "${{ b.outputs.n }}"},
        },
    )
    begun.work(root=numbers(3), a=echo, b=lambda i: fail() if i["n"] == 1 else prune() if i["n"] == 2 else echo(i))

    assert begun.inputs("end") == {"a": [0, 1, 2], "b": [0]}


def test_the_list_of_a_retried_state_holds_its_last_attempt(run: Begin) -> None:
    begun = run(
        "root* > work, work > end",
        unites={"end": "root"},
        inputs={"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
        retry_policy={"strategy": "FIXED", "backoff_factor": 1},
    )
    said = iter([fail(retryable=True), give({"n": "again"})])
    begun.work(root=numbers(2), work=lambda i: echo(i) if i["n"] else next(said))

    assert begun.inputs("end") == {"all": ["again", 1]}


def test_the_run_s_inputs_can_be_read_anywhere(run: Begin) -> None:
    begun = run(
        "root > leaf",
        {"n": 3, "deep": {"x": "y"}},
        inputs={"root": {"n": "${{ inputs.n }}"}, "leaf": {"x": "${{ inputs.deep.x }}"}},
        inputs_schema=RUN_INPUTS,
    )
    begun.work()

    assert (begun.inputs("root"), begun.inputs("leaf")) == ({"n": 3}, {"x": "y"})


def test_without_declared_run_inputs_they_are_the_root_s_own(run: Begin) -> None:
    begun = run("root", {"n": 3}, inputs={"root": {"m": 4}})

    assert begun.inputs("root") == {"m": 4, "n": 3}
    assert begun.manager.run(begun.run_id).inputs == {"n": 3}


def test_what_is_given_at_trigger_is_never_parsed(run: Begin) -> None:
    begun = run("root", {"n": "${{ store.x }}"})

    assert begun.inputs("root") == {"n": "${{ store.x }}"}


def test_a_required_key_of_the_store_can_be_read(run: Begin) -> None:
    begun = run(
        "root > leaf",
        inputs={"leaf": {"x": "${{ store.x }}"}},
        store={"x": [1]},
        store_config={"required_keys": ["x"]},
    )

    assert (begun.work(), begun.inputs("leaf")) == ("SUCCESS", {"x": [1]})


def test_a_missing_value_takes_the_default_of_an_input(run: Begin) -> None:
    schema = {"type": "object", "properties": {"x": {"default": 1}}, "required": []}
    begun = run(
        "root > leaf",
        inputs={"leaf": {"x": "${{ root.outputs.x }}"}},
        parts={"leaf": {"inputs_schema": schema}},
    )
    status = begun.work(root=give({}))

    assert (status, begun.inputs("leaf")) == ("SUCCESS", {})


def test_inputs_are_resolved_when_a_state_is_created(run: Begin) -> None:
    """What is committed between its creation and its claim comes too late."""
    begun = run(
        "root > a b",
        inputs={"b": {"n": "${{ store.n }}"}},
        store_config={"default_values": {"n": 0}},
        keep_store=True,
    )
    (root,) = begun.take()
    (a,) = begun.tell(report(root), capacity=1)
    begun.tell(report(a, give({}, writes=[add("n", 1)])), capacity=0)
    begun.work()

    assert (begun.inputs("b"), begun.store) == ({"n": 0}, {"n": 1})


def test_what_was_given_at_trigger_stays_as_it_was(manager: StateManager, clock: Clock) -> None:
    """The caller may go on using its objects."""
    given: dict[str, Any] = {"deep": {"x": 1}}
    template = draw("root > leaf", inputs={"leaf": {"x": "${{ inputs.deep.x }}"}}, inputs_schema=RUN_INPUTS)
    begun = begin(manager, clock, template, given)
    given["deep"]["x"] = 2
    begun.work()

    assert begun.inputs("leaf") == {"x": 1}


def test_what_was_given_at_trigger_is_json_from_then_on(manager: StateManager, clock: Clock) -> None:
    """A time is its JSON text, in this process as in one that reads the run later."""
    template = draw("root > leaf", inputs={"leaf": {"x": "at ${{ inputs.n }}"}}, inputs_schema=RUN_INPUTS)
    begun = begin(manager, clock, template, {"n": datetime(2026, 1, 2, tzinfo=UTC)})
    begun.work()

    assert begun.inputs("leaf") == {"x": "at 2026-01-02T00:00:00Z"}
