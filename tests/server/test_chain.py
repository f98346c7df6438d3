"""Runs over HTTP from the trigger to the end, as Exosphere's SDK drives them."""

from __future__ import annotations

import pytest

from tests.server.conftest import Caller, node, place

SPLIT = node("Split", "text", "word")
COUNT = node("Count", "word", "length")
TOTAL = node("Total", "lengths", "sum")
WORDS = (
    place("split", "count"),
    place("count", "total", word="${{ split.outputs.word }}"),
    {**place("total", lengths="${{ count.outputs.length }}"), "unites": {"identifier": "split"}},
)


def test_a_run_goes_from_its_trigger_to_its_end(caller: Caller) -> None:
    caller.ready(*WORDS, nodes=(SPLIT, COUNT, TOTAL))
    run_id = caller.trigger(text="a bc")
    (split,) = caller.claim("Split")
    assert split["inputs"] == {"text": "a bc"}
    caller.executed(split["state_id"], {"word": "a"}, {"word": "bc"})
    for state in caller.claim("Count", "Total"):
        caller.executed(state["state_id"], {"length": str(len(state["inputs"]["word"]))})
    (total,) = caller.claim("Total")
    assert total["inputs"] == {"lengths": '["1","2"]'}
    caller.executed(total["state_id"], {"sum": "3"})

    assert caller.run(run_id) | {"created_at": ""} == {
        "run_id": run_id,
        "graph_name": "graph",
        "status": "SUCCESS",
        "success_count": 5,
        "pending_count": 0,
        "errored_count": 0,
        "retried_count": 0,
        "total_count": 5,
        "created_at": "",
    }


def test_a_single_value_that_is_united_is_a_plain_text(caller: Caller) -> None:
    caller.ready(*WORDS, nodes=(SPLIT, COUNT, TOTAL))
    caller.trigger(text="a")
    caller.executed(caller.one("Split"), {"word": "a"})
    caller.executed(caller.one("Count"), {"length": "1"})
    (total,) = caller.claim("Total")

    assert total["inputs"] == {"lengths": "1"}


def test_no_outputs_of_a_node_without_output_fields_are_one_output(caller: Caller) -> None:
    caller.ready(place("first", "second"), place("second"), nodes=(node("First"), node("Second")))
    run_id = caller.trigger()
    caller.executed(caller.one("First"))

    assert caller.states(run_id) == [("first", "SUCCESS"), ("second", "CREATED")]


def test_no_outputs_of_a_node_with_output_fields_are_an_empty_fanout(caller: Caller) -> None:
    caller.ready(*WORDS, nodes=(SPLIT, COUNT, TOTAL))
    run_id = caller.trigger(text="")
    caller.executed(caller.one("Split"))

    assert caller.states(run_id) == [("split", "SUCCESS"), ("total", "CREATED")]
    assert caller.claim("Total")[0]["inputs"] == {"lengths": "[]"}


@pytest.mark.parametrize("width", [2, 300])
def test_each_output_of_a_fanout_goes_on(caller: Caller, width: int) -> None:
    caller.ready(*WORDS[:1], place("count", word="${{ split.outputs.word }}"), nodes=(SPLIT, COUNT))
    run_id = caller.trigger(text="")
    caller.executed(caller.one("Split"), *({"word": str(number)} for number in range(width)))
    claimed = []
    while states := caller.claim("Split", "Count", count=500):
        claimed += [state["inputs"]["word"] for state in states]
        for state in states:
            caller.executed(state["state_id"], {"length": "1"})

    assert sorted(claimed, key=int) == [str(number) for number in range(width)]
    assert caller.run(run_id)["status"] == "SUCCESS"
