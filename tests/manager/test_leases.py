"""Who holds a state, and what becomes of an outcome that comes too late (semantics 3, 10)."""

from __future__ import annotations

from queue import SimpleQueue

import pytest

from exodsl.engine.reports import Released, Result
from exodsl.errors import GraphNotFound, RunNotFound, TransitionRefused
from exodsl.manager.protocol import Serves, StateManager, Trigger
from tests.manager.byhand import SOON, add, draw, fail, give, prune, report, requeue, serves
from tests.manager.conftest import Begin


def test_a_state_is_handed_out_once(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    other = manager.open_session("other", serves(begun.template))
    begun.take()

    assert manager.exchange(other, [], 10).claims == ()


def test_a_second_report_of_a_state_is_refused_and_changes_nothing(run: Begin) -> None:
    begun = run("root > leaf", keep_store=True)
    (root,) = begun.take()
    begun.tell(report(root), capacity=0)
    answer = begun.exchange(report(root, fail()), capacity=0)

    assert answer.refused == (root.state_id,)
    assert begun.ends() == ["SUCCESS", "CREATED"]


@pytest.mark.parametrize("late", [give({}), fail(), prune(), requeue(5), Released()])
def test_an_outcome_under_an_old_lease_is_refused(run: Begin, late: Result) -> None:
    """The state was handed back and claimed again: the first claim says nothing any more."""
    begun = run("root")
    (old,) = begun.take()
    begun.tell(report(old, Released()))
    (new,) = begun.take()
    answer = begun.exchange(report(old, late))

    assert (answer.refused, begun.ends()) == ((old.state_id,), ["QUEUED"])
    assert begun.exchange(report(new)).ended_runs == {begun.run_id: "SUCCESS"}


def test_a_refused_outcome_does_not_hold_up_those_beside_it(run: Begin) -> None:
    begun = run("root > a b")
    a = begun.reach("a")
    (b,) = (claim for claim in begun.held if claim.identifier == "b")
    begun.tell(report(a))
    answer = begun.exchange(report(a, fail()), report(b))

    assert (answer.refused, answer.ended_runs) == ((a.state_id,), {begun.run_id: "SUCCESS"})


def test_the_same_report_twice_in_one_exchange_counts_once(run: Begin) -> None:
    begun = run("root > leaf", store_config={"default_values": {"n": 0}}, keep_store=True)
    (root,) = begun.take()
    told = report(root, give({}, writes=[add("n", 1)]))
    answer = begun.exchange(told, told)

    assert answer.refused == (root.state_id,)
    assert (begun.ends(), begun.store) == (["SUCCESS", "QUEUED"], {"n": 1})


def test_a_refused_outcome_writes_nothing_to_the_store(run: Begin) -> None:
    begun = run("root > leaf", store_config={"default_values": {"n": 0}})
    (root,) = begun.take()
    begun.tell(report(root))
    begun.tell(report(root, give({}, writes=[add("n", 1)])))

    assert begun.store == {"n": 0}


def test_a_report_of_a_state_that_was_never_claimed_is_refused(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    (root,) = begun.take()
    other = manager.open_session("other", serves(begun.template))
    answer = manager.exchange(other, [report(root)], 0)

    assert (answer.refused, begun.ends()) == ((root.state_id,), ["QUEUED"])


def test_a_closed_session_gives_back_what_it_held(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    (root,) = begun.take()
    manager.close_session(begun.session)
    state = begun.state("root")

    assert (state.status, state.queued_at) == ("CREATED", None)
    other = manager.open_session("other", serves(begun.template))
    (again,) = manager.exchange(other, [], 1).claims
    assert (again.state_id, again.retry_count) == (root.state_id, 0)


def test_a_closed_session_can_neither_report_nor_claim(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    (root,) = begun.take()
    manager.close_session(begun.session)
    with pytest.raises(TransitionRefused, match="closed"):
        begun.tell(report(root))

    assert begun.ends() == ["CREATED"]


def test_closing_a_session_twice_is_nothing(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    manager.close_session(begun.session)
    manager.close_session(begun.session)

    assert begun.ends() == ["CREATED"]


def test_a_lease_of_a_session_that_is_at_work_does_not_run_out(run: Begin) -> None:
    """Each exchange renews what the session holds, however long a body takes."""
    begun = run("root > leaf")
    (root,) = begun.take()
    for _ in range(10):
        begun.clock.now_ms += 20_000
        begun.take()
    begun.manager.open_session("other", serves(begun.template))

    assert begun.exchange(report(root)).refused == ()


def test_a_runtime_claims_only_the_nodes_it_serves(run: Begin, manager: StateManager) -> None:
    begun = run("root > a b")
    begun.reach("a")
    manager.close_session(begun.session)
    only_a = manager.open_session("a", Serves({("default", "graph"): frozenset({"a"})}))

    assert [claim.identifier for claim in manager.exchange(only_a, [], 10).claims] == ["a"]
    assert begun.ends("b") == ["CREATED"]


def test_a_child_goes_to_whom_it_can_be_given(run: Begin, manager: StateManager) -> None:
    begun = run("root > leaf")
    manager.close_session(begun.session)
    roots = manager.open_session("roots", Serves({("default", "graph"): frozenset({"root"})}))
    leaves = manager.open_session("leaves", Serves({("default", "graph"): frozenset({"leaf"})}))
    (root,) = manager.exchange(roots, [], 10).claims

    assert manager.exchange(roots, [report(root)], 10).claims == ()
    assert [claim.identifier for claim in manager.exchange(leaves, [], 10).claims] == ["leaf"]


def test_a_runtime_of_one_run_claims_nothing_of_another(run: Begin, manager: StateManager) -> None:
    first, second = run("root > leaf"), run("root > leaf")
    mine = manager.open_session("mine", serves(first.template, run_id=second.run_id))
    claims = manager.exchange(mine, [], 10).claims

    assert {claim.run_id for claim in claims} == {second.run_id}
    assert first.ends() == ["CREATED"]


def test_a_runtime_for_a_run_that_is_not_there_is_refused(manager: StateManager) -> None:
    with pytest.raises(RunNotFound, match="nowhere"):
        manager.open_session("mine", Serves({}, "nowhere"))


def test_a_runtime_serves_what_is_stored_after_it_came(manager: StateManager, run: Begin) -> None:
    early = manager.open_session("early", serves(draw("late > one")))
    assert manager.exchange(early, [], 10).claims == ()
    run("late > one")

    assert [claim.identifier for claim in manager.exchange(early, [], 10).claims] == ["late"]


def test_a_runtime_serves_every_version_of_its_graph(run: Begin, manager: StateManager) -> None:
    old, new = run("root > leaf"), run("root > leaf other")
    mine = manager.open_session("mine", serves(new.template))

    assert {c.run_id for c in manager.exchange(mine, [], 10).claims} == {old.run_id, new.run_id}


def test_a_graph_called_star_means_every_graph_of_the_namespace(run: Begin, manager: StateManager) -> None:
    for name, namespace in (("one", "default"), ("two", "default"), ("far", "away")):
        run("root", name=name, namespace=namespace)
    mine = manager.open_session("mine", Serves({("default", "*"): frozenset({"root"})}))

    assert {claim.graph for claim in manager.exchange(mine, [], 10).claims} == {"one", "two"}


def test_states_are_claimed_oldest_first_and_no_more_than_asked_for(run: Begin, manager: StateManager) -> None:
    begun = [run("root") for _ in range(5)]
    mine = manager.open_session("mine", serves(begun[0].template))
    parts = [manager.exchange(mine, [], 2).claims for _ in range(3)]

    assert [len(part) for part in parts] == [2, 2, 1]
    assert [claim.run_id for part in parts for claim in part] == [each.run_id for each in begun]


def test_new_work_wakes_those_who_wait(run: Begin, manager: StateManager) -> None:
    woken = SimpleQueue[str]()
    end = manager.wake_on_work(lambda: woken.put("now"))
    run("root")
    assert woken.get(timeout=SOON) == "now"
    end()
    while not woken.empty():
        woken.get()
    run("root")

    assert woken.empty()


def test_what_a_closed_session_held_wakes_those_who_wait(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    begun.take()
    woken = SimpleQueue[str]()
    manager.wake_on_work(lambda: woken.put("now"))
    manager.close_session(begun.session)

    assert woken.get(timeout=SOON) == "now"


def test_an_old_report_does_not_take_a_state_from_its_holder(run: Begin) -> None:
    """The report of an earlier claim is refused; the one of the current claim still counts."""
    begun = run("root")
    (old,) = begun.take()
    begun.tell(report(old, requeue(10)))
    begun.clock.now_ms += 10
    (new,) = begun.take()
    begun.exchange(report(old))

    assert begun.exchange(report(new)).refused == ()


def test_states_of_one_run_learned_at_different_times_settle_together(run: Begin, manager: StateManager) -> None:
    """A refused trigger between two claims makes the manager read the run anew."""
    begun = run("root > a b, a > c", store_config={"default_values": {"n": 0}}, keep_store=True)
    a = begun.reach("a")
    (b,) = (claim for claim in begun.held if claim.identifier == "b")
    with pytest.raises(GraphNotFound):
        manager.trigger([Trigger("default", "nowhere")])
    (c,) = begun.tell(report(a))
    write = give({}, writes=[add("n", 1)])
    begun.tell(report(b, write), report(c, write))

    assert begun.store == {"n": 2}
