"""What the lists of an inspector take on a large run: milliseconds, the median of some calls each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from exodsl.manager.filter_text import run_filter, state_filter
from exodsl.manager.opening import open_manager
from tests.benchmarks.generated import BEGIN, generate

WAITING, RUNNING, OTHERS = 500, 60, 40
FILTERS = (
    "",
    "node:parse status:ok",
    "status:errored",
    "status:created",
    "status:running",
    "status:retry",
    "in.lang:th status:errored",
    "node:parse out.score:>0.8",
    "took:>1d",
    "in.lang:xx",
    "sort:-took",
)


def milliseconds(folder: Path, states: int, rounds: int) -> dict[str, float]:
    """Make a run of so many states among others, and return what each look at it takes."""
    file = folder / "exodsl.db"
    for _ in range(OTHERS):
        generate(file, 30)
    run = generate(file, states, waiting=min(WAITING, states // 10), running=RUNNING)
    with_clock = open_manager(str(file), read_only=True, clock=lambda: BEGIN + states)
    looks: dict[str, Callable[[], object]] = {
        "mark": with_clock.mark,
        "runs": lambda: with_clock.find_runs(run_filter("")),
        "runs, status:live": lambda: with_clock.find_runs(run_filter("status:live")),
        "graphs": with_clock.graphs,
        "progress": lambda: with_clock.progress(run),
        "position at 90%": lambda: with_clock.cursor_at(run, states * 9 // 10),
        "position in the middle of a node": lambda: with_clock.cursor_at(run, states // 2),
        **{f"states, {text or 'all'}": _search(with_clock.find_states, run, text) for text in FILTERS},
    }
    try:
        return {name: median([_took(look) for _ in range(rounds + 1)][1:]) * 1000 for name, look in looks.items()}
    finally:
        with_clock.close()


def _search(find: Callable[..., object], run: str, text: str) -> Callable[[], object]:
    filter = state_filter(text)
    return lambda: find(run, filter)


def _took(look: Callable[[], object]) -> float:
    begun = perf_counter()
    look()
    return perf_counter() - begun
