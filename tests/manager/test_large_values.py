"""Values of more than 256 KiB: kept once however many states hold them, whole wherever they are needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exodsl.engine.reports import Result
from exodsl.manager.opening import open_manager
from exodsl.manager.views import LargeValue
from tests.manager.byhand import Clock, begin, draw, fail, give, report
from tests.manager.conftest import Begin

TEXT = 'ä\x1f"\\ ' * 60_000
LENGTH = len(json.dumps(TEXT, ensure_ascii=False))
READERS: dict[str, Any] = {
    "arrows": "load > split*, split > read, read > end",
    "unites": {"end": "split"},
    "inputs": {
        "split": {"text": "${{ load.outputs.text }}"},
        "read": {"text": "${{ load.outputs.text }}", "n": "${{ split.outputs.n }}"},
        "end": {"texts": "${{ read.outputs.text }}", "first": "${{ load.outputs.text }}"},
    },
}


def reading(width: int) -> dict[str, Any]:
    """Return what the nodes do: load a large text, read it `width` times, and hand it on."""
    return {"load": give({"text": TEXT, "n": 1}), "split": give(*({"n": n} for n in range(width))), "read": give}


def some(text: object) -> dict[str, Any]:
    """Return outputs with a text."""
    return {"text": text}


def test_every_reader_gets_the_whole_value(run: Begin) -> None:
    begun = run(**READERS)
    claim = begun.reach("end", **reading(3))

    assert json.loads(claim.inputs) == {"texts": [TEXT] * 3, "first": TEXT}


def test_a_state_that_waited_is_claimed_with_the_whole_value(run: Begin) -> None:
    begun = run(**READERS)
    split = begun.reach("split", **reading(3))
    begun.tell(report(split, give({"n": 0}, {"n": 1})), capacity=0)

    assert [json.loads(claim.inputs) for claim in begun.take()] == [{"text": TEXT, "n": n} for n in range(2)]


def test_a_list_of_states_has_stand_ins_and_one_state_the_value(run: Begin) -> None:
    begun = run(**READERS)
    begun.reach("read", **reading(1))

    listed = begun.state("load")
    (whole,) = begun.manager.states(begun.run_id, identifier="load", whole=True).items

    assert listed.outputs == {"text": LargeValue(LENGTH), "n": 1}
    assert begun.inputs("read") == {"text": LargeValue(LENGTH), "n": 0}
    assert begun.manager.state(listed.state_id).outputs == whole.outputs == {"text": TEXT, "n": 1}


@pytest.mark.parametrize(
    ("outputs", "apart"),
    [
        ({"text": "x" * (256 * 1024 - len('{"text":""}'))}, []),
        ({"text": "x" * 256 * 1024}, ["text"]),
        ({"a": "x" * 200_000, "b": "x" * 100_000, "c": "x" * 90_000}, ["a"]),
        ({"a": ["x" * 1_000] * 200, "b": {"c": "x" * 150_000}}, ["a"]),
        ({"": "x" * 300_000, "null": None, "one": [1]}, [""]),
    ],
)
def test_what_goes_is_the_longest_until_the_rest_fits(run: Begin, outputs: dict[str, Any], apart: list[str]) -> None:
    begun = run("load > end")
    begun.work(load=give(outputs))

    listed = begun.state("load").outputs or {}

    assert [name for name, value in listed.items() if isinstance(value, LargeValue)] == apart
    assert list(listed) == list(outputs)
    assert begun.manager.state(begun.state("load").state_id).outputs == outputs


def test_a_value_that_many_states_hold_is_stored_once(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "exodsl.db"
    manager = open_manager(str(file), clock=clock)
    begun = begin(manager, clock, draw(**READERS))
    begun.reach("end", **reading(12))
    manager.close()

    # Once as the text that 26 states hold, and once as the list of them that the unite gets.
    assert file.stat().st_size < 1.5 * (LENGTH * 1.25 + 12 * LENGTH * 1.25)


def test_inputs_of_a_run_are_kept_apart_as_well(run: Begin) -> None:
    begun = run("load > end", {"text": TEXT})
    (claim,) = begun.take()

    (listed,) = begun.manager.runs().items

    assert json.loads(claim.inputs) == some(TEXT)
    assert (listed.inputs, begun.manager.run(begun.run_id).inputs) == (some(LargeValue(LENGTH)), some(TEXT))


def test_retries_keep_the_value(run: Begin) -> None:
    begun = run(**READERS)
    begun.work(**reading(2) | {"read": fail()})

    begun.manager.retry(begun.run_id)
    claims = begun.take()

    assert [json.loads(claim.inputs)["text"] == TEXT for claim in claims] == [True, True]
    assert begun.work(**reading(2)) == "SUCCESS"


@pytest.mark.parametrize("short_by", [20, 12, 8, 4, 0])
def test_retries_keep_a_value_about_as_long_as_a_row_may_hold(run: Begin, short_by: int) -> None:
    begun = run(**READERS)
    text = "x" * (256 * 1024 - short_by)
    deeds = {"load": give(some(text)), "split": give({"n": 0}), "read": give}
    begun.work(**deeds | {"read": fail()})

    begun.manager.retry(begun.run_id)
    (claim,) = begun.take()

    assert json.loads(claim.inputs) == {"text": text, "n": 0}


def test_a_rerun_has_values_of_its_own(run: Begin) -> None:
    begun = run(**READERS)
    begun.work(**reading(2))
    (end,) = begun.states("end")

    again = begun.manager.rerun(begun.run_id, end.state_id)
    claims = [claim for claim in begun.take() if claim.run_id == again.run_id]

    assert [json.loads(claim.inputs) for claim in claims] == [{"texts": [TEXT] * 2, "first": TEXT}]


def test_a_wide_fanout_of_large_values_arrives_whole(run: Begin) -> None:
    begun = run("load* > read", inputs={"read": {"text": "${{ load.outputs.text }}", "n": "${{ load.outputs.n }}"}})
    long = "x" * 300_000
    outputs = [{"text": long if n in (0, 1_500) else "", "n": n} for n in range(2_001)]
    found: list[int] = []

    def read(inputs: dict[str, Any]) -> Result:
        found.extend([inputs["n"]] * (inputs["text"] == long))
        return give(inputs)

    assert begun.work(load=give(*outputs), read=read) == "SUCCESS"
    assert sorted(found) == [0, 1_500]
