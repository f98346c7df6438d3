"""The gate doctor says nothing that the engine does not do, on random graphs with random bodies (semantics 4)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from exodsl.errors import TransitionRefused
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.inspection import Verdict
from exodsl.manager.opening import open_embedded
from exodsl.manager.views import StateStatus
from exodsl.template.checks import check
from tests.manager.audit import in_parts
from tests.properties.bodies import Act, Behaviour, Deed, Json
from tests.properties.driver import Clock, Driver
from tests.properties.graphs import Case, cases
from tests.properties.test_retries_by_hand import broken

GRAPHS = int(os.environ.get("EXODSL_PROPERTY_GRAPHS", "30"))
ENOUGH = 30
WANTS = ("exodsl.MissingValue", "exodsl.NextCreatedError")
GateId = tuple[str, tuple[int, ...]]


class Doctor:
    """A run with what the doctor says of its gates."""

    def __init__(self, manager: EmbeddedManager, clock: Clock, case: Case) -> None:
        self._manager = manager
        self._case = case
        template = case.template.model_copy(update={"keep_store": True})
        self._driver = Driver(manager, clock, template, self._watched(broken(case.act)), case.order)
        self.run_id = self._driver.start(case.run_inputs, case.store)
        self.said: list[tuple[GateId, Verdict]] = []

    def work(self) -> None:
        """Work to the end, with bodies that fail where they are drawn to."""
        self._driver.work(self.run_id)

    def retry(self, verdict: Verdict) -> bool:
        """Retry what is dead for a gate, with bodies that go well; say whether it was allowed."""
        self._driver.act = self._going_well
        with suppress(TransitionRefused):
            self._manager.retry(self.run_id, verdict.dead)
            self._driver.work(self.run_id)
            return True
        return False

    def ended_badly(self) -> set[int]:
        """Return the states that failed or were pruned."""
        ends: tuple[StateStatus, ...] = ("ERRORED", "PRUNED", "NEXT_CREATED_ERROR")
        pages = (self._manager.states(self.run_id, status=end, limit=500) for end in ends)
        return {state.state_id for page in pages for state in page.items}

    def lacks_value(self, state: int) -> bool:
        """Say whether a state ended for want of a value, and not because of its body."""
        error = self._manager.state(state).error
        return error is not None and error.type in WANTS

    def examine(self, gate: GateId) -> Verdict:
        """Ask for a verdict."""
        return self._manager.gate(self.run_id, *gate)

    def gates(self) -> Iterator[tuple[GateId, Verdict]]:
        """Give each gate with its verdict."""
        for gate in self._manager.gates(self.run_id, limit=10_000).items:
            yield (gate.identifier, gate.path), self.examine((gate.identifier, gate.path))

    def _watched(self, act: Act) -> Act:
        def deed(identifier: str, inputs: Json, retry: int, requeued: int) -> Deed:
            self.said += self.gates()
            return act(identifier, inputs, retry, requeued)

        return deed

    def _going_well(self, identifier: str, inputs: Json, retry: int, requeued: int) -> Deed:
        body = replace(self._case.bodies[identifier], behaviours=(Behaviour(),))
        return body.deed(identifier, inputs, 0, 0)


def failed(verdict: Verdict) -> bool:
    """Say whether it tells of a failure that a strict gate counts."""
    return verdict.sentence.startswith(("Cannot open", "Blocked"))


def total(verdict: Verdict) -> int:
    """Return how many branches a gate had in the end."""
    return verdict.gate.arrived + verdict.gate.failed + verdict.gate.pruned


@pytest.mark.timeout(0 if GRAPHS > ENOUGH else 300)
@pytest.mark.parametrize("fanouts", ["whole", "in parts"])
def test_what_the_doctor_says_comes_true(fanouts: str) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=GRAPHS,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(cases())
    def examine(case: Case) -> None:
        note(repr(case))
        assume(not check(case.template))
        clock = Clock()
        with closing(open_embedded(":memory:", clock=clock)) as manager:
            doctor = Doctor(manager, clock, case)
            doctor.work()
            ends = dict(doctor.gates())
            for gate, verdict in doctor.said:
                seen["open"] += verdict.gate.status == "OPEN"
                _compare(verdict, ends[gate])
            for verdict in ends.values():
                assert failed(verdict) == (verdict.gate.status == "BLOCKED")
                assert verdict.dead or not failed(verdict)
            _retry_each(doctor, [gate for gate, verdict in ends.items() if verdict.dead], seen)

    with in_parts() if fanouts == "in parts" else nullcontext():
        examine()

    assert GRAPHS < ENOUGH or (seen["opened"] > 3 and seen["open"] > 100), seen


def _compare(said: Verdict, end: Verdict) -> None:
    """See that what was said of a gate while it was open is what became of it."""
    assert end.gate.status == "BLOCKED" or not failed(said), (said, end)
    assert said.expected == total(end) or not said.exact, (said, end)
    assert set(said.dead) <= set(end.dead), (said, end)


def _retry_each(doctor: Doctor, gates: list[GateId], seen: Counter[str]) -> None:
    """Retry what is dead for each gate that still has some: it opens, or what is dead then is new.

    All bodies go well by then, so that this is the case only where something lacks a value that nobody gives. A retry
    may take the gate back together with what had opened it, where that had read the same value.
    """
    for gate in gates:
        before, bad = dict(doctor.gates()).get(gate), doctor.ended_badly()
        if before is None or not before.dead or not doctor.retry(before):
            continue
        after = dict(doctor.gates()).get(gate)
        seen["retried"] += 1
        if after is None:
            seen["taken back"] += 1
            continue
        seen["opened"] += not after.dead
        worse = doctor.ended_badly() - bad
        assert after.dead or after.gate.status == "PASSED", (gate, before, after)
        assert worse or not after.dead, (gate, before, after)
        assert all(map(doctor.lacks_value, worse)), (gate, before, after)
        assert not set(after.dead) & set(before.dead), (gate, before, after)
