"""Unites: what they wait for, what blocks them, what they are born as (semantics 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.reports import Result
from tests.manager.byhand import ByHand, fail, give, numbers, prune, report
from tests.manager.conftest import Begin

FORK: dict[str, Any] = {"arrows": "root > a b, a b > end"}
NESTED: dict[str, Any] = {
    "arrows": "root* > split*, split > leaf, leaf > inner, inner > outer",
    "unites": {"inner": "split", "outer": "root"},
    "inputs": {
        "split": {"n": "${{ root.outputs.n }}"},
        "leaf": {"n": "${{ split.outputs.n }}"},
        "inner": {"all": "${{ leaf.outputs.n }}"},
        "outer": {"all": "${{ inner.outputs.all }}"},
    },
}


def echo(inputs: dict[str, Any]) -> Result:
    """Give what came in."""
    return give(inputs)


def held(begun: ByHand, identifier: str) -> Any:
    """Return the one claim of a node."""
    (claim,) = (claim for claim in begun.held if claim.identifier == identifier)
    return claim


@pytest.mark.parametrize("per", ["root", "root/output"])
def test_a_join_waits_for_every_branch(run: Begin, per: str) -> None:
    begun = run(**FORK, unites={"end": per})
    a = begun.reach("a")
    begun.tell(report(a))
    before = begun.states("end")
    begun.tell(report(held(begun, "b")))

    assert (before, begun.ends("end")) == ([], ["QUEUED"])


def test_branches_that_end_in_one_exchange_open_their_unite_once(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root"})
    begun.reach("a")
    claims = begun.tell(*(report(claim) for claim in begun.held))

    assert [claim.identifier for claim in claims] == ["end"]


def test_a_unite_per_execution_runs_once_for_all_outputs(run: Begin) -> None:
    begun = run("root* > a b, a b > end", unites={"end": "root"})
    status = begun.work(root=numbers(3))

    assert (status, len(begun.states("end")), begun.state("end").path) == ("SUCCESS", 1, ())


def test_a_unite_per_output_runs_once_for_each_output(run: Begin) -> None:
    begun = run(
        "root* > a b, a b > end",
        unites={"end": "root/output"},
        inputs={
            "a": {"n": "${{ root.outputs.n }}"},
            "end": {"a": "${{ a.outputs.n }}", "n": "${{ root.outputs.n }}"},
        },
    )
    begun.work(root=numbers(3), a=echo)

    assert [state.path for state in begun.states("end")] == [(0,), (1,), (2,)]
    assert [state.inputs for state in begun.states("end")] == [{"a": n, "n": n} for n in range(3)]


def test_a_unite_inside_a_fanout_runs_once_for_each_execution_there(run: Begin) -> None:
    begun = run(**NESTED)
    status = begun.work(root=numbers(2), split=lambda i: give({"n": i["n"]}, {"n": i["n"] + 10}), leaf=echo, inner=echo)

    assert status == "SUCCESS"
    assert [state.inputs["all"] for state in begun.states("inner")] == [[0, 10], [1, 11]]
    assert begun.inputs("outer") == {"all": [[0, 10], [1, 11]]}


@pytest.mark.parametrize("width", [0, 1])
def test_nested_unites_run_over_empty_and_single_fanouts(run: Begin, width: int) -> None:
    begun = run(**NESTED)
    status = begun.work(root=numbers(2), split=numbers(width), leaf=echo, inner=echo)

    assert (status, begun.inputs("outer")) == ("SUCCESS", {"all": [[*range(width)]] * 2})


def test_an_empty_outer_fanout_runs_only_the_outer_unite(run: Begin) -> None:
    begun = run(**NESTED)
    status = begun.work(root=numbers(0))

    assert (status, begun.inputs("outer"), begun.states("inner")) == ("SUCCESS", {"all": []}, [])


def test_two_unites_of_one_node_may_share_nodes(run: Begin) -> None:
    begun = run("root* > work, work > first second", unites={"first": "root", "second": "root!"})
    status = begun.work(root=numbers(2))

    assert (status, begun.ends("first"), begun.ends("second")) == ("SUCCESS", ["SUCCESS"], ["SUCCESS"])


def test_a_unite_may_unite_what_comes_after_a_unite(run: Begin) -> None:
    begun = run("root* > a, a > mid*, mid > b, b > end", unites={"mid": "root", "end": "mid"})
    status = begun.work(root=numbers(2), mid=numbers(3))

    assert (status, len(begun.states("b")), begun.ends("end")) == ("SUCCESS", 3, ["SUCCESS"])


def test_a_side_branch_does_not_hold_a_unite_up(run: Begin) -> None:
    begun = run("root* > work side, work > end", unites={"end": "root"})
    begun.reach("work", root=numbers(2))
    works = [claim for claim in begun.held if claim.identifier == "work"]
    begun.tell(*(report(claim) for claim in works))

    assert begun.ends("side") == ["QUEUED", "QUEUED"]
    assert begun.ends("end") == ["QUEUED"]


def test_a_run_does_not_end_before_its_side_branches(run: Begin) -> None:
    begun = run("root* > work side, work > end", unites={"end": "root"})
    begun.reach("work", root=numbers(1))
    side = held(begun, "side")
    begun.tell(report(held(begun, "work")))
    begun.tell(report(held(begun, "end")))

    assert begun.status == "RUNNING"
    assert begun.exchange(report(side)).ended_runs == {begun.run_id: "SUCCESS"}


def test_a_failed_side_branch_fails_the_run_and_not_the_unite(run: Begin) -> None:
    begun = run("root* > work side, work > end", unites={"end": "root"})

    assert (begun.work(root=numbers(2), side=fail()), begun.ends("end")) == ("FAILED", ["SUCCESS"])


def test_a_failure_blocks_a_strict_unite_and_names_the_run_s_cause(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root"})
    status = begun.work(a=fail("a is broken"))
    view = begun.manager.run(begun.run_id)

    assert (status, begun.states("end"), view.error) == ("FAILED", [], "a: Broken: a is broken")
    assert view.failed_state_id == begun.state("a").state_id


def test_a_blocked_unite_is_one_failure_however_many_blocked_it(run: Begin) -> None:
    begun = run(
        "root* > split*, split > leaf, leaf > inner, inner > outer",
        unites={"inner": "split", "outer": "root!"},
        inputs={"outer": {"all": "${{ inner.outputs }}"}},
    )
    status = begun.work(root=numbers(1), split=numbers(4), leaf=fail())

    assert (status, begun.inputs("outer"), begun.states("inner")) == ("SUCCESS", {"all": []}, [])


def test_a_tolerant_unite_absorbs_failures(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root!"})
    status = begun.work(a=fail(), b=fail())

    assert (status, begun.ends("end")) == ("SUCCESS", ["SUCCESS"])


def test_a_failure_below_a_tolerant_unite_does_not_reach_an_outer_one(run: Begin) -> None:
    parts = NESTED | {"unites": {"inner": "split!", "outer": "root"}}
    begun = run(**parts)
    status = begun.work(root=numbers(2), split=numbers(2), leaf=lambda i: fail() if i["n"] else echo(i), inner=echo)

    assert (status, begun.inputs("outer")) == ("SUCCESS", {"all": [[0], [0]]})


def test_a_failure_counts_at_every_unite_it_can_reach(run: Begin) -> None:
    """Both unite the same node, and one of them is tolerant."""
    begun = run("root* > work, work > strict tolerant", unites={"strict": "root", "tolerant": "root!"})
    status = begun.work(root=numbers(2), work=fail())

    assert (status, begun.states("strict"), begun.ends("tolerant")) == ("FAILED", [], ["SUCCESS"])


@pytest.mark.parametrize("strategy", ["", "!"])
def test_a_pruned_branch_blocks_nothing(run: Begin, strategy: str) -> None:
    begun = run(**FORK, unites={"end": f"root{strategy}"})

    assert (begun.work(a=prune(), b=prune()), begun.ends("end")) == ("SUCCESS", ["SUCCESS"])


@pytest.mark.parametrize("trouble", [fail(), prune(), give({})])
@pytest.mark.parametrize("per", ["root", "root/output"])
def test_what_opened_nothing_has_no_unite(run: Begin, trouble: Any, per: str) -> None:
    """X failed, was pruned, or is NEXT_CREATED_ERROR."""
    begun = run(**FORK, unites={"end": f"{per}!"}, inputs={"a": {"n": "${{ root.outputs.n }}"}})
    status = begun.work(root=trouble)

    assert [state.identifier for state in begun.states()] == ["root"]
    assert status == ("SUCCESS" if begun.ends("root") == ["PRUNED"] else "FAILED")


def test_a_single_value_that_was_pruned_makes_its_unite_be_born_pruned(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root"}, inputs={"end": {"a": "${{ a.outputs.n }}"}})
    status = begun.work(a=prune(), b=give({}))
    end = begun.state("end")

    assert (status, end.status) == ("SUCCESS", "PRUNED")
    assert end.error is not None
    assert "a.outputs.n" in end.error.message


def test_a_value_lost_to_a_prune_above_it_counts_as_pruned(run: Begin) -> None:
    begun = run("root > a b, a > a2, a2 b > end", unites={"end": "root"}, inputs={"end": {"n": "${{ a2.outputs.n }}"}})

    assert (begun.work(a=prune()), begun.ends("end")) == ("SUCCESS", ["PRUNED"])


def test_a_single_value_that_failed_makes_its_tolerant_unite_be_born_errored(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root!"}, inputs={"end": {"a": "${{ a.outputs.n }}"}})
    status = begun.work(a=fail())
    view = begun.manager.run(begun.run_id)

    assert (status, begun.ends("end")) == ("FAILED", ["ERRORED"])
    assert view.failed_state_id == begun.state("end").state_id


def test_prunes_and_failures_together_are_born_errored(run: Begin) -> None:
    begun = run(
        **FORK,
        unites={"end": "root!"},
        inputs={"end": {"a": "${{ a.outputs.n }}", "b": "${{ b.outputs.n }}"}},
    )

    assert (begun.work(a=fail(), b=prune()), begun.ends("end")) == ("FAILED", ["ERRORED"])


def test_a_field_that_one_item_lacks_makes_a_unite_be_born_errored(run: Begin) -> None:
    begun = run("root* > work, work > end", unites={"end": "root"}, inputs={"end": {"all": "${{ work.outputs.n }}"}})
    said = iter([give({"n": 1}), give({})])
    status = begun.work(root=numbers(2), work=lambda _: next(said))

    assert (status, begun.ends("end")) == ("FAILED", ["ERRORED"])


def test_a_missing_value_takes_the_input_s_default(run: Begin) -> None:
    """The input is left out, so that the node's own model fills it in."""
    schema = {"type": "object", "properties": {"a": {"default": 0}, "b": {}}, "required": ["b"]}
    begun = run(
        **FORK,
        unites={"end": "root!"},
        inputs={"end": {"a": "${{ a.outputs.n }}", "b": "${{ b.outputs.n }}"}},
        parts={"end": {"inputs_schema": schema}},
    )
    begun.work(a=fail(), b=give({"n": 2}))

    assert (begun.ends("end"), begun.inputs("end")) == (["SUCCESS"], {"b": 2})


