"""Every status of a state, and every move that needs no command (semantics 3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from exodsl.engine.reports import ErrorInfo, Failed, Released
from exodsl.errors import StateNotFound
from exodsl.manager.protocol import StateManager
from tests.manager.byhand import Clock, fail, give, numbers, prune, report, requeue
from tests.manager.conftest import Begin


def test_a_triggered_run_is_running_and_its_root_is_created(run: Begin) -> None:
    """(none) to CREATED."""
    begun = run("root > leaf")

    assert (begun.status, [(s.identifier, s.status) for s in begun.states()]) == (
        "RUNNING",
        [("root", "CREATED")],
    )


def test_a_claimed_state_is_queued_since_now(run: Begin, clock: Clock) -> None:
    """CREATED to QUEUED."""
    begun = run("root")
    clock.now_ms += 500
    begun.take()
    root = begun.state("root")

    assert root.status == "QUEUED"
    assert root.queued_at == root.created_at + timedelta(milliseconds=500)


def test_a_state_that_gave_its_output_is_success_and_its_child_is_held_at_once(run: Begin) -> None:
    """QUEUED to SUCCESS; a chain never waits for a second exchange."""
    begun = run("root > leaf")
    (root,) = begun.take()
    (leaf,) = begun.tell(report(root, give({"n": 7})))

    assert leaf.identifier == "leaf"
    assert (begun.state("root").status, begun.state("root").outputs) == ("SUCCESS", {"n": 7})


def test_a_child_beyond_the_capacity_waits_created(run: Begin) -> None:
    begun = run("root > leaf")
    (root,) = begun.take()

    assert begun.tell(report(root), capacity=0) == []
    assert begun.ends("leaf") == ["CREATED"]
    assert [claim.identifier for claim in begun.take()] == ["leaf"]


def test_a_run_without_anything_live_is_a_success_and_says_so_in_the_exchange(run: Begin) -> None:
    begun = run("root > leaf")
    begun.reach("leaf")
    (leaf,) = begun.held
    answer = begun.exchange(report(leaf))

    assert answer.ended_runs == {begun.run_id: "SUCCESS"}
    assert begun.manager.run(begun.run_id).finished_at is not None


def test_a_state_whose_child_lacks_a_value_is_next_created_error(run: Begin) -> None:
    """None of its children is created, and its outputs and the reason are kept."""
    begun = run("root > good bad", inputs={"bad": {"n": "${{ root.outputs.missing }}"}})
    status = begun.work(root=give({"n": 1}))
    root = begun.state("root")

    assert (status, root.status, root.outputs) == ("FAILED", "NEXT_CREATED_ERROR", {"n": 1})
    assert len(begun.states()) == 1
    assert root.error is not None
    assert "root.outputs.missing" in root.error.message


def test_a_failed_body_leaves_a_retry_that_is_due_after_the_delay(run: Begin, clock: Clock) -> None:
    """QUEUED to RETRY_CREATED, and a new CREATED state."""
    begun = run("root", retry_policy={"strategy": "FIXED", "backoff_factor": 700})
    (root,) = begun.take()
    begun.tell(report(root, fail(retryable=True)))
    first, second = begun.states("root")

    assert (first.status, second.status, second.retry_count) == ("RETRY_CREATED", "CREATED", 1)
    assert second.enqueue_after == first.created_at + timedelta(milliseconds=700)


def test_a_retry_is_not_handed_out_before_its_time(run: Begin, clock: Clock) -> None:
    begun = run("root", retry_policy={"strategy": "FIXED", "backoff_factor": 700})
    (root,) = begun.take()
    answer = begun.exchange(report(root, fail(retryable=True)))
    clock.now_ms += 699

    assert (answer.claims, answer.next_due_ms) == ((), 700)
    assert begun.take() == []
    clock.now_ms += 1
    assert [claim.retry_count for claim in begun.take()] == [1]


def test_a_state_without_a_retry_left_is_errored_and_the_run_failed(run: Begin) -> None:
    """QUEUED to ERRORED."""
    begun = run("root", retry_policy={"max_retries": 2})
    status = begun.work(root=fail("no luck", retryable=True))

    assert status == "FAILED"
    assert begun.ends("root") == ["RETRY_CREATED", "RETRY_CREATED", "ERRORED"]


def test_a_failure_that_is_not_retryable_is_errored_at_once(run: Begin) -> None:
    begun = run("root")
    begun.work(root=fail("no use"))

    assert begun.ends("root") == ["ERRORED"]


def test_a_failed_run_names_its_first_cause(run: Begin) -> None:
    begun = run("root > a b", retry_policy={"max_retries": 0})
    a = begun.reach("a")
    (b,) = (claim for claim in begun.held if claim.identifier == "b")
    begun.tell(report(b, fail("b was first")))
    begun.tell(report(a, fail("a was second")))
    view = begun.manager.run(begun.run_id)

    assert (view.status, view.error, view.failed_state_id) == ("FAILED", "b: Broken: b was first", b.state_id)


def test_a_failed_branch_does_not_stop_the_others(run: Begin) -> None:
    begun = run("root > a b, a > after")
    status = begun.work(b=fail())

    assert (status, begun.ends("after")) == ("FAILED", ["SUCCESS"])


def test_a_pruned_state_keeps_its_data_and_the_run_is_a_success(run: Begin) -> None:
    """QUEUED to PRUNED."""
    begun = run("root > leaf")
    status = begun.work(root=prune(why="too small"))
    root = begun.state("root")

    assert (status, root.status, root.data) == ("SUCCESS", "PRUNED", {"why": "too small"})
    assert begun.states("leaf") == []


def test_a_requeued_state_is_the_same_state_due_later(run: Begin, clock: Clock) -> None:
    """QUEUED to CREATED: neither a new state nor a retry."""
    begun = run("root")
    (root,) = begun.take()
    answer = begun.exchange(report(root, requeue(5_000)))
    clock.now_ms += 5_000
    (again,) = begun.take()

    assert (answer.claims, answer.next_due_ms) == ((), 5_000)
    assert (again.state_id, again.retry_count, again.attempt) == (root.state_id, 0, 0)
    assert again.lease != root.lease


def test_requeues_use_up_no_retry(run: Begin) -> None:
    begun = run("root", retry_policy={"max_retries": 1, "strategy": "FIXED"})
    said = iter([requeue(10), fail(retryable=True), requeue(10), requeue(10), fail(retryable=True)])
    status = begun.work(root=lambda _: next(said))

    assert (status, begun.ends("root")) == ("FAILED", ["RETRY_CREATED", "ERRORED"])


def test_a_released_state_can_be_claimed_again_at_once(run: Begin) -> None:
    begun = run("root")
    (root,) = begun.take()
    answer = begun.exchange(report(root, Released()), capacity=0)
    (again,) = begun.take()

    assert (answer.next_due_ms, again.state_id, again.retry_count) == (0, root.state_id, 0)
    assert again.lease != root.lease


def test_a_very_wide_fanout_is_executed_until_all_its_states_exist(run: Begin) -> None:
    """QUEUED to EXECUTED, then SUCCESS; the run goes on meanwhile."""
    begun = run("root* > leaf")
    (root,) = begun.take()
    begun.tell(report(root, numbers(2_001)), capacity=0)
    between = begun.ends("root")
    status = begun.work()

    assert between == ["EXECUTED"]
    assert (status, begun.progress("root").success) == ("SUCCESS", 2_001)


def test_several_outputs_of_a_node_that_gives_one_fail_it_for_good(run: Begin) -> None:
    begun = run("root > leaf")
    status = begun.work(root=give({}, {}))
    error = begun.state("root").error

    assert (status, begun.ends()) == ("FAILED", ["ERRORED"])
    assert error is not None
    assert error.message == (
        '"root" is declared to give one output in the run\'s version of the graph, and gave 2.'
        " If it fans out by now, start a new run."
    )


def test_no_output_of_a_node_that_gives_one_fails_it_for_good(run: Begin) -> None:
    begun = run("root")

    assert (begun.work(root=give()), begun.ends()) == ("FAILED", ["ERRORED"])


def test_an_error_is_kept_whole(run: Begin) -> None:
    begun = run("root")
    told = ErrorInfo("tests.Broken", "broken: ünïcode", "Traceback:\n  line", "broken")
    begun.work(root=Failed(told, retryable=False))

    assert begun.state("root").error == told


def test_times_of_a_state_follow_the_clock(run: Begin, clock: Clock) -> None:
    begun = run("root")
    start = begun.state("root").created_at
    (root,) = (begun.take(), begun.held)[1]
    clock.now_ms += 40
    begun.tell(report(root))
    ended = begun.state("root")

    assert (ended.queued_at, ended.finished_at) == (start, start + timedelta(milliseconds=40))


def test_an_unknown_state_is_refused_by_name(manager: StateManager) -> None:
    with pytest.raises(StateNotFound, match="4711"):
        manager.state(4711)
