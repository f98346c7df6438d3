"""Random histories: runtimes crash, sleep and come again while runs are cancelled, paused, retried and rerun.

After each step everything is recounted from the rows alone. When a history is over, the rest is worked off,
and each run compared with the interpreter (semantics 3, 4).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from functools import partial

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exodsl.engine.reports import Executed, Released, Report
from exodsl.manager.sessions import LEASE_MS
from exodsl.template.checks import check
from tests.manager.audit import in_parts
from tests.properties.bodies import Behaviour
from tests.properties.graphs import Case, cases
from tests.properties.ledger import ONE_MORE
from tests.properties.places import Place, in_a_file, on_a_server
from tests.properties.stage import GOES_WELL, Stage, one

FEW = 30
HISTORIES = int(os.environ.get("EXODSL_PROPERTY_GRAPHS", FEW))
SERVED = HISTORIES if HISTORIES > FEW else 6
"""How many also take place on a server, which takes longer: all of them where there is time for many."""
STEPS = 40
MOST_RUNS = 4
LONGEST_DELAY_MS = 6_000
"""The longest that a retry of any drawn graph waits."""
FAILS = Behaviour(fails=1)
BAD = ("ERRORED", "PRUNED", "NEXT_CREATED_ERROR")

picks = st.integers(0, 99)
capacities = st.integers(0, 4)
behaviours = st.builds(
    Behaviour,
    ends=st.sampled_from(["give", "give", "prune", "fatal"]),
    width=st.integers(0, 3),
    fails=st.sampled_from([0, 0, 1]),
    requeues=st.sampled_from([0, 0, 0, 0, 1]),
    lacks=st.sampled_from([(False,), (False,), (True, False)]),
    writes=st.just((ONE_MORE,)),
)
valid_cases = cases().filter(lambda case: not check(case.template))


class Histories(RuleBasedStateMachine):
    """What may happen to the runs of one random graph; a `pick` chooses one of those that are there."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = ExitStack()
        self.opened: list[Stage] = []

    def place(self) -> AbstractContextManager[Place]:
        """Make the place of one history."""
        return in_a_file()

    @property
    def stage(self) -> Stage:
        return self.opened[0]

    @initialize(case=valid_cases)
    def begin(self, case: Case) -> None:
        note(repr(case))
        place = self._closing.enter_context(self.place())
        self.opened.append(self._closing.enter_context(closing(Stage(case, place))))
        self.stage.trigger()

    @invariant()
    def holds(self) -> None:
        for stage in self.opened:
            stage.check()

    def teardown(self) -> None:
        with self._closing:
            if sys.exc_info()[0] is None:  # else the history was cut short, and its error is on the way
                for stage in self.opened:
                    stage.finish()

    # --- work -------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.stage.runs) < MOST_RUNS)
    @rule()
    def trigger(self) -> None:
        self.stage.trigger()

    @rule(hand=picks, capacity=capacities)
    def claim(self, hand: int, capacity: int) -> None:
        self.stage.exchange(one(self.stage.hands, hand), [], capacity)

    @precondition(lambda self: self.stage.holding)
    @rule(hand=picks, told=st.lists(behaviours, min_size=1, max_size=3), capacity=capacities)
    def report(self, hand: int, told: list[Behaviour], capacity: int) -> None:
        """Tell of some of what a runtime holds."""
        teller = one(self.stage.holding, hand)
        self.stage.tell(teller, list(zip(teller.held, told, strict=False)), capacity)

    @rule(hand=picks, steps=st.integers(1, 6), told=st.sampled_from([GOES_WELL, GOES_WELL, FAILS]))
    def work(self, hand: int, steps: int, told: Behaviour) -> None:
        """Have a runtime go on for a while, with bodies that do well, or fail again and again."""
        worker = one(self.stage.hands, hand)
        for _ in range(steps):
            self.stage.tell(worker, [(claim, told) for claim in worker.held], 3)
            self.stage.clock.now_ms += LONGEST_DELAY_MS if told is FAILS else 0

    @precondition(lambda self: self.stage.holding)
    @rule(hand=picks, pick=picks)
    def give_back(self, hand: int, pick: int) -> None:
        giver = one(self.stage.holding, hand)
        claim = one(giver.held, pick)
        self.stage.exchange(giver, [Report(claim.state_id, claim.lease, Released())], 0)

    @precondition(lambda self: self.stage.left)
    @rule(hand=picks, pick=picks)
    def report_late(self, hand: int, pick: int) -> None:
        """Tell of what was left behind, or told before: it is refused, and changes nothing."""
        teller, claim = one(self.stage.hands, hand), one(self.stage.left, pick)
        self.stage.exchange(teller, [], 0)  # which finds out who is gone
        with self.stage.unchanged():
            self.stage.exchange(teller, [Report(claim.state_id, claim.lease, Executed(["{}"]))], 0)

    # --- time and trouble -------------------------------------------------------------------------

    @rule(by=st.sampled_from([1, 100, 3_000, LEASE_MS // 2 + 1, LEASE_MS + 1]))
    def wait(self, by: int) -> None:
        self.stage.clock.now_ms += by

    @precondition(lambda self: self.stage.holding)
    @rule(hand=picks, told=behaviours)
    def oversleep(self, hand: int, told: Behaviour) -> None:
        """Have a runtime be silent until another process may have what it held, and then report."""
        sleeper = one(self.stage.holding, hand)
        self.stage.clock.now_ms += LEASE_MS + 1
        for other in self.stage.hands:
            if other.manager is not sleeper.manager:
                self.stage.exchange(other, [], 3)
        self.stage.tell(sleeper, [(claim, told) for claim in sleeper.held], 0)

    @rule(pick=picks, seen=st.booleans())
    def crash(self, pick: int, seen: bool) -> None:
        self.stage.crash(pick, seen=seen)

    @rule(hand=picks)
    def leave(self, hand: int) -> None:
        self.stage.leave_behind(one(self.stage.hands, hand).leave())

    # --- control by hand --------------------------------------------------------------------------

    @rule(pick=picks, run=picks, call=st.sampled_from(["pause", "pause", "pause", "resume", "cancel"]))
    def control(self, pick: int, run: int, call: str) -> None:
        """Cancel, pause or resume a run, as its status allows."""
        manager, run_id = one(self.stage.managers, pick), one(self.stage.runs, run)
        allowed, after = {
            "pause": (("RUNNING",), "PAUSED"),
            "resume": (("PAUSED",), "RUNNING"),
            "cancel": (("RUNNING", "PAUSED"), "CANCELLED"),
        }[call]
        before = self.stage.rows.run(run_id)
        done = self.stage.is_done(partial(getattr(manager, call), run_id))

        assert done == (before in allowed)
        assert self.stage.rows.run(run_id) == (after if done else before)
        if done and call == "cancel":
            self.stage.note_cancel(run_id)

    @rule(pick=picks, run=picks, state=picks, dry_run=st.booleans())
    def retry(self, pick: int, run: int, state: int, dry_run: bool) -> None:
        """Retry a state by hand, rather one that ended badly: done where it must be, refused where it must be."""
        manager, run_id, rows = one(self.stage.managers, pick), one(self.stage.runs, run), self.stage.rows
        key = one(rows.states(run_id, BAD) or rows.states(run_id), state)
        before = rows.state(key)
        may = rows.run(run_id) != "CANCELLED" and before in BAD
        must = may and before != "NEXT_CREATED_ERROR" and not rows.states(run_id, ("QUEUED", "EXECUTED"))
        with self.stage.unchanged() if dry_run else nullcontext():
            done = self.stage.is_done(partial(manager.retry, run_id, [key], dry_run=dry_run))

        assert must <= done <= may
        if done and not dry_run:
            assert rows.state(key) == ("SUCCESS" if before == "NEXT_CREATED_ERROR" else "RETRY_CREATED")

    @precondition(lambda self: len(self.stage.runs) < MOST_RUNS)
    @rule(pick=picks, run=picks, state=picks)
    def rerun(self, pick: int, run: int, state: int) -> None:
        """Start again from a state; the old run stays as it is."""
        manager, run_id = one(self.stage.managers, pick), one(self.stage.runs, run)
        key, before = one(self.stage.rows.states(run_id), state), self.stage.rows.of(run_id)
        self.stage.is_done(partial(self.stage.rerun, manager, run_id, key))

        assert self.stage.rows.of(run_id) == before


def tell(histories: type[Histories], number: int) -> None:
    """Let so many random histories happen."""
    run_state_machine_as_test(
        histories,
        settings=settings(
            max_examples=number,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.timeout(0 if HISTORIES > FEW else 300)
@pytest.mark.parametrize("fanouts", ["whole", "in parts"])
def test_whatever_happens_each_outcome_counts_once_and_each_run_ends(fanouts: str) -> None:
    """A few histories of each kind, or `EXODSL_PROPERTY_GRAPHS`; a failure prints the graph and every step."""
    with in_parts() if fanouts == "in parts" else nullcontext():
        tell(Histories, HISTORIES)


@pytest.mark.timeout(0 if HISTORIES > FEW else 300)
def test_so_it_is_on_a_server(postgres_empty: Callable[[], str]) -> None:
    class Served(Histories):
        def place(self) -> AbstractContextManager[Place]:
            return on_a_server(postgres_empty())

    with in_parts():
        tell(Served, SERVED)
