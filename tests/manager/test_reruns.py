"""Runs that start again from a state, in a new run (semantics 3)."""

from __future__ import annotations

import pytest

from exodsl.errors import StateNotFound, TransitionRefused
from exodsl.manager.protocol import StateManager
from tests.manager.audit import in_parts
from tests.manager.byhand import ByHand, fail, give, numbers, report
from tests.manager.conftest import Begin

FAN = "root* > work, work > end"


def copied(begun: ByHand, run_id: str) -> ByHand:
    """Work on a copy with the same runtime."""
    return ByHand(begun.manager, begun.clock, begun.template, run_id, begun.session)


def test_what_a_cancel_had_stopped_goes_on_in_the_new_run(run: Begin, manager: StateManager) -> None:
    begun = run(FAN, unites={"end": "root"}, keep_store=True)
    begun.reach("work", root=numbers(3))
    begun.tell(capacity=1)
    manager.cancel(begun.run_id)
    chosen, *others = begun.states("work")
    again = copied(begun, manager.rerun(begun.run_id, chosen.state_id).run_id)
    waiting = again.ends("work")
    status = again.work(work=give({}))

    assert waiting == ["RETRY_CREATED", "CREATED", "CREATED", "CREATED"]
    assert (status, again.ends("end")) == ("SUCCESS", ["SUCCESS"])
    assert begun.ends("work") == ["CANCELLED"] * (1 + len(others))


def test_a_run_that_was_cancelled_starts_again_from_what_had_ended(run: Begin, manager: StateManager) -> None:
    begun = run(FAN, unites={"end": "root"})
    begun.reach("work", root=numbers(2))
    manager.cancel(begun.run_id)
    again = copied(begun, manager.rerun(begun.run_id, begun.states("root")[0].state_id).run_id)

    assert (again.work(root=numbers(4)), again.ends("work").count("SUCCESS")) == ("SUCCESS", 4)
    assert (again.progress("work").cancelled, again.progress("work").live) == (0, 0)


def test_what_is_copied_unfinished_was_never_handed_out(run: Begin, manager: StateManager) -> None:
    begun = run("root > left right")
    begun.reach("left")
    manager.cancel(begun.run_id)
    again = copied(begun, manager.rerun(begun.run_id, begun.state("right").state_id).run_id)
    left = again.state("left")

    assert (left.status, left.queued_at, left.finished_at) == ("CREATED", None, None)


def test_a_fanout_that_a_cancel_left_half_made_is_refused(run: Begin, manager: StateManager) -> None:
    """Its other outputs went with the cancel: a copy could neither go on with them nor without."""
    with in_parts():
        begun = run("root* > work")
        (root,) = begun.take()
        begun.tell(report(root, numbers(9)), capacity=0)
        manager.cancel(begun.run_id)

        with pytest.raises(TransitionRefused, match=f"State {root.state_id} is CANCELLED; .* trigger a new run"):
            manager.rerun(begun.run_id, root.state_id)


def test_a_refusal_names_the_state_that_was_given(run: Begin, manager: StateManager) -> None:
    begun, other = run("root > end"), run("root")
    begun.take()
    (root,) = other.states("root")

    with pytest.raises(TransitionRefused, match=rf"State {begun.state('root').state_id} is QUEUED"):
        manager.rerun(begun.run_id, begun.state("root").state_id)
    with pytest.raises(StateNotFound, match=f'"{root.state_id}"'):
        manager.rerun(begun.run_id, root.state_id)


def test_a_unite_that_was_born_ended_is_born_once_more(run: Begin, manager: StateManager) -> None:
    """It has no inputs with which a body could run: its gate decides anew."""
    begun = run(
        "root > left right, left right > end",
        unites={"end": "root!"},
        inputs={"end": {"left": "${{ left.outputs.n }}"}},
    )
    begun.work(left=fail())
    again = copied(begun, manager.rerun(begun.run_id, begun.state("end").state_id).run_id)

    assert (again.status, again.ends("end")) == ("FAILED", ["RETRY_CREATED", "ERRORED"])
