"""`python -m tests.benchmarks.inline`: what runs inside tests cost."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time

from exodsl import Graph, RetryPolicy, collect, node
from exodsl.testing import fail, run_inline

RUNS, WIDTH = 1_000, 100


@node
def spread(width: int) -> list[int]:
    return list(range(width))


@node
def twice(number: int) -> int:
    return 2 * number


@node
def total(numbers: list[int]) -> int:
    return sum(numbers)


@node
def first(number: int) -> int:
    return number + 1


def hourly() -> None:
    """Run a fanout whose states are each retried three times, after an hour."""
    graph = Graph("hourly", retry=RetryPolicy(max_retries=3, strategy="FIXED", backoff_factor=3_600_000))
    graph.connect(spread, twice, number=spread.outputs)
    graph.connect(twice, total, numbers=collect(twice.outputs)).unites(spread)
    run = run_inline(graph, width=WIDTH, fake={node: fail(node, times=3) for node in (spread, twice, total)})
    assert (run.output(total), run.clock.elapsed) == (WIDTH * (WIDTH - 1), 9 * 3600)


def chains() -> None:
    """Run a chain of three nodes again and again."""
    graph = Graph("chain")
    graph.connect(first, twice, number=first.outputs)
    graph.connect(twice, first.named("last"), number=twice.outputs)
    for number in range(RUNS):
        assert run_inline(graph, number=number).output("last") == 2 * number + 3


def measured(title: str, work: Callable[[], None]) -> str:
    """Return what some work took, in words."""
    begun, cpu = perf_counter(), process_time()
    work()
    return f"{title}: {perf_counter() - begun:.2f} s, of CPU {process_time() - cpu:.2f} s"


if __name__ == "__main__":
    print(measured(f"a fanout of {WIDTH}, 3 retries of an hour for each state", hourly))
    print(measured(f"{RUNS:,} runs of a chain of three nodes", chains))
