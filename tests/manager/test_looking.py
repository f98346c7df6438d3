"""What the manager shows of runtimes and gates (semantics 4, 10)."""

from __future__ import annotations

from exodsl.manager.protocol import Serves, StateManager
from exodsl.manager.sessions import LEASE_MS
from tests.manager.byhand import Clock, fail, numbers, prune, report
from tests.manager.conftest import Begin

FAN = "root* > work, work > end"


def test_a_run_is_served_while_its_runtime_is_there(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    before = manager.run(begun.run_id).served
    manager.close_session(begun.session)

    assert (before, manager.run(begun.run_id).served) == (True, False)


def test_a_runtime_whose_lease_ran_out_serves_nothing(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = run("root")
    clock.now_ms += LEASE_MS + 1

    assert not manager.run(begun.run_id).served


def test_a_node_that_has_something_to_do_and_that_no_runtime_has_is_named(run: Begin, manager: StateManager) -> None:
    """Others that no runtime has are not: nothing waits there."""
    begun = run("root > renamed, renamed > gone")
    manager.close_session(begun.session)
    session = manager.open_session("changed", Serves({("default", "graph"): frozenset({"root"})}))
    before = manager.run(begun.run_id).unserved
    (root,) = manager.exchange(session, [], 1).claims
    manager.exchange(session, [report(root)], 1)
    view = manager.run(begun.run_id)

    assert (before, view.served, view.unserved) == ((), True, ("renamed",))


def test_runtimes_complement_each_other(run: Begin, manager: StateManager) -> None:
    """One for every graph of the namespace counts as well as one for this run alone."""
    begun = run("root* > a b")
    manager.close_session(begun.session)
    manager.open_session("all", Serves({("default", "*"): frozenset({"a"})}))
    assert manager.run(begun.run_id).unserved == ("root",)
    manager.open_session("one", Serves({("default", "graph"): frozenset({"root"})}, begun.run_id))

    assert manager.run(begun.run_id).unserved == ()


def test_an_ended_run_is_not_served(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    begun.work()

    assert not manager.run(begun.run_id).served


def test_an_open_gate_shows_what_it_waits_for(run: Begin, manager: StateManager) -> None:
    begun = run(FAN, unites={"end": "root"})
    begun.reach("work", root=numbers(3))
    (gate,) = manager.gates(begun.run_id).items

    assert (gate.identifier, gate.path, gate.status, gate.pending, gate.state_id) == ("end", (), "OPEN", 3, None)


def test_a_gate_counts_what_arrived_failed_and_was_pruned(run: Begin, manager: StateManager) -> None:
    begun = run(FAN, unites={"end": "root"}, inputs={"work": {"n": "${{ root.outputs.n }}"}})
    ends = {0: fail(), 1: prune()}
    begun.work(root=numbers(5), work=lambda inputs: ends.get(inputs["n"], numbers(1)))
    (gate,) = manager.gates(begun.run_id, status="BLOCKED").items
    failed = next(state for state in begun.states("work") if state.status == "ERRORED")

    assert (gate.pending, gate.arrived, gate.failed, gate.pruned) == (0, 3, 1, 1)
    assert gate.cause == failed.state_id


def test_gates_come_in_pages(run: Begin, manager: StateManager) -> None:
    begun = run("root* > a b, a > end, b > end", unites={"end": "root/output"})
    begun.work(root=numbers(5))
    first = manager.gates(begun.run_id, limit=3)
    rest = manager.gates(begun.run_id, cursor=first.next_cursor)

    assert [gate.path for gate in (*first.items, *rest.items)] == [(0,), (1,), (2,), (3,), (4,)]
    assert {gate.status for gate in first.items} == {"PASSED"}
