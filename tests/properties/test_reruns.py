"""A run started again from one of its states ends as it did, and leaves the old one alone (semantics 3)."""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, assume, given, note, settings

from exodsl.manager.opening import open_manager
from exodsl.template.checks import check
from tests.properties.driver import Clock, Driver
from tests.properties.graphs import Case, cases
from tests.properties.outcome import differences
from tests.properties.test_retries_by_hand import last_attempts, mended

GRAPHS = int(os.environ.get("EXODSL_PROPERTY_GRAPHS", "100"))


@settings(
    max_examples=GRAPHS,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(cases())
def test_a_run_started_again_ends_as_it_did(case: Case) -> None:
    note(repr(case))
    assume(not check(case.template))
    clock = Clock()
    manager = open_manager(":memory:", clock=clock)
    driver = Driver(manager, clock, case.template, mended(case.act), case.order)
    run_id = driver.start(case.run_inputs, case.store)
    driver.work(run_id)
    before = driver.reader.outcome(run_id)
    ended = [
        state for state in driver.reader.all_states(run_id) if state.fanout_index == 0 and state.status == "SUCCESS"
    ]
    if not ended:
        manager.close()
    assume(ended)
    chosen = Random(case.order).choice(ended)
    again = manager.rerun(run_id, chosen.state_id).run_id
    driver.reader.adopt(run_id, again)
    driver.work(again)
    after, untouched = driver.reader.outcome(again), driver.reader.outcome(run_id)
    manager.close()
    different = differences(last_attempts(before), last_attempts(after))

    assert not different, "\n".join([f"again from {chosen.identifier} it is another run:", *different])
    assert untouched == before
