from collections.abc import Callable

import pytest

from tests.benchmarks import memory, plans
from tests.benchmarks.rounds import Way, measure


@pytest.mark.parametrize("plan", [plans.chain, plans.fanout, plans.many_runs, plans.naps])
def test_every_way_does_its_work(plan: Callable[[int], list[Way]]) -> None:
    """How long it takes decides nothing; each way raises when its run does not end well."""
    measured = measure(plan(5), rounds=1)

    assert [len(one.samples) for one in measured] == [1] * len(measured)


def test_a_fresh_process_tells_its_peak_memory() -> None:
    assert memory.measured_in_fresh_process(5) > 0
