"""Retries of very many states: chunk by chunk, stopped between two, with what was skipped."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exodsl.manager.filter_text import state_filter
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.choosing import matching, these
from exodsl_tui.actions.retrying import plan_retry, retry_all
from exodsl_tui.actions.work import CHUNK, Watch
from tests.manager.byhand import NOTHING, ByHand, draw, fail, numbers
from tests.tui.conftest import Begin

MANY = 250


@pytest.fixture
def run(start: Begin) -> ByHand:
    """A run of which every page failed."""
    run = start(draw("split* > work, work > end", unites={"end": "split"}))
    run.work(split=numbers(MANY), work=fail("gone"))
    return run


def failed(run: ByHand) -> list[int]:
    page = run.manager.states(run.run_id, status="ERRORED", limit=MANY)
    return [state.state_id for state in page.items]


def count(run: ByHand, status: str) -> int:
    work = next(node for node in run.manager.progress(run.run_id) if node.identifier == "work")
    return int(getattr(work, status))


def test_each_chunk_is_a_transaction_of_its_own(run: ByHand, manager: StateManager) -> None:
    told: list[str] = []

    tally = retry_all(manager, Watch(told.append), run.run_id, failed(run))

    assert (len(tally.retried), tally.skipped) == (MANY, [])
    assert told == ["retried 100 of 250", "retried 200 of 250", "retried 250 of 250"]


def test_where_no_runtime_would_go_on_the_plan_says_how(run: ByHand, manager: StateManager) -> None:
    how = f"No runtime serves this run now; go on with: exodsl resume {run.run_id[-8:]}"
    served = plan_retry(these(run.run_id, failed(run)[:1]))(manager, Watch())
    manager.close_session(run.session)
    alone = plan_retry(these(run.run_id, failed(run)[:1]))(manager, Watch())

    assert (how in served.lines, how in alone.lines) == (False, True)


def test_it_stops_between_two_chunks(run: ByHand, manager: StateManager) -> None:
    watch = Watch(lambda said: watch.stop())

    tally = retry_all(manager, watch, run.run_id, failed(run))

    assert len(tally.retried) == CHUNK == count(run, "live")
    assert count(run, "errored") == MANY - CHUNK


def test_one_state_that_is_refused_stops_no_other(run: ByHand, manager: StateManager) -> None:
    ids = failed(run)
    manager.retry(run.run_id, [ids[3]])

    tally = retry_all(manager, Watch(), run.run_id, ids)

    assert len(tally.retried) == MANY - 1
    assert [str(one) for one in tally.skipped] == [
        f"State {ids[3]} is RETRY_CREATED; only what failed or was pruned can be retried."
    ]


def test_of_a_retry_that_is_cut_short_both_parts_are_told(
    run: ByHand, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exodsl.database.sqlite.BUSY_MS", 20)
    other = sqlite3.connect(database, isolation_level=None)
    with closing(open_manager(str(database), clock=run.clock)) as manager, closing(other):
        plan = plan_retry(these(run.run_id, failed(run)))(manager, Watch())
        assert plan.do is not None

        outcome = plan.do(manager, Watch(lambda said: other.execute("BEGIN IMMEDIATE")))

    assert outcome.said == "100 states retried"
    assert [one.what for one in outcome.skipped] == ["The other 150 states"]
    assert count(run, "live") == CHUNK


def test_a_plan_changes_nothing(run: ByHand, manager: StateManager) -> None:
    before = manager.mark()

    plan = plan_retry(matching(run.run_id, state_filter("node:work")))(manager, Watch())

    assert (plan.title, plan.typed) == ("Retry 250 states", "250")
    assert "1 gate may reopen." in plan.lines
    assert count(run, "errored") == MANY
    assert manager.mark() == before


def test_a_plan_does_exactly_what_it_said(run: ByHand, manager: StateManager) -> None:
    plan = plan_retry(these(run.run_id, failed(run)[:7]))(manager, Watch())
    assert plan.do is not None

    outcome = plan.do(manager, Watch())

    assert (outcome.said, outcome.skipped) == ("7 states retried", ())
    assert count(run, "live") == 7


def test_a_filter_without_a_status_means_what_failed(start: Begin, manager: StateManager) -> None:
    run = start(draw("a > b"))
    run.work(a=NOTHING, b=fail())

    plan = plan_retry(matching(run.run_id, state_filter("sort:-id")))(manager, Watch())

    assert plan.title == "Retry 1 state"


def test_what_is_taken_back_is_counted(start: Begin, manager: StateManager) -> None:
    mapping = {"work": {"n": "${{ split.outputs.n }}"}}
    run = start(
        draw("split* > work, work > end, end > last", unites={"end": "split!"}, inputs=mapping, keep_store=True)
    )
    run.work(split=numbers(3), work=lambda inputs: fail() if inputs["n"] == 1 else NOTHING)

    plan = plan_retry(matching(run.run_id, state_filter("")))(manager, Watch())

    assert "2 states that came of how they ended are taken back." in plan.lines
