"""What a report and an emptied gate change (semantics 3, 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.lineage import step
from exodsl.engine.reports import Released
from exodsl.engine.status import Gate, State
from tests.manager.byhand import add, fail, give, numbers, prune, put, requeue

FORK: dict[str, Any] = {"arrows": "root > a b, a b > end", "unites": {"end": "root"}}


def test_a_start_makes_the_root_and_one_live_state(scene: Any) -> None:
    begun = scene("root > leaf")
    begun.settlement.start(begun.run, "{}", 77)

    assert (begun.made(), begun.pending()) == ([("root", b"", "CREATED")], {"run": 1})
    assert begun.changes.created[0].enqueue_after == 77


def test_a_step_of_a_chain_moves_no_counter(scene: Any) -> None:
    begun = scene("root > leaf")
    begun.settlement.report(begun.state("root"), give({}))

    assert (begun.made(), begun.pending()) == ([("leaf", b"", "CREATED")], {"run": 0})


def test_the_last_state_takes_one_from_the_run(scene: Any) -> None:
    begun = scene("root > leaf")
    begun.settlement.report(begun.state("leaf"), give({}))

    assert begun.pending() == {"run": -1}


def test_an_opened_gate_starts_with_all_that_it_waits_for(scene: Any) -> None:
    """The gate stands for its branches at the run."""
    begun = scene(**FORK)
    begun.settlement.report(begun.state("root"), give({}))

    assert begun.pending() == {"end": 2, "run": 0}
    assert not begun.changes.gates


def test_a_fanout_opens_one_gate_with_all_its_branches(scene: Any) -> None:
    begun = scene("root* > work side, work > end", unites={"end": "root"})
    begun.settlement.report(begun.state("root"), numbers(3))

    assert begun.pending() == {"end": 3, "run": 1 + 3 - 1}
    assert len(begun.made()) == 2 + 6


def test_an_empty_fanout_opens_a_gate_that_waits_for_nothing(scene: Any) -> None:
    begun = scene("root* > work, work > end", unites={"end": "root"})
    begun.settlement.report(begun.state("root"), numbers(0))

    assert (begun.pending(), begun.made()) == ({"end": 0, "run": 0}, [])


def test_each_output_opens_a_gate_of_its_own_for_a_join(scene: Any) -> None:
    begun = scene("root* > a b, a b > end", unites={"end": "root/output"})
    begun.settlement.report(begun.state("root"), numbers(2))
    paths = sorted(key[2] for key in begun.changes.opened)

    assert paths == [step(0), step(1)]
    assert [gate.moves.pending for gate in begun.changes.opened.values()] == [2, 2]


def test_an_inner_gate_counts_one_at_the_gate_around_it(scene: Any) -> None:
    begun = scene(
        "root* > split*, split > leaf, leaf > inner, inner > outer",
        unites={"inner": "split", "outer": "root"},
    )
    begun.settlement.report(begun.state("split", step(0)), numbers(5))

    assert begun.pending() == {"inner": 5, "outer": 0, "run": 0}


def test_a_retry_moves_no_counter(scene: Any) -> None:
    begun = scene(**FORK)
    begun.settlement.report(begun.state("a"), fail(retryable=True))
    (retry,) = begun.changes.created

    assert begun.pending() == {"run": 0}
    assert (retry.retry_count, retry.attempt, retry.enqueue_after) == (1, 1, 3_000)
    assert begun.changes.ended[0].status is State.RETRY_CREATED


@pytest.mark.parametrize(("result", "due"), [(requeue(250), 1_250), (Released(), 1_000)])
def test_a_requeue_moves_no_counter(scene: Any, result: Any, due: int) -> None:
    begun = scene(**FORK)
    begun.settlement.report(begun.state("a"), result)
    (ended,) = begun.changes.ended

    assert (ended.status, ended.enqueue_after, begun.pending()) == (State.CREATED, due, {"run": 0})


def test_a_failure_counts_at_its_unite_and_not_at_the_run(scene: Any) -> None:
    begun = scene(**FORK)
    begun.settlement.report(begun.state("a"), fail())
    ((_, moves),) = begun.changes.gates.items()

    assert (moves.pending, moves.failed, moves.cause) == (-1, 1, 7)
    assert not begun.changes.run(1)


def test_a_prune_counts_as_pruned_and_not_as_failed(scene: Any) -> None:
    begun = scene(**FORK)
    begun.settlement.report(begun.state("a"), prune(why="small"))
    ((_, moves),) = begun.changes.gates.items()

    assert (moves.pending, moves.failed, moves.pruned) == (-1, 0, 1)
    assert begun.changes.ended[0].data == '{"why": "small"}'


def test_a_gate_that_is_done_makes_its_unite_in_its_own_place(scene: Any) -> None:
    begun = scene(**FORK)
    begun.settlement.close(begun.gate("end"))

    assert (begun.made(), begun.pending()) == ([("end", b"", "CREATED")], {"run": 0})
    assert (begun.changes.closed[0].status, begun.changes.closed[0].state) == (Gate.PASSED, 100)


def test_a_blocked_gate_is_one_failure_where_it_stands(scene: Any) -> None:
    begun = scene(
        "root* > split*, split > leaf, leaf > inner, inner > outer",
        unites={"inner": "split", "outer": "root"},
    )
    begun.settlement.close(begun.gate("inner", step(3), failed=5, cause=42))
    ((key, moves),) = begun.changes.gates.items()

    assert key == (1, begun.index["outer"], b"")
    assert (moves.pending, moves.failed, moves.cause) == (-1, 1, 42)
    assert begun.changes.closed[0].status is Gate.BLOCKED


@pytest.mark.parametrize(
    ("ending", "status", "counted"),
    [(State.PRUNED, "PRUNED", (0, 0)), (State.ERRORED, "ERRORED", (1, 100)), (None, "ERRORED", (1, 100))],
)
def test_a_unite_without_its_single_value_is_born_ended(
    scene: Any, ending: State | None, status: str, counted: tuple[int, int]
) -> None:
    begun = scene(**(FORK | {"unites": {"end": "root!"}}), inputs={"end": {"n": "${{ a.outputs.n }}"}})
    if ending is not None:
        begun.known.endings[1, begun.index["a"], b""] = ending
    begun.settlement.close(begun.gate("end"))
    run = begun.changes.run(1)

    assert begun.made() == [("end", b"", status)]
    assert (run.pending, run.failed, run.cause or 0) == (-1, *counted)


def test_a_wide_fanout_holds_its_gates_until_its_last_part(scene: Any) -> None:
    begun = scene("root* > work, work > end", unites={"end": "root"})
    begun.settlement.report(begun.state("root"), numbers(2_001))

    assert (begun.pending(), begun.made()) == ({"end": 1, "run": 1}, [])
    begun.settlement.siblings(begun.state("root"), 1, ['{"n":1}'])
    begun.settlement.unspill(begun.state("root"), '{"n":0}')
    assert begun.pending() == {"end": 2, "run": 0}


def test_children_that_cannot_be_created_leave_nothing_behind(scene: Any) -> None:
    begun = scene("root > good bad", inputs={"bad": {"n": "${{ root.outputs.n }}"}})
    begun.settlement.report(begun.state("root"), give({}))
    run = begun.changes.run(1)

    assert (begun.made(), run.pending, run.failed) == ([], -1, 1)
    assert begun.changes.ended[0].status is State.NEXT_CREATED_ERROR


def test_writes_are_seen_by_the_children_made_with_them(scene: Any) -> None:
    begun = scene(
        "root > leaf",
        store={"n": 1},
        inputs={"leaf": {"n": "${{ store.n }}"}},
        store_config={"default_values": {"n": 1}},
    )
    begun.settlement.report(begun.state("root"), give({}, writes=[put("n", 5), add("n", 2)]))

    assert begun.changes.created[0].inputs == '{"n":7}'
    assert begun.changes.store == {(1, "n"): 7}


def test_outcomes_of_one_transaction_add_up(scene: Any) -> None:
    begun = scene("root* > work", store={"n": 1})
    for number in range(3):
        begun.settlement.report(begun.state("work", step(number)), give({}, writes=[add("n", 2)]))

    assert (begun.changes.store, begun.pending()) == ({(1, "n"): 7}, {"run": -3})