def test_born_ended_unites_count_where_they_stand(run: Begin) -> None:
    """The inner one is born pruned; the outer one goes on without it."""
    begun = run(
        "root* > mid, mid > a b, a b > inner, inner > outer",
        unites={"inner": "mid", "outer": "root"},
        inputs={
            "mid": {"n": "${{ root.outputs.n }}"},
            "a": {"n": "${{ mid.outputs.n }}"},
            "inner": {"n": "${{ a.outputs.n }}"},
            "outer": {"all": "${{ inner.outputs.n }}"},
        },
    )
    status = begun.work(root=numbers(3), mid=echo, a=lambda i: prune() if i["n"] == 1 else echo(i), inner=echo)

    assert (status, begun.ends("inner")) == ("SUCCESS", ["SUCCESS", "PRUNED", "SUCCESS"])
    assert begun.inputs("outer") == {"all": [0, 2]}


def test_a_blocked_inner_unite_blocks_the_strict_outer_one(run: Begin) -> None:
    begun = run(**NESTED)
    status = begun.work(root=numbers(2), split=numbers(2), leaf=lambda i: fail("deep") if i["n"] else echo(i))
    view = begun.manager.run(begun.run_id)

    assert (status, begun.states("inner"), begun.states("outer")) == ("FAILED", [], [])
    assert view.error == "leaf: Broken: deep"


