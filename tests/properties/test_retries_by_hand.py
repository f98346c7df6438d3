"""A run that failed and was retried by hand ends as if nothing had ever failed (semantics 4, Manual retry)."""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, note, settings

from exodsl.manager.opening import open_manager
from exodsl.template.checks import check
from tests.properties.bodies import Act, Deed, Fail, Json, Prune
from tests.properties.driver import Clock, Driver
from tests.properties.graphs import Case, cases
from tests.properties.interpreter import interpret
from tests.properties.outcome import Outcome, Row, differences

GRAPHS = int(os.environ.get("EXODSL_PROPERTY_GRAPHS", "150"))
ROUNDS = 12


def mended(act: Act) -> Act:
    """Return bodies that do what these do, but never fail and never touch the store."""

    def deed(identifier: str, inputs: Json, retry: int, requeued: int) -> Deed:
        tries = (act(identifier, inputs, number, requeued) for number in range(retry, retry + 50))
        found = next(done for done in tries if not isinstance(done, Fail) or not done.retryable)
        if isinstance(found, Fail):
            return Prune({})
        return replace(found, writes=())

    return deed


def broken(act: Act) -> Act:
    """Return bodies that fail where these do, for good, and never touch the store."""
    good = mended(act)

    def deed(identifier: str, inputs: Json, retry: int, requeued: int) -> Deed:
        if isinstance(act(identifier, inputs, 0, requeued), Fail):
            return Fail(retryable=False)
        return good(identifier, inputs, retry, requeued)

    return deed


def last_attempts(outcome: Outcome) -> Outcome:
    """Leave out what was superseded, and how often anything was tried."""
    rows = {
        name: [Row(row.status, 0, row.inputs, row.outputs, row.data) for row in rows if row.status != "RETRY_CREATED"]
        for name, rows in outcome.rows.items()
    }
    return Outcome(outcome.status, {}, {name: kept for name, kept in rows.items() if kept})


@settings(
    max_examples=GRAPHS,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(cases())
def test_a_run_retried_by_hand_ends_as_if_nothing_had_failed(case: Case) -> None:
    note(repr(case))
    assume(not check(case.template))
    clock = Clock()
    manager = open_manager(":memory:", clock=clock)
    driver = Driver(manager, clock, case.template, broken(case.act), case.order)
    run_id = driver.start(case.run_inputs, case.store)
    driver.work(run_id)
    driver.act = mended(case.act)
    for _ in range(ROUNDS):
        failed = [
            state.state_id
            for state in driver.reader.all_states(run_id)
            if state.status == "ERRORED" and state.error and state.error.type == "tests.Broken"
        ]
        if not failed:
            break
        manager.retry(run_id, failed)
        driver.work(run_id)
    expected = interpret(case.template, mended(case.act), case.run_inputs, case.store)
    actual = driver.reader.outcome(run_id)
    manager.close()
    different = differences(last_attempts(expected), last_attempts(actual))

    assert not different, "\n".join(["retried by hand it is not what it would have been:", *different])
