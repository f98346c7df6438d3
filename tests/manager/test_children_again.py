"""Retries by hand of states whose children could not be created: the body does not run again (semantics 3).

A store key cannot go missing by anything that exodsl does, so these tests take it out of the database, and put it back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl.engine.reports import Result
from exodsl.errors import TransitionRefused
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Retried, StateManager
from tests.manager.byhand import ByHand, Clock, begin, draw, fail, give, numbers, report

Lacking = Callable[..., ByHand]
KEY: dict[str, Any] = {"store_config": {"default_values": {"k": 5}}}


@pytest.fixture
def manager(tmp_path: Path, clock: Clock) -> Iterator[StateManager]:
    """A state manager over a file that others can write to."""
    opened = open_manager(str(tmp_path / "exodsl.db"), durability="normal", clock=clock, seed=1)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Callable[[str], None]:
    """Writes to the stores of all runs: what was lost, or what is put back."""

    def change(sql: str) -> None:
        with closing(sqlite3.connect(tmp_path / "exodsl.db", isolation_level=None)) as connection:
            connection.execute(sql)

    return change


@pytest.fixture
def lacking(manager: StateManager, clock: Clock, store: Callable[[str], None]) -> Lacking:
    """Work on a run while a store key is missing, and put that back when nothing is left to do."""

    def worked(arrows: str, deeds: dict[str, Any], *, mend: bool = True, **parts: Any) -> ByHand:
        begun = begin(manager, clock, draw(arrows, **KEY, **parts))
        store("DELETE FROM store_entry")
        begun.work(**deeds)
        if mend:
            store("INSERT INTO store_entry (run_id, key, value) SELECT id, 'k', '5' FROM run")
        return begun

    return worked


LEAF: dict[str, Any] = {"leaf": {"k": "${{ store.k }}"}}


def lacks(begun: ByHand) -> int:
    """Return the only state whose children could not be created."""
    (found,) = (state.state_id for state in begun.states() if state.status == "NEXT_CREATED_ERROR")
    return found


def echo(inputs: dict[str, Any]) -> Result:
    """Give what came in."""
    return give(inputs)


def only_one(begun: ByHand, identifier: str) -> bool:
    """Say whether a node has exactly one state that ended well, and none that is live."""
    ends = [status for status in begun.ends(identifier) if status != "RETRY_CREATED"]
    return ends == ["SUCCESS"]


def test_children_are_created_from_what_was_recorded(lacking: Lacking, manager: StateManager) -> None:
    parts = {"inputs": LEAF | {"other": {"n": "${{ maker.outputs.n }}"}}}
    begun = lacking("maker > leaf other", {"maker": give({"n": 1})}, **parts)
    maker, status = lacks(begun), begun.status
    done = manager.retry(begun.run_id)
    claims = begun.take()

    assert (status, done, begun.status) == ("FAILED", Retried((maker,), 0), "RUNNING")
    assert [claim.identifier for claim in claims] == ["leaf", "other"]
    assert begun.work() == "SUCCESS"
    assert (begun.ends("maker"), begun.inputs("leaf"), begun.inputs("other")) == (["SUCCESS"], {"k": 5}, {"n": 1})


def test_what_still_lacks_a_value_is_refused_and_stays_as_it_is(lacking: Lacking, manager: StateManager) -> None:
    begun = lacking("maker > leaf", {}, mend=False, inputs=LEAF)
    maker, before = lacks(begun), (manager.run(begun.run_id), begun.states())
    with pytest.raises(TransitionRefused, match=rf'State {maker} is NEXT_CREATED_ERROR; .* no key "k"'):
        manager.retry(begun.run_id)

    assert (manager.run(begun.run_id), begun.states()) == before


def test_children_created_at_last_are_counted_once(lacking: Lacking, manager: StateManager) -> None:
    begun = lacking("root* > maker, maker > leaf", {"root": numbers(2)}, inputs=LEAF)
    done = manager.retry(begun.run_id)
    begun.work()
    maker, leaf = begun.progress("maker"), begun.progress("leaf")

    assert (len(done.retried), done.superseded) == (2, 0)
    assert (maker.total, maker.success, maker.next_created_error) == (2, 2, 0)
    assert (leaf.total, leaf.success) == (2, 2)


def test_outputs_of_a_fanout_get_their_children_in_order(lacking: Lacking, manager: StateManager) -> None:
    parts = {"inputs": {"leaf": {"n": "${{ maker.outputs.n }}", "k": "${{ store.k }}"}}}
    begun = lacking("maker* > leaf", {"maker": numbers(3)}, **parts)
    before = begun.ends("maker")
    manager.retry(begun.run_id)
    status = begun.work()

    assert (before, status) == (["NEXT_CREATED_ERROR"] * 3, "SUCCESS")
    assert [state.inputs for state in begun.states("leaf")] == [{"n": n, "k": 5} for n in range(3)]


@pytest.mark.parametrize("per", ["maker", "maker/output"])
def test_a_unite_of_what_opened_nothing_opens_then(lacking: Lacking, manager: StateManager, per: str) -> None:
    begun = lacking("maker > leaf other, leaf other > end", {}, inputs=LEAF, unites={"end": per})
    before = begun.states("end")
    manager.retry(begun.run_id)

    assert before == []
    assert begun.work() == "SUCCESS"
    assert only_one(begun, "end")


def test_a_unite_that_was_blocked_waits_for_children_created_at_last(lacking: Lacking, manager: StateManager) -> None:
    parts = {"inputs": LEAF | {"end": {"all": "${{ leaf.outputs.k }}"}}, "unites": {"end": "root"}}
    begun = lacking("root* > maker, maker > leaf, leaf > end", {"root": numbers(1)}, **parts)
    before = begun.states("end")
    manager.retry(begun.run_id)
    between = begun.states("end")

    assert (before, between, begun.ends("leaf")) == ([], [], ["CREATED"])
    assert (begun.work(leaf=echo), begun.states("end")[-1].inputs) == ("SUCCESS", {"all": [5]})


def test_a_unite_that_ran_is_taken_back_for_children_created_at_last(lacking: Lacking, manager: StateManager) -> None:
    parts = {"inputs": LEAF | {"end": {"all": "${{ leaf.outputs.k }}"}}, "unites": {"end": "root!"}}
    begun = lacking("root* > maker, maker > leaf, leaf > end", {"root": numbers(1), "end": fail()}, **parts)
    done = manager.retry(begun.run_id, [lacks(begun)])
    between = begun.ends("end")

    assert (between, done.superseded) == (["RETRY_CREATED"], 1)
    assert (begun.work(leaf=echo), only_one(begun, "end")) == ("SUCCESS", True)
    assert begun.states("end")[-1].inputs == {"all": [5]}


def test_a_fanout_whose_children_are_created_at_last_reopens_its_unite(lacking: Lacking, manager: StateManager) -> None:
    parts = {"inputs": LEAF | {"end": {"all": "${{ leaf.outputs.k }}"}}, "unites": {"end": "maker!"}}
    begun = lacking("maker* > leaf, leaf > end", {"maker": numbers(2), "end": fail()}, **parts)
    lacking_ones = [state.state_id for state in begun.states("maker")]
    done = manager.retry(begun.run_id, lacking_ones)

    assert (done.retried, done.superseded) == (tuple(lacking_ones), 1)
    assert (begun.work(leaf=echo), only_one(begun, "end")) == ("SUCCESS", True)
    assert begun.states("end")[-1].inputs == {"all": [5, 5]}


def test_one_that_failed_and_one_that_lacked_a_value_are_retried_together(
    lacking: Lacking, manager: StateManager
) -> None:
    parts = {"inputs": LEAF | {"maker": {"n": "${{ root.outputs.n }}"}}, "unites": {"end": "root!"}, "keep_store": True}
    deeds = {"root": numbers(2), "maker": lambda inputs: fail() if inputs["n"] else give(inputs)}
    begun = lacking("root* > maker, maker > leaf, leaf > end", deeds, **parts)
    done = manager.retry(begun.run_id)

    assert (len(done.retried), done.superseded) == (2, 2)
    assert (begun.work(leaf=echo), only_one(begun, "end")) == ("SUCCESS", True)
    assert begun.ends("leaf") == ["SUCCESS", "SUCCESS"]


def test_the_children_of_a_paused_run_wait(lacking: Lacking, manager: StateManager) -> None:
    begun = lacking("maker > leaf", {}, inputs=LEAF)
    manager.retry(begun.run_id)
    manager.pause(begun.run_id)
    waiting = begun.take()
    manager.resume(begun.run_id)

    assert (waiting, [claim.identifier for claim in begun.take()]) == ([], ["leaf"])


def test_a_dry_run_tries_whether_the_children_can_be_created(lacking: Lacking, manager: StateManager) -> None:
    begun = lacking("maker > leaf", {}, inputs=LEAF)
    before = begun.states()
    planned = manager.retry(begun.run_id, dry_run=True)

    assert (planned, begun.states()) == (Retried((lacks(begun),), 0), before)
    assert manager.retry(begun.run_id) == planned


def test_late_reports_of_a_lost_lease_do_not_meet_the_new_children(lacking: Lacking, manager: StateManager) -> None:
    begun = lacking("maker > leaf", {}, inputs=LEAF)
    manager.retry(begun.run_id)
    (leaf,) = begun.take()
    answers = [begun.exchange(report(leaf)) for _ in range(2)]

    assert [answer.refused for answer in answers] == [(), (leaf.state_id,)]
    assert begun.status == "SUCCESS"


def test_a_large_output_is_whole_in_the_children(lacking: Lacking, manager: StateManager) -> None:
    mapping = {"k": "${{ store.k }}", "text": "${{ root.outputs.text }}"}
    begun = lacking("root > leaf", {"root": give({"text": "x" * 300_000})}, inputs={"leaf": mapping})

    manager.retry(begun.run_id)
    (leaf,) = begun.take()

    assert json.loads(leaf.inputs) == {"k": 5, "text": "x" * 300_000}
