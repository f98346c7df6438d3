"""Retries by hand: what is tried again, what is taken back for it, and what is refused (semantics 3, 4)."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest

from exodsl.engine.reports import Result
from exodsl.errors import InputInvalid, StateNotFound, StoreUnavailable, TransitionRefused
from exodsl.manager.protocol import Retried, StateManager
from tests.manager.byhand import SOON, ByHand, Clock, fail, give, numbers, prune, put, report
from tests.manager.conftest import Begin

FAN: dict[str, Any] = {
    "arrows": "root* > work, work > end, end > after",
    "unites": {"end": "root"},
    "inputs": {"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
}
TOLERANT = FAN | {"unites": {"end": "root!"}}
NESTED: dict[str, Any] = {
    "arrows": "root* > split*, split > leaf, leaf > inner, inner > outer",
    "inputs": {
        "split": {"n": "${{ root.outputs.n }}"},
        "leaf": {"n": "${{ split.outputs.n }}", "branch": "${{ root.outputs.n }}"},
        "inner": {"all": "${{ leaf.outputs.n }}"},
        "outer": {"all": "${{ inner.outputs.all }}"},
    },
}


def echo(inputs: dict[str, Any]) -> Result:
    """Give what came in."""
    return give(inputs)


def broken_at(*bad: int) -> Any:
    """Fail for these numbers, and give back the others."""
    return lambda inputs: fail(f"broken at {inputs['n']}") if inputs["n"] in bad else give(inputs)


def ran(begun: ByHand, strict: bool = True, **deeds: Any) -> ByHand:
    """Work on a run, which has to fail unless failures are absorbed there."""
    assert begun.work(**deeds) == ("FAILED" if strict else "SUCCESS")
    return begun


def tries(begun: ByHand, identifier: str) -> list[tuple[str, int, int]]:
    """Return status, attempt and retry_count of each state of a node."""
    return [(state.status, state.attempt, state.retry_count) for state in begun.states(identifier)]


def one(begun: ByHand, identifier: str, status: str) -> int:
    """Return the only state of a node that has this status."""
    (found,) = (state.state_id for state in begun.states(identifier) if state.status == status)
    return found


def seen(begun: ByHand) -> Any:
    """Return all that anyone can see of a run."""
    return begun.manager.run(begun.run_id), begun.states(), begun.manager.progress(begun.run_id)


# --- what can be retried --------------------------------------------------------------------------


def test_a_failed_state_gets_another_attempt_and_its_run_goes_on(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root > leaf", inputs={"leaf": {"n": "${{ root.outputs.n }}"}}), root=give({"n": 4}), leaf=fail())
    failed = begun.state("leaf").state_id
    done = manager.retry(begun.run_id)
    view = manager.run(begun.run_id)

    assert done == Retried((failed,), 1)
    assert (view.status, view.error, view.finished_at) == ("RUNNING", None, None)
    assert tries(begun, "leaf") == [("RETRY_CREATED", 0, 0), ("CREATED", 1, 0)]
    assert [state.inputs for state in begun.states("leaf")] == [{"n": 4}] * 2


def test_a_retried_run_ends_as_if_nothing_had_failed(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root > leaf, leaf > last"), leaf=fail())
    manager.retry(begun.run_id)

    assert begun.work() == "SUCCESS"
    assert [begun.ends(name) for name in ("root", "leaf", "last")] == [
        ["SUCCESS"],
        ["RETRY_CREATED", "SUCCESS"],
        ["SUCCESS"],
    ]


def test_what_was_pruned_can_be_tried_again(run: Begin, manager: StateManager) -> None:
    """The run has ended well, but there was no store that could be missing now."""
    begun = ran(run("root > leaf"), strict=False, root=prune())
    manager.retry(begun.run_id, [begun.state("root").state_id])

    assert (begun.work(), begun.ends()) == ("SUCCESS", ["RETRY_CREATED", "SUCCESS", "SUCCESS"])


def test_a_retry_may_fail_again_and_can_be_retried_again(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root"), root=fail("first"))
    manager.retry(begun.run_id)
    ran(begun, root=fail("second"))
    error = manager.run(begun.run_id).error
    manager.retry(begun.run_id)

    assert error == "root: Broken: second"
    assert (begun.work(), tries(begun, "root")[-1]) == ("SUCCESS", ("SUCCESS", 2, 0))


def test_the_budget_of_retries_starts_again(run: Begin, manager: StateManager) -> None:
    begun = run("root", retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 5})
    ran(begun, root=fail(retryable=True))
    manager.retry(begun.run_id)
    ran(begun, root=fail(retryable=True))

    assert tries(begun, "root") == [
        ("RETRY_CREATED", 0, 0),
        ("RETRY_CREATED", 1, 1),
        ("RETRY_CREATED", 2, 0),
        ("ERRORED", 3, 1),
    ]


def test_a_retry_is_due_at_once_and_wakes_those_who_wait(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = ran(run("root"), root=fail())
    woken = SimpleQueue[int | None]()
    end = manager.wake_on_work(lambda: woken.put(manager.exchange(begun.session, [], 0).next_due_ms))
    manager.retry(begun.run_id)

    assert woken.get(timeout=SOON) == 0
    end()
    assert [(claim.identifier, claim.attempt) for claim in begun.take()] == [("root", 1)]


def test_the_end_of_a_retried_run_is_told_again(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root"), root=fail())
    manager.retry(begun.run_id)
    (again,) = begun.take()

    assert begun.exchange(report(again)).ended_runs == {begun.run_id: "SUCCESS"}


def test_a_retry_sees_the_store_of_the_failed_run(run: Begin, manager: StateManager) -> None:
    begun = run(
        "root > bad, bad > leaf",
        inputs={"leaf": {"k": "${{ store.k }}"}},
        store_config={"default_values": {"k": 0}},
    )
    ran(begun, root=give({}, writes=[put("k", 7)]), bad=fail())
    manager.retry(begun.run_id)
    begun.work()

    assert begun.inputs("leaf") == {"k": 7}


def test_a_retry_of_a_fanout_gives_its_outputs_in_order(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**FAN), root=fail())
    manager.retry(begun.run_id)
    status = begun.work(root=numbers(3), work=echo)

    assert (status, begun.inputs("end")) == ("SUCCESS", {"all": [0, 1, 2]})
    assert [state.attempt for state in begun.states("root")] == [0, 1, 1, 1]


# --- what is taken back ---------------------------------------------------------------------------


def test_a_unite_that_was_blocked_waits_again(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**FAN), root=numbers(3), work=broken_at(1))
    before = begun.states("end")
    done = manager.retry(begun.run_id)

    assert (before, done.superseded, begun.status) == ([], 1, "RUNNING")
    assert (begun.work(work=echo), begun.inputs("end")) == ("SUCCESS", {"all": [0, 1, 2]})


def test_a_unite_that_ran_without_it_is_taken_back_with_all_behind_it(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**TOLERANT, keep_store=True), strict=False, root=numbers(3), work=broken_at(1), end=echo)
    done = manager.retry(begun.run_id)
    between = begun.ends("end"), begun.ends("after")
    status = begun.work(work=echo, end=echo)

    assert (len(done.retried), done.superseded) == (1, 3)
    assert between == (["RETRY_CREATED"], ["RETRY_CREATED"])
    assert (status, tries(begun, "end")) == ("SUCCESS", [("RETRY_CREATED", 0, 0), ("SUCCESS", 1, 0)])
    assert [state.inputs for state in begun.states("end")] == [{"all": [0, 2]}, {"all": [0, 1, 2]}]
    assert begun.ends("after") == ["RETRY_CREATED", "SUCCESS"]


def test_a_pruned_branch_that_is_tried_again_takes_its_unite_back(run: Begin, manager: StateManager) -> None:
    begun = run(**FAN, keep_store=True)
    ran(begun, strict=False, root=numbers(2), work=lambda inputs: prune() if inputs["n"] else give(inputs), end=echo)
    done = manager.retry(begun.run_id, status="PRUNED")
    status = begun.work(work=echo)

    assert (len(done.retried), done.superseded) == (1, 3)
    assert (status, begun.states("end")[-1].inputs) == ("SUCCESS", {"all": [0, 1]})


def test_what_was_not_brought_about_by_the_failure_stays(run: Begin, manager: StateManager) -> None:
    begun = run("root* > work side, work > end", unites={"end": "root"}, inputs=FAN["inputs"])
    ran(begun, root=numbers(2), work=broken_at(0))
    kept = [state for state in begun.states() if state.status == "SUCCESS"]
    manager.retry(begun.run_id)
    begun.work(work=echo)

    assert [state for state in begun.states() if state in kept] == kept
    assert len(kept) == 2 + 1 + 2


def test_a_failure_behind_a_unite_leaves_the_unite_alone(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**FAN), root=numbers(2), work=echo, after=fail())
    done = manager.retry(begun.run_id)

    assert (done.superseded, begun.ends("end")) == (1, ["SUCCESS"])
    assert begun.work() == "SUCCESS"


def test_counts_are_those_of_the_states_after_a_retry(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**TOLERANT, keep_store=True), strict=False, root=numbers(3), work=broken_at(0, 1), end=echo)
    manager.retry(begun.run_id)
    work, end = begun.progress("work"), begun.progress("end")

    assert (work.total, work.live, work.success, work.errored, work.retry_created) == (5, 2, 1, 0, 2)
    assert (end.total, end.live, end.success, end.retry_created) == (1, 0, 0, 1)


def test_a_state_behind_that_nobody_has_begun_is_taken_back(run: Begin, manager: StateManager) -> None:
    begun = run(**TOLERANT)
    begun.reach("end", root=numbers(2), work=broken_at(1))
    begun.tell(report(begun.held[0], give({"all": []})), capacity=0)
    before = begun.ends("after")
    done = manager.retry(begun.run_id)

    assert (before, begun.ends("after"), done.superseded) == (["CREATED"], ["RETRY_CREATED"], 3)
    assert (begun.work(work=echo), begun.ends("after")) == ("SUCCESS", ["RETRY_CREATED", "SUCCESS"])


def test_an_outer_unite_is_taken_back_with_the_inner_one(run: Begin, manager: StateManager) -> None:
    begun = run(**NESTED, unites={"inner": "split!", "outer": "root!"}, keep_store=True)
    leaf: Any = lambda inputs: fail() if inputs == {"n": 1, "branch": 0} else echo(inputs)  # noqa: E731
    ran(begun, strict=False, root=numbers(2), split=numbers(2), leaf=leaf, inner=echo, outer=echo)
    first = begun.inputs("outer")
    manager.retry(begun.run_id)
    between = begun.ends("inner"), begun.ends("outer")
    status = begun.work(leaf=echo, inner=echo, outer=echo)

    assert (first, between) == ({"all": [[0], [0, 1]]}, (["RETRY_CREATED", "SUCCESS"], ["RETRY_CREATED"]))
    assert (status, begun.ends("inner")) == ("SUCCESS", ["RETRY_CREATED", "SUCCESS", "SUCCESS"])
    assert begun.states("outer")[-1].inputs == {"all": [[0, 1], [0, 1]]}


def test_outer_and_inner_unites_that_were_blocked_wait_again(run: Begin, manager: StateManager) -> None:
    begun = run(**NESTED, unites={"inner": "split", "outer": "root"})
    leaf: Any = lambda inputs: fail() if inputs["n"] == inputs["branch"] == 1 else echo(inputs)  # noqa: E731
    ran(begun, root=numbers(2), split=numbers(2), leaf=leaf, inner=echo)
    before = len(begun.states("inner")), begun.states("outer")
    manager.retry(begun.run_id)

    assert before == (1, [])
    assert (begun.work(leaf=echo, inner=echo), begun.inputs("outer")) == ("SUCCESS", {"all": [[0, 1], [0, 1]]})


def test_a_gate_that_was_opened_behind_is_opened_anew(run: Begin, manager: StateManager) -> None:
    """The second unite waits for what the first one opened, which is taken back."""
    begun = run(
        "root* > work, work > mid*, mid > leaf, leaf > end",
        unites={"mid": "root!", "end": "mid"},
        inputs={"work": {"n": "${{ root.outputs.n }}"}, "leaf": {"n": "${{ mid.outputs.n }}"}},
        keep_store=True,
    )
    ran(begun, strict=False, root=numbers(2), work=broken_at(1), mid=numbers(3))
    manager.retry(begun.run_id)
    status = begun.work(mid=numbers(2))

    assert status == "SUCCESS"
    assert begun.ends("leaf").count("SUCCESS") == 2
    assert begun.ends("end") == ["RETRY_CREATED", "SUCCESS"]


def test_a_unite_that_was_born_ended_is_judged_anew(run: Begin, manager: StateManager) -> None:
    begun = run("root > a b, a b > end", unites={"end": "root!"}, inputs={"end": {"a": "${{ a.outputs.n }}"}})
    ran(begun, a=fail())
    before = begun.ends("end")
    manager.retry(begun.run_id, [begun.state("a").state_id])

    assert before == ["ERRORED"]
    assert begun.work(a=give({"n": 3})) == "SUCCESS"
    assert begun.states("end")[-1].inputs == {"a": 3}


def test_a_unite_that_was_born_ended_stays_so_while_its_value_is_missing(run: Begin, manager: StateManager) -> None:
    begun = run("root > a b, a b > end", unites={"end": "root!"}, inputs={"end": {"a": "${{ a.outputs.n }}"}})
    ran(begun, a=fail())
    manager.retry(begun.run_id, [begun.state("end").state_id])

    assert (begun.status, begun.ends("end")) == ("FAILED", ["RETRY_CREATED", "ERRORED"])


def test_only_the_arrival_behind_a_unite_that_is_taken_back_goes_with_it(run: Begin, manager: StateManager) -> None:
    """`each` runs once behind the unite `mid`, and once behind `side`, which nothing happened to."""
    begun = run(
        "root > a b side, a b > mid, mid side > each",
        unites={"mid": "root!"},
        inputs={"each": {"by": "${{ previous.outputs.me }}"}},
        keep_store=True,
    )
    ran(begun, strict=False, a=fail(), mid=give({"me": "mid"}), side=give({"me": "side"}), each=echo)
    done = manager.retry(begun.run_id)
    between = sorted((state.inputs["by"], state.status) for state in begun.states("each"))
    begun.work(mid=give({"me": "mid again"}), each=echo)

    assert done.superseded == 3
    assert between == [("mid", "RETRY_CREATED"), ("side", "SUCCESS")]
    assert sorted((state.inputs["by"], state.status) for state in begun.states("each")) == [
        ("mid", "RETRY_CREATED"),
        ("mid again", "SUCCESS"),
        ("side", "SUCCESS"),
    ]


def test_several_branches_retried_at_once_take_their_unite_back_once(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**TOLERANT, keep_store=True), strict=False, root=numbers(4), work=broken_at(0, 1, 3), end=echo)
    done = manager.retry(begun.run_id)
    status = begun.work(work=echo, end=echo)

    assert (len(done.retried), done.superseded) == (3, 5)
    assert (status, begun.ends("end")) == ("SUCCESS", ["RETRY_CREATED", "SUCCESS"])
    assert begun.states("end")[-1].inputs == {"all": [0, 1, 2, 3]}


def test_what_an_earlier_retry_of_the_same_call_took_back_is_left_out(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**TOLERANT), root=numbers(2), work=broken_at(1), end=fail())
    work = one(begun, "work", "ERRORED")
    done = manager.retry(begun.run_id)

    assert done == Retried((work,), 2)
    assert (begun.work(work=echo), begun.ends("end")) == ("SUCCESS", ["RETRY_CREATED", "SUCCESS"])


# --- the cause of a failed run --------------------------------------------------------------------


def test_a_run_that_fails_again_names_a_failure_that_still_stands(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root > a b"), a=fail("a is broken"), b=fail("b is broken"))
    first = manager.run(begun.run_id).error
    manager.retry(begun.run_id, identifier="a")
    ran(begun)
    view = manager.run(begun.run_id)

    assert first == "a: Broken: a is broken"
    assert (view.error, view.failed_state_id) == ("b: Broken: b is broken", begun.state("b").state_id)


def test_a_unite_that_is_blocked_again_names_what_still_blocks_it(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**FAN), root=numbers(3), work=broken_at(0, 2))
    first, second = (state.state_id for state in begun.states("work") if state.status == "ERRORED")
    manager.retry(begun.run_id, [first])
    ran(begun, work=echo)
    view = manager.run(begun.run_id)

    assert (view.error, view.failed_state_id) == ("work: Broken: broken at 2", second)


# --- which ones, and how ---------------------------------------------------------------------------


def chosen(begun: ByHand, **filters: Any) -> list[tuple[str, int]]:
    """Return node and attempt of what a retry has created."""
    begun.manager.retry(begun.run_id, **filters)
    return [(state.identifier, state.attempt) for state in begun.states() if state.status == "CREATED"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [("a", 1), ("b", 1)]),
        ({"identifier": "b"}, [("b", 1)]),
        ({"status": "ERRORED"}, [("a", 1), ("b", 1)]),
        ({"status": "PRUNED"}, [("c", 1)]),
        ({"identifier": "c"}, []),
        ({"identifier": "c", "status": "PRUNED"}, [("c", 1)]),
        ({"identifier": "a", "status": "PRUNED"}, []),
        ({"status": "NEXT_CREATED_ERROR"}, []),
    ],
)
def test_filters_choose_by_node_and_status(run: Begin, filters: dict[str, Any], expected: list[Any]) -> None:
    begun = ran(run("root > a b c d"), a=fail(), b=fail(), c=prune())

    assert chosen(begun, **filters) == expected


def test_a_retry_that_fits_nothing_leaves_a_failed_run_as_it_is(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root > a b"), a=fail())
    before = seen(begun)

    assert manager.retry(begun.run_id, identifier="b") == Retried((), 0)
    assert seen(begun) == before


@pytest.mark.parametrize(
    ("filters", "says"), [({"status": "SUCCESS"}, "SUCCESS cannot be retried"), ({"identifier": "lef"}, '"leaf"')]
)
def test_filters_that_mean_nothing_are_refused(run: Begin, manager: StateManager, filters: Any, says: str) -> None:
    begun = ran(run("root > leaf"), leaf=fail())

    with pytest.raises(InputInvalid, match=says):
        manager.retry(begun.run_id, **filters)


def test_a_dry_run_changes_nothing_and_says_the_same_numbers(run: Begin, manager: StateManager) -> None:
    begun = ran(run(**TOLERANT, keep_store=True), strict=False, root=numbers(3), work=broken_at(0, 1), end=echo)
    before = seen(begun)
    planned = manager.retry(begun.run_id, dry_run=True)
    after, idle = seen(begun), begun.take()
    done = manager.retry(begun.run_id)

    assert (after, idle) == (before, [])
    assert planned == done
    assert (len(done.retried), done.superseded) == (2, 4)
    assert begun.work(work=echo) == "SUCCESS"


def test_a_dry_run_is_refused_where_a_retry_is(run: Begin, manager: StateManager) -> None:
    begun = run("root", store_config={"default_values": {"k": 0}})
    begun.work()

    with pytest.raises(StoreUnavailable):
        manager.retry(begun.run_id, dry_run=True)


def test_a_retry_in_a_paused_run_leaves_it_paused(run: Begin, manager: StateManager) -> None:
    begun = run("root > a b")
    begun.reach("a")
    (b,) = (claim for claim in begun.held if claim.identifier == "b")
    begun.tell(*(report(claim, fail()) for claim in begun.held if claim.identifier == "a"))
    manager.pause(begun.run_id)
    manager.retry(begun.run_id)
    waiting = begun.tell(report(b))
    status = begun.status
    manager.resume(begun.run_id)

    assert (status, waiting, begun.ends("a")) == ("PAUSED", [], ["RETRY_CREATED", "CREATED"])
    assert begun.work() == "SUCCESS"


# --- what is refused ------------------------------------------------------------------------------


def test_a_retry_is_refused_while_somebody_works_on_what_it_would_take_back(run: Begin, manager: StateManager) -> None:
    begun = run(**TOLERANT)
    end = begun.reach("end", root=numbers(2), work=broken_at(1))
    before = seen(begun)
    with pytest.raises(TransitionRefused, match=rf"State {end.state_id}, which .* is QUEUED; wait until it has ended"):
        manager.retry(begun.run_id)

    assert seen(begun) == before
    begun.tell(report(end, give({"all": [0]})), capacity=0)
    assert manager.retry(begun.run_id).superseded == 3


def test_others_may_be_at_work_on_what_is_not_taken_back(run: Begin, manager: StateManager) -> None:
    begun = run(**FAN)
    begun.reach("work", root=numbers(3))
    first, second, third = begun.held
    begun.tell(report(first, fail()))
    manager.retry(begun.run_id)
    begun.tell(report(second, give({"n": 1})), report(third, give({"n": 2})))

    assert begun.ends("end") == []
    assert (begun.work(work=echo), begun.inputs("end")) == ("SUCCESS", {"all": [0, 1, 2]})


def test_a_run_whose_store_was_cleaned_up_is_not_retried(run: Begin, manager: StateManager) -> None:
    stored = {"store_config": {"default_values": {"k": 0}}}
    begun = ran(run(**TOLERANT, **stored), strict=False, root=numbers(2), work=broken_at(1))
    before = seen(begun)
    with pytest.raises(StoreUnavailable, match="cleaned up"):
        manager.retry(begun.run_id)

    assert seen(begun) == before


def test_a_cancelled_run_is_not_retried(run: Begin, manager: StateManager) -> None:
    begun = run("root > a b", keep_store=True)
    begun.reach("a")
    begun.tell(*(report(claim, fail()) for claim in begun.held if claim.identifier == "a"))
    manager.cancel(begun.run_id)

    with pytest.raises(TransitionRefused, match="is CANCELLED; nothing is created in it any more"):
        manager.retry(begun.run_id)


def test_only_what_failed_or_was_pruned_is_retried_and_all_or_none(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root > a b"), a=fail())
    a, b = begun.state("a").state_id, begun.state("b").state_id
    before = seen(begun)
    with pytest.raises(TransitionRefused, match=f"State {b} is SUCCESS; only what failed or was pruned"):
        manager.retry(begun.run_id, [a, b])

    assert seen(begun) == before


def test_a_state_that_was_retried_already_is_not_retried_again(run: Begin, manager: StateManager) -> None:
    begun = ran(run("root"), root=fail())
    (failed,) = manager.retry(begun.run_id).retried

    with pytest.raises(TransitionRefused, match=f"State {failed} is RETRY_CREATED"):
        manager.retry(begun.run_id, [failed])


@pytest.mark.parametrize(
    "number",
    [
        0,
        -1,
        10_000,
        2**70,
    ],
)
def test_states_that_are_not_there_are_not_found(run: Begin, manager: StateManager, number: int) -> None:
    begun = ran(run("root"), root=fail())

    with pytest.raises(StateNotFound, match=f'"{number}"'):
        manager.retry(begun.run_id, [number])


def test_states_of_another_run_are_not_found(run: Begin, manager: StateManager) -> None:
    first, second = run("root"), run("root")
    ran(first, root=fail())
    other = second.state("root").state_id

    with pytest.raises(StateNotFound, match=f'"{other}"'):
        manager.retry(first.run_id, [other])