def test_a_unite_that_fails_counts_like_any_state(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root"})

    assert (begun.work(end=fail("at the end")), begun.ends("end")) == ("FAILED", ["ERRORED"])


def test_a_per_arrival_node_runs_once_for_each_parent_in_their_order(run: Begin) -> None:
    begun = run(
        "root > a b, a b > each, each > end",
        unites={"end": "root"},
        inputs={"each": {"from": "${{ previous.outputs.me }}"}, "end": {"all": "${{ each.outputs.from }}"}},
        parts={"each": {"arrivals": ["b", "a"]}},
    )
    begun.work(a=give({"me": "a"}), b=give({"me": "b"}), each=echo)

    assert [state.inputs for state in begun.states("each")] == [{"from": "b"}, {"from": "a"}]
    assert begun.inputs("end") == {"all": ["b", "a"]}


def test_arrivals_without_an_order_follow_the_template(run: Begin) -> None:
    begun = run("root* > a b, a b > each", inputs={"each": {"me": "${{ previous.outputs.me }}"}})
    begun.work(root=numbers(2), a=give({"me": "a"}), b=give({"me": "b"}))

    assert [state.inputs["me"] for state in begun.states("each")] == ["a", "b", "a", "b"]


def test_an_arrival_that_does_not_come_holds_nothing_up(run: Begin) -> None:
    begun = run("root > a b, a b > each, each > end", unites={"end": "root"})
    status = begun.work(a=prune())

    assert (status, len(begun.states("each")), begun.ends("end")) == ("SUCCESS", 1, ["SUCCESS"])


def test_a_unite_may_stand_right_behind_what_it_unites(run: Begin) -> None:
    begun = run("root* > end", unites={"end": "root"}, inputs={"end": {"all": "${{ root.outputs.n }}"}})
    status = begun.work(root=numbers(3))

    assert (status, begun.inputs("end")) == ("SUCCESS", {"all": [0, 1, 2]})


def test_a_retry_inside_a_region_delays_its_unite(run: Begin) -> None:
    begun = run(**FORK, unites={"end": "root"}, retry_policy={"max_retries": 1, "strategy": "FIXED"})
    said = iter([fail(retryable=True), give({})])
    begun.reach("a")
    begun.answer({"a": lambda _: next(said)})

    assert begun.states("end") == []
    assert (begun.work(a=lambda _: next(said)), begun.ends("end")) == ("SUCCESS", ["SUCCESS"])
