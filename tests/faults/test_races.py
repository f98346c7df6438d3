"""Many processes trigger at once under one idempotency key (semantics 9)."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext
from typing import Any

from tests.faults.orders import begin, opened

RACERS = 20


def race(shared: str, barrier: Any, found: Any) -> None:
    """Wait for all the others, open the database, which may not be there yet, and trigger the run."""
    barrier.wait()
    with opened(shared) as manager:
        found.put(begin(manager))


def test_twenty_processes_with_one_idempotency_key_start_one_run(processes: ForkServerContext, shared: str) -> None:
    barrier, found = processes.Barrier(RACERS), processes.SimpleQueue()
    racers = [processes.Process(target=race, args=(shared, barrier, found), daemon=True) for _ in range(RACERS)]
    for racer in racers:
        racer.start()
    given = {found.get() for _ in racers}
    for racer in racers:
        racer.join()
    with opened(shared) as manager:
        runs = manager.runs().items
        states = manager.states(runs[0].run_id).items

    assert [racer.exitcode for racer in racers] == [0] * RACERS
    assert given == {run.run_id for run in runs}
    assert (len(given), len(states)) == (1, 1)
