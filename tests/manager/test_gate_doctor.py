"""The gate doctor: what a gate waits for, what keeps it shut, and what to retry for it to open (semantics 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.errors import InputInvalid
from exodsl.manager.inspection import Verdict
from exodsl.manager.protocol import StateManager
from tests.manager.byhand import ByHand, fail, give, numbers, prune, report
from tests.manager.conftest import Begin

RETRIES: dict[str, Any] = {"retry_policy": {"max_retries": 2, "strategy": "FIXED", "backoff_factor": 5_000}}
PLAIN: dict[str, Any] = {"arrows": "split* > work, work > end", "unites": {"end": "split"}, **RETRIES}
NESTED: dict[str, Any] = {
    "arrows": "split* > part*, part > work, work > sum, sum > end",
    "unites": {"sum": "part", "end": "split"},
    **RETRIES,
}
PAST: dict[str, Any] = {
    "arrows": "split* > part*, part > near work, near > end, work > total, total > end",
    "unites": {"near": "split", "total": "part", "end": "split"},
}
ONE_IN_THE_OTHER: dict[str, Any] = {
    "arrows": "split* > work other, work > sum, sum > end, other > end",
    "unites": {"sum": "split", "end": "split"},
}
NEEDY: dict[str, Any] = {
    "arrows": "split > first second, first > end, second > end",
    "unites": {"end": "split!"},
    "inputs": {"end": {"n": "${{ first.outputs.n }}"}},
}


def examine(begun: ByHand, identifier: str = "end", *path: int) -> Verdict:
    """Ask for the verdict on a gate."""
    return begun.manager.gate(begun.run_id, identifier, path)


def groups(verdict: Verdict) -> list[tuple[str, str, int]]:
    """Return the kind, node and size of each group."""
    return [(group.kind, group.identifier, group.count) for group in verdict.groups]


def opened(run: Begin, count: int, capacity: int = 0, **how: Any) -> ByHand:
    """Begin a run whose fanout has given so many outputs."""
    begun = run(**(how or PLAIN))
    begun.exchange(report(begun.take()[0], numbers(count)), capacity=capacity)
    return begun


def test_a_gate_waits_for_what_runs_and_what_is_due(run: Begin) -> None:
    begun = opened(run, 5, capacity=2)
    verdict = examine(begun)

    assert groups(verdict) == [("moving", "work", 2), ("waiting", "work", 3)]
    assert (verdict.expected, verdict.exact, verdict.dead) == (5, True, ())
    assert (verdict.strategy, verdict.unites) == ("ALL_SUCCESS", "split")
    assert verdict.sentence == "Opens when 3 waiting states end and 2 running states end."


def test_a_retry_waits_with_its_time_and_what_is_left_of_its_retries(run: Begin) -> None:
    begun = opened(run, 2, capacity=2)
    due = begun.clock.now_ms + 5_000
    begun.exchange(report(begun.held[0], fail(retryable=True)), capacity=0)
    verdict = examine(begun)
    waiting = next(group for group in verdict.groups if group.kind == "waiting")

    assert verdict.sentence == "Opens when 1 retry succeeds and 1 running state ends."
    assert (waiting.next_due.timestamp() * 1000 if waiting.next_due else None) == due
    assert waiting.retries_left == 1
    assert [state.retry_count for state in waiting.first] == [1]


def test_a_failure_keeps_a_strict_gate_shut_while_others_go_on(run: Begin) -> None:
    begun = opened(run, 3, capacity=2)
    lost = begun.held[0]
    begun.exchange(report(lost, fail()), capacity=0)
    verdict = examine(begun)

    assert verdict.sentence == "Cannot open: 1 state of work failed under ALL_SUCCESS; retry it."
    assert verdict.dead == (lost.state_id,)
    assert groups(verdict) == [("moving", "work", 1), ("waiting", "work", 1), ("dead", "work", 1)]
    assert (verdict.expected, verdict.exact) == (3, True)


def test_a_tolerant_gate_opens_over_failures(run: Begin) -> None:
    begun = opened(run, 2, capacity=2, **{**PLAIN, "unites": {"end": "split!"}})
    begun.exchange(report(begun.held[0], fail()), capacity=0)
    verdict = examine(begun)

    assert verdict.sentence == "Opens when 1 running state ends."
    assert verdict.dead == ()


def test_a_blocked_gate_tells_what_to_retry_and_opens_when_that_succeeds(run: Begin, manager: StateManager) -> None:
    begun = opened(run, 3)
    begun.work(work=lambda inputs: fail() if not begun.store else give({}))
    before = examine(begun)
    manager.retry(begun.run_id, before.dead)
    reopened = examine(begun)
    begun.work()

    assert before.sentence == "Blocked: 3 states of work failed under ALL_SUCCESS; retry them."
    assert reopened.sentence == "Opens when 3 waiting states end."
    assert examine(begun).sentence == "Opened 2027-01-15 08:00:00 UTC: 3 arrived."
    assert begun.status == "SUCCESS"


def test_a_failure_far_inside_keeps_the_outer_gate_shut_before_the_inner_one_blocks(run: Begin) -> None:
    begun = opened(run, 2, capacity=1, **NESTED)
    begun.exchange(report(begun.held[0], numbers(2)), capacity=1)
    begun.exchange(report(begun.reach("work"), fail()), capacity=0)
    outer, inner = examine(begun), examine(begun, "sum", 0)

    assert outer.sentence == inner.sentence == "Cannot open: 1 state of work failed under ALL_SUCCESS; retry it."
    assert outer.dead == inner.dead
    assert outer.inner_gates == {"OPEN": 1}
    assert (outer.expected, outer.exact) == (2, True)


def test_branches_that_may_multiply_are_not_counted_as_if_they_were_all(run: Begin) -> None:
    begun = opened(run, 2, arrows="split* > part*, part > end", unites={"end": "split"})
    verdict = examine(begun)

    assert (verdict.expected, verdict.exact) == (2, False)


def test_a_branch_inside_an_inner_unite_that_leads_past_it_is_not_counted_as_if_it_were_all(run: Begin) -> None:
    begun = opened(run, 2, **PAST)
    inside = examine(begun)
    begun.reach("work")
    past = examine(begun)
    begun.work()

    assert (inside.expected, inside.exact) == (1, False)
    assert (past.expected, past.exact) == (3, True)
    assert examine(begun).gate.arrived == 3


def test_a_wide_fanout_that_is_not_all_made_into_states_yet_moves(run: Begin) -> None:
    begun = opened(run, 400)
    verdict = examine(begun)

    assert ("moving", "split", 1) in groups(verdict)
    assert not verdict.exact


def test_a_fanout_that_is_not_all_made_into_states_yet_hides_no_branch(run: Begin) -> None:
    begun = opened(run, 400, **ONE_IN_THE_OTHER)
    begun.take(capacity=1)
    made = begun.progress("other").total
    outer, inner = examine(begun), examine(begun, "sum")

    assert 0 < made < 400
    assert (outer.expected, outer.exact) == (made + 1, False)
    assert (inner.expected, inner.exact) == (made, False)


def test_a_fanout_in_parts_inside_an_inner_unite_hides_no_branch_past_it(run: Begin) -> None:
    begun = opened(run, 1, capacity=1, **PAST)
    begun.exchange(report(begun.held[0], numbers(400)), capacity=0)
    verdict = examine(begun)

    assert (verdict.expected, verdict.exact) == (2, False)
    assert verdict.inner_gates == {"OPEN": 2}


def test_a_pruned_branch_has_ended_and_is_no_failure(run: Begin) -> None:
    begun = opened(run, 3)
    begun.work(work=lambda inputs: prune())
    verdict = examine(begun)

    assert verdict.sentence == "Opened 2027-01-15 08:00:00 UTC: 3 pruned."
    assert (verdict.expected, verdict.dead) == (3, ())


@pytest.mark.parametrize(("end", "word"), [(prune(), "was pruned"), (fail(), "failed")])
def test_a_value_that_a_unite_needs_and_lacks_names_whose_it_is(run: Begin, end: Any, word: str) -> None:
    begun = run(**NEEDY)
    begun.reach("second")
    first = begun.reach("first")
    begun.exchange(report(first, end), capacity=0)
    early = examine(begun)
    begun.work()
    late = examine(begun)

    assert early.sentence == f"Would open without a value that it needs: 1 state of first {word}; retry it."
    assert late.sentence == (
        f"Opened 2027-01-15 08:00:00 UTC without a value that it needs: 1 state of first {word}; retry it."
    )
    assert early.dead == late.dead == (first.state_id,)


def test_a_value_that_is_still_to_come_keeps_nothing_shut(run: Begin) -> None:
    begun = run(**NEEDY)
    begun.reach("second")

    assert examine(begun).sentence == "Opens when 2 running states end."


def test_a_paused_run_says_so(run: Begin, manager: StateManager) -> None:
    begun = opened(run, 1)
    manager.pause(begun.run_id)

    assert examine(begun).sentence == ("Opens when 1 waiting state ends. Nothing is handed out: the run is paused.")


def test_nothing_is_to_be_retried_in_a_cancelled_run(run: Begin, manager: StateManager) -> None:
    begun = opened(run, 2, capacity=2)
    begun.exchange(report(begun.held[0], fail()), capacity=0)
    manager.cancel(begun.run_id)
    verdict = examine(begun)

    assert verdict.sentence == "Closed for good: its run was cancelled."
    assert (verdict.dead, groups(verdict)) == ((), [])


@pytest.mark.parametrize(
    ("identifier", "path", "message"),
    [
        ("work", (), '"work" unites nothing, so it has no gate'),
        ("end", (7, 1), '"end" has no gate at 7.1'),
        ("end", (-1,), '"end" has no gate at -1'),
        ("ends", (), 'Did you mean "end"'),
    ],
)
def test_a_gate_that_is_not_there_is_refused(run: Begin, identifier: str, path: tuple[int, ...], message: str) -> None:
    begun = opened(run, 1)
    with pytest.raises(InputInvalid) as caught:
        begun.manager.gate(begun.run_id, identifier, path)

    assert message in str(caught.value)
