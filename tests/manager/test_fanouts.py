"""Fanouts of every width, side by side and inside each other (semantics 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.reports import Executed, Result
from exodsl.manager.protocol import StateManager
from tests.manager.byhand import ByHand, fail, give, numbers, prune, report, serves
from tests.manager.conftest import Begin

WIDTHS = [0, 1, 2, 1_000, 2_000, 2_001, 5_000]
FAN: dict[str, Any] = {
    "arrows": "root* > work, work > end",
    "unites": {"end": "root"},
    "inputs": {"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
}


def echo(inputs: dict[str, Any]) -> Result:
    """Give what came in."""
    return give(inputs)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_output_is_followed_once_and_collected_in_order(run: Begin, width: int) -> None:
    begun = run(**FAN)
    status = begun.work(root=numbers(width), work=echo)
    counted = begun.progress("work")

    assert status == "SUCCESS"
    assert (counted.total, counted.success, counted.live) == (width, width, 0)
    assert begun.inputs("end") == {"all": list(range(width))}


@pytest.mark.parametrize("width", [1, 3, 2_001])
def test_each_output_is_a_state_of_its_node_in_output_order(run: Begin, width: int) -> None:
    begun = run("root*", store={"x": 1})
    begun.work(root=numbers(width))
    states = begun.states("root")

    assert [state.fanout_index for state in states] == list(range(width))
    assert [state.outputs for state in states] == [{"n": n} for n in range(width)]
    assert {(state.status, state.path, state.retry_count) for state in states} == {("SUCCESS", (), 0)}


def test_siblings_have_the_inputs_and_the_retries_of_their_original(run: Begin) -> None:
    begun = run("root > split*", inputs={"split": {"n": "${{ root.outputs.n }}"}})
    said = iter([fail(retryable=True), give({}, {})])
    begun.work(root=give({"n": 7}), split=lambda _: next(said))
    found = [(s.status, s.fanout_index, s.retry_count, s.inputs) for s in begun.states("split")]

    assert found == [
        ("RETRY_CREATED", 0, 0, {"n": 7}),
        ("SUCCESS", 0, 1, {"n": 7}),
        ("SUCCESS", 1, 1, {"n": 7}),
    ]


def test_an_empty_fanout_is_a_success_without_outputs(run: Begin) -> None:
    begun = run("root* > work")
    status = begun.work(root=give())
    root = begun.state("root")

    assert (status, root.status, root.outputs, begun.states("work")) == ("SUCCESS", "SUCCESS", None, [])


def test_an_empty_fanout_appears_in_no_list(run: Begin) -> None:
    """Of three branches the middle one gives nothing."""
    begun = run(
        "root* > split*, split > end",
        unites={"end": "root"},
        inputs={"split": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ split.outputs.n }}"}},
    )
    begun.work(root=numbers(3), split=lambda i: give() if i["n"] == 1 else give(i))

    assert begun.inputs("end") == {"all": [0, 2]}


def test_nested_fanouts_are_collected_in_path_order(run: Begin) -> None:
    begun = run(
        "root* > split*, split > leaf, leaf > end",
        unites={"end": "root"},
        inputs={
            "split": {"n": "${{ root.outputs.n }}"},
            "leaf": {"n": "${{ split.outputs.n }}"},
            "end": {"all": "${{ leaf.outputs.n }}"},
        },
    )
    begun.work(root=numbers(3), split=lambda i: give(*({"n": f"{i['n']}{x}"} for x in "abc"[i["n"] :])), leaf=echo)

    assert begun.inputs("end") == {"all": ["0a", "0b", "0c", "1b", "1c", "2c"]}


def end_backwards(begun: ByHand) -> None:
    """Answer all that is held with its last position, the last branch first, one a millisecond."""
    for claim in sorted(begun.held, key=lambda claim: claim.path, reverse=True):
        begun.clock.now_ms += 1
        begun.tell(report(claim, give({"n": claim.path[-1]})), capacity=0)


def test_the_order_of_a_list_is_not_the_order_of_ending(run: Begin) -> None:
    begun = run(**FAN)
    begun.reach("work", root=numbers(4))
    end_backwards(begun)
    begun.work()

    assert begun.inputs("end") == {"all": [0, 1, 2, 3]}


def test_nor_is_the_order_of_a_list_inside_of_a_fanout(run: Begin) -> None:
    begun = run(
        "root* > split*, split > leaf, leaf > end",
        unites={"end": "split"},
        inputs={"leaf": {"n": "${{ split.outputs.n }}"}, "end": {"all": "${{ leaf.outputs.n }}"}},
    )
    begun.reach("leaf", root=numbers(2), split=numbers(3))
    end_backwards(begun)
    begun.work()

    assert [state.inputs for state in begun.states("end")] == [{"all": [0, 1, 2]}] * 2


def test_paths_say_where_a_state_stands(run: Begin) -> None:
    begun = run("root* > split*, split > leaf")
    begun.work(root=numbers(2), split=numbers(2))

    assert [(s.path, s.fanout_index) for s in begun.states("split")] == [
        ((0,), 0), ((0,), 1), ((1,), 0), ((1,), 1),
    ]  # fmt: skip
    assert [s.path for s in begun.states("leaf")] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_every_follower_is_created_once_per_output(run: Begin) -> None:
    begun = run("root* > a b")
    begun.work(root=numbers(3))

    assert (len(begun.states("a")), len(begun.states("b"))) == (3, 3)


def test_an_output_whose_child_lacks_a_value_fails_alone(run: Begin) -> None:
    """X gave outputs, so one that cannot be followed is one failed branch."""
    begun = run(**(FAN | {"unites": {"end": "root!"}}))
    status = begun.work(root=give({"n": 0}, {}, {"n": 2}), work=echo)

    assert (status, begun.inputs("end")) == ("SUCCESS", {"all": [0, 2]})
    assert begun.ends("root") == ["SUCCESS", "NEXT_CREATED_ERROR", "SUCCESS"]


@pytest.mark.parametrize("lost", [0, 1, 2_500])
def test_a_lost_output_of_a_very_wide_fanout_fails_alone(run: Begin, lost: int) -> None:
    begun = run(**(FAN | {"unites": {"end": "root!"}}))
    outputs = [{} if n == lost else {"n": n} for n in range(2_600)]
    status = begun.work(root=give(*outputs), work=echo)

    assert (status, len(begun.inputs("end")["all"])) == ("SUCCESS", 2_599)
    assert begun.progress("root").next_created_error == 1


def test_children_of_a_very_wide_fanout_start_before_all_exist(run: Begin) -> None:
    begun = run(**FAN)
    (root,) = begun.take()
    claims = begun.tell(report(root, numbers(5_000)), capacity=10)

    assert len(claims) == 10
    assert 10 <= begun.progress("work").total < 5_000


def test_a_very_wide_fanout_under_failures_blocks_its_unite_only(run: Begin) -> None:
    begun = run(**FAN)
    status = begun.work(root=numbers(2_100), work=lambda i: fail() if i["n"] % 1_000 == 5 else echo(i))

    assert (status, begun.states("end")) == ("FAILED", [])
    assert (begun.progress("work").errored, begun.progress("work").success) == (3, 2_097)


def test_several_very_wide_fanouts_of_one_run_end(run: Begin) -> None:
    begun = run(
        "root* > split*, split > leaf, leaf > end",
        unites={"end": "root"},
        inputs={"leaf": {"n": "${{ split.outputs.n }}"}, "end": {"all": "${{ leaf.outputs.n }}"}},
    )
    status = begun.work(root=numbers(3), split=numbers(2_001), leaf=echo)

    assert status == "SUCCESS"
    assert begun.inputs("end") == {"all": [*range(2_001)] * 3}


def test_a_runtime_of_another_run_does_not_strand_a_very_wide_fanout(run: Begin, manager: StateManager) -> None:
    """Each of two runtimes serves one run only, as `graph.run` does."""
    wide, idle = run(**FAN), run("lone", name="other")
    mine = manager.open_session("wide", serves(wide.template, run_id=wide.run_id))
    others = manager.open_session("idle", serves(idle.template, run_id=idle.run_id))
    begun = ByHand(manager, wide.clock, wide.template, wide.run_id, mine)
    (root,) = begun.take()
    begun.tell(report(root, numbers(2_001)), capacity=0)
    manager.exchange(others, [], 5)

    assert begun.work(work=echo) == "SUCCESS"


def test_outputs_may_be_spelled_over_several_lines(run: Begin) -> None:
    """A report holds JSON, and JSON may hold line breaks."""
    begun = run(**FAN)
    status = begun.work(root=Executed([f'{{\n"n": {n}\n}}' for n in range(2_001)]), work=echo)

    assert (status, begun.inputs("end")) == ("SUCCESS", {"all": list(range(2_001))})


def test_a_pruned_branch_leaves_no_value(run: Begin) -> None:
    begun = run(**FAN)
    status = begun.work(root=numbers(4), work=lambda i: prune() if i["n"] == 2 else echo(i))

    assert (status, begun.inputs("end")) == ("SUCCESS", {"all": [0, 1, 3]})


def test_a_fanout_that_was_not_declared_gives_the_plain_value_when_it_is_one(run: Begin) -> None:
    parts = FAN | {"arrows": "root? > work, work > end"}
    found = []
    for width in (0, 1, 2):
        begun = run(**parts)
        begun.work(root=numbers(width), work=echo)
        found.append(begun.inputs("end")["all"])

    assert found == [[], 0, [0, 1]]


def test_a_list_into_a_text_input_is_a_json_array(run: Begin) -> None:
    schema = {"type": "object", "properties": {"all": {"type": "string"}}, "required": ["all"]}
    begun = run(**FAN, parts={"end": {"inputs_schema": schema}})
    begun.work(root=give({"n": "a"}, {"n": "b"}), work=echo)

    assert begun.inputs("end") == {"all": '["a","b"]'}
