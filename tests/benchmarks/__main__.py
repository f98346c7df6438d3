"""`python -m tests.benchmarks`: the engine beside plain SQLite loops, in one process run."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks import distance, inspector, lists, memory, plans, scaling, startup, tables
from tests.benchmarks.rounds import Way, measure

ROUNDS, FEW_ROUNDS, SCALING_ROUNDS, QUICK_ROUNDS = 7, 5, 3, 2
WORK = ("W1", "W2", "W3", "W4", "W5", "HELP", "LISTS", "INSPECTOR", "SCALING", "HTTP")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for, print a table for each work, and write all figures as JSON if asked to."""
    asked = _parser().parse_args(arguments)
    wanted = [name for name in WORK if name in asked.only]
    print(tables.machine_line(), flush=True)
    found: dict[str, Any] = {"machine": tables.machine(), "work": {}}
    for name in wanted:
        for title, figures in _MEASURES[name](asked.quick, asked.rounds):
            found["work"][title] = figures
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


Figures = list[tuple[str, Any]]


def _compared(title: str, ways: list[Way], rounds: int) -> tuple[str, Any]:
    measured = measure(ways, rounds)
    print(tables.compared(title, measured, rounds), flush=True)
    return title, tables.figures(measured)


def _w1(quick: bool, rounds: int | None) -> Figures:
    length = 100 if quick else 1_000
    title = f"W1 one run, a chain of {length:,} states"
    return [_compared(title, plans.chain(length), rounds or _rounds(quick))]


def _w2(quick: bool, rounds: int | None) -> Figures:
    widths = [1_000] if quick else [1_000, 10_000]
    return [
        _compared(f"W2 one fanout of {n:,}, one unite", plans.fanout(n), rounds or _rounds(quick, many=n > 1_000))
        for n in widths
    ]


def _w3(quick: bool, rounds: int | None) -> Figures:
    count = 100 if quick else 1_000
    return [_compared(f"W3 {count:,} runs of a -> b -> c", plans.many_runs(count), rounds or _rounds(quick))]


def _w4(quick: bool, rounds: int | None) -> Figures:
    width = 100 if quick else 500
    title = f"W4 a fanout of {width} async bodies that each sleep 20 ms"
    measured = measure(plans.naps(width), rounds or _rounds(quick))
    print(tables.walls(title, measured), flush=True)
    return [(title, tables.figures(measured))]


def _w5(quick: bool, rounds: int | None) -> Figures:
    widths = [100, 1_000, 10_000] if quick else [100, 1_000, 10_000, 100_000]
    measured = measure(plans.widths(widths), rounds or _rounds(quick, many=True))
    peaks = {width: memory.measured_in_fresh_process(width) for width in [1, *widths]}
    title = "W5 W2 as N grows"
    print(tables.growth(title, measured, peaks), flush=True)
    return [(title, tables.figures(measured)), (f"{title}: peak memory in MB", peaks)]


def _help(quick: bool, rounds: int | None) -> Figures:
    found = startup.cpu_seconds(rounds or _rounds(quick))
    print("\n".join(f"{name}: {seconds:.3f} s of CPU" for name, seconds in found.items()), flush=True)
    return [("exodsl --help: seconds of CPU", found)]


def _lists(quick: bool, rounds: int | None) -> Figures:
    figures: Figures = []
    for states in [10_000] if quick else [100_000, 1_000_000]:
        with tempfile.TemporaryDirectory(prefix="exodsl-bench-") as folder:
            found = lists.milliseconds(Path(folder), states, rounds or _rounds(quick))
        print(f"lists of a run of {states:,} states, ms:", flush=True)
        print("\n".join(f"  {took:8.2f}  {name}" for name, took in found.items()), flush=True)
        figures.append((f"lists of a run of {states:,} states: ms", found))
    return figures


def _inspector(quick: bool, rounds: int | None) -> Figures:
    scale = inspector.QUICK if quick else inspector.Scale(rounds or ROUNDS)
    figures: Figures = []
    for states in [10_000] if quick else [100_000, 1_000_000]:
        with tempfile.TemporaryDirectory(prefix="exodsl-bench-") as folder:
            found = inspector.measured(Path(folder), states, scale)
        title = f"the inspector on a run of {states:,} states"
        print("\n".join([f"{title}:", *map(str, found)]), flush=True)
        figures.append((title, {figure.name: [figure.value, figure.unit] for figure in found}))
    return figures


def _scaling(quick: bool, rounds: int | None) -> Figures:
    runs, times = (50, 1) if quick else (1_000, rounds or SCALING_ROUNDS)
    found = scaling.measured(runs, times)
    print(scaling.shown(found, runs, times), flush=True)
    return [("scaling", [asdict(one) for one in found])]


def _http(quick: bool, _: int | None) -> Figures:
    found: list[inspector.Figure] = []
    print("\nby `exodsl serve`, over a file:", flush=True)
    for measure_one in distance.MEASURES[quick]:
        with distance.served() as server:
            figures = measure_one(server)
        print("\n".join(map(str, figures)), flush=True)
        found += figures
    return [("HTTP", {figure.name: [figure.value, figure.unit] for figure in found})]


def _rounds(quick: bool, *, many: bool = False) -> int:
    return QUICK_ROUNDS if quick else FEW_ROUNDS if many else ROUNDS


_MEASURES: dict[str, Callable[[bool, int | None], Figures]] = {
    "W1": _w1, "W2": _w2, "W3": _w3, "W4": _w4, "W5": _w5, "HELP": _help,
    "LISTS": _lists, "INSPECTOR": _inspector, "SCALING": _scaling, "HTTP": _http,
}  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names, default=WORK, metavar="W1,W2", help="only this work")
    parser.add_argument("--quick", action="store_true", help="small and few: shows that it runs, not how fast")
    parser.add_argument("--rounds", type=int, help="rounds for every work (default: 7, or 5 where it is long)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().upper() for name in text.split(","))
    unknown = [name for name in names if name not in WORK]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}: choose from {', '.join(WORK)}")
    return names


if __name__ == "__main__":
    main()
