"""Where a state comes from and what came of it, by lineage (semantics 4)."""

from __future__ import annotations

import pytest

from exodsl.errors import StateNotFound
from exodsl.manager.inspection import StateSummary
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import StateView
from tests.manager.byhand import ByHand, fail, give, numbers
from tests.manager.conftest import Begin


def named(states: tuple[StateSummary, ...]) -> list[tuple[str, tuple[int, ...], int]]:
    """Return node, path and number in the fanout of states."""
    return [(state.identifier, state.path, state.fanout_index) for state in states]


def at(begun: ByHand, identifier: str, *where: int) -> StateView:
    """Return the newest state of a node at a place: its path, and its number in the fanout."""
    return [s for s in begun.states(identifier) if (*s.path, s.fanout_index) == where or s.path == where][-1]


def test_a_chain_is_followed_up_and_down(run: Begin, manager: StateManager) -> None:
    begun = run("a > b, b > c d")
    begun.work()
    found = manager.relatives(begun.state("b").state_id)

    assert named(found.parents) == [("a", (), 0)]
    assert named(found.children) == [("c", (), 0), ("d", (), 0)]
    assert named(found.attempts) == [("b", (), 0)]
    assert (found.parents_total, found.gates) == (1, ())
    assert manager.relatives(begun.state("a").state_id).parents_total == 0


def test_each_output_of_a_fanout_has_its_own_children(run: Begin, manager: StateManager) -> None:
    begun = run("root* > many*, many > leaf")
    begun.work(root=numbers(2), many=numbers(2))
    first, second = (manager.relatives(at(begun, "many", 1, number).state_id) for number in (0, 1))

    assert named(first.children) == [("leaf", (1, 0), 0)]
    assert named(second.children) == [("leaf", (1, 1), 0)]
    assert named(first.parents) == named(second.parents) == [("root", (), 1)]


def test_a_unite_comes_from_what_it_collected_and_is_what_became_of_that(run: Begin, manager: StateManager) -> None:
    begun = run(
        "root* > work, work > end, end > last", unites={"end": "root!"}, inputs={"work": {"n": "${{ root.outputs.n }}"}}
    )
    begun.work(root=numbers(6), work=lambda inputs: fail() if inputs["n"] == 2 else give({}))
    end = manager.relatives(begun.state("end").state_id, limit=3)

    assert named(end.parents) == [("work", (0,), 0), ("work", (1,), 0), ("work", (3,), 0)]
    assert end.parents_total == 5
    assert named(end.children) == [("last", (), 0)]
    good, failed = (manager.relatives(at(begun, "work", number).state_id) for number in (1, 2))
    assert named(good.children) == [("end", (), 0)]
    assert failed.children == ()
    assert [(gate.identifier, gate.arrived) for gate in good.gates] == [("end", 5)]


def test_the_gates_of_nested_regions_come_innermost_first(run: Begin, manager: StateManager) -> None:
    begun = run("root* > many*, many > leaf, leaf > inner, inner > outer", unites={"inner": "many", "outer": "root"})
    begun.work(root=numbers(2), many=numbers(3))
    leaf = manager.relatives(at(begun, "leaf", 1, 2).state_id)
    inner = manager.relatives(at(begun, "inner", 1).state_id)

    assert [(gate.identifier, gate.path) for gate in leaf.gates] == [("inner", (1,)), ("outer", ())]
    assert named(leaf.children) == [("inner", (1,), 0)]
    assert named(inner.parents) == [("leaf", (1, 0), 0), ("leaf", (1, 1), 0), ("leaf", (1, 2), 0)]
    assert [(gate.identifier, gate.path) for gate in inner.gates] == [("outer", ())]


def test_a_join_of_one_output_comes_from_the_state_that_holds_it(run: Begin, manager: StateManager) -> None:
    begun = run("root* > work join, work > join", unites={"join": "root/output"})
    begun.work(root=numbers(3))

    for number in range(3):
        join = manager.relatives(at(begun, "join", number).state_id)
        assert named(join.parents) == [("root", (), number), ("work", (number,), 0)]
        root = manager.relatives(at(begun, "root", number).state_id)
        assert sorted(named(root.children)) == [("join", (number,), 0), ("work", (number,), 0)]


def test_attempts_of_a_place_come_in_their_order(run: Begin, manager: StateManager) -> None:
    begun = run("root > work", retry_policy={"max_retries": 2, "strategy": "FIXED", "backoff_factor": 1})
    begun.work(work=fail(retryable=True))
    found = manager.relatives(begun.states("work")[1].state_id)

    assert [state.attempt for state in found.attempts] == [0, 1, 2]
    assert [state.attempt for state in manager.relatives(found.attempts[0].state_id, limit=2).attempts] == [1, 2]


def test_relatives_of_a_state_that_is_not_there_are_not_found(manager: StateManager) -> None:
    with pytest.raises(StateNotFound):
        manager.relatives(17)
