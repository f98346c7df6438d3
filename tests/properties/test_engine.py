"""The engine does what the semantics say, on random graphs with random bodies."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from exodsl.template.checks import check
from tests.properties.census import Census
from tests.properties.driver import drive
from tests.properties.graphs import Case, cases
from tests.properties.interpreter import play
from tests.properties.outcome import differences

GRAPHS = int(os.environ.get("EXODSL_PROPERTY_GRAPHS", "300"))
ENOUGH = 300
LEAST_SHARE = 0.1
MOST_REFUSED = 0.3


SERVED = GRAPHS // 15
"""How many of the graphs are also worked on over a server, which takes longer."""


@pytest.mark.timeout(0 if GRAPHS > ENOUGH else 900)
def test_engine_matches_the_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    """Three hundred graphs, or `EXODSL_PROPERTY_GRAPHS`; a failure prints the graph and both ends."""
    census = Census()

    @settings(
        max_examples=GRAPHS,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(cases())
    def compare(case: Case) -> None:
        note(repr(case))
        refused = check(case.template)
        census.refused += bool(refused)
        assume(not refused)
        world = play(case.template, case.act, case.run_inputs, case.store)
        census.add(world)
        actual = drive(case.template, case.act, case.run_inputs, case.store, case.order)
        different = differences(world.outcome(), actual)

        assert not different, "\n".join(["the engine and the interpreter differ:", *different])

    compare()
    with capsys.disabled():  # the figures belong into every log
        print(f"\n{census}", file=sys.stderr)

    assert census.refused <= MOST_REFUSED * (census.graphs + census.refused)
    assert census.graphs < ENOUGH or not census.rare(LEAST_SHARE)


@pytest.mark.timeout(0 if GRAPHS > ENOUGH else 900)
def test_the_engine_over_a_server_matches_the_interpreter(postgres_uri: str) -> None:
    @settings(
        max_examples=SERVED,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(cases())
    def compare(case: Case) -> None:
        note(repr(case))
        assume(not check(case.template))
        wanted = play(case.template, case.act, case.run_inputs, case.store).outcome()
        found = drive(case.template, case.act, case.run_inputs, case.store, case.order, postgres_uri)
        different = differences(wanted, found)

        assert not different, "\n".join(["the engine and the interpreter differ:", *different])

    compare()
