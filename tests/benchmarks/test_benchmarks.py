from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks import distance, inspector, memory, plans, scaling
from tests.benchmarks.generated import generate
from tests.benchmarks.rounds import Way, measure
from tests.benchmarks.writer import BATCH, Writer


@pytest.mark.parametrize("plan", [plans.chain, plans.fanout, plans.many_runs, plans.naps])
def test_every_way_does_its_work(plan: Callable[[int], list[Way]]) -> None:
    """How long it takes decides nothing; each way raises when its run does not end well."""
    measured = measure(plan(5), rounds=1)

    assert [len(one.samples) for one in measured] == [1] * len(measured)


def test_a_fresh_process_tells_its_peak_memory() -> None:
    assert memory.measured_in_fresh_process(5) > 0


def test_the_inspector_is_measured_on_a_terminal_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "exodsl.db"
    generate(file, 300)

    found = list(inspector.keys(file, 300, inspector.QUICK))

    assert all(figure.value > 0 for figure in found)


def test_a_writer_works_on_a_generated_run(tmp_path: Path) -> None:
    file = tmp_path / "exodsl.db"
    generate(file, 300, waiting=50)

    writer = Writer(file, 300, count=4 * BATCH, rate=0)
    writer.start()

    assert writer.done().exchanges == 4


def test_runtimes_share_the_work_of_a_database() -> None:
    found = scaling.measured(runs=5, rounds=1, runtimes=[2], databases=[scaling.SQLITE])

    assert [(one.naps, len(one.turns)) for one in found] == [(False, 1), (True, 1)]


def test_the_way_over_http_is_measured() -> None:
    """A large value, a fanout, and runtimes that wait."""
    with distance.served() as server:
        figures = [figure for measure_one in distance.MEASURES[True] for figure in measure_one(server)]

    assert len(figures) == 12
