"""Figures as tables to read and as plain data."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from tests.benchmarks.plans import BATCHED, STEP
from tests.benchmarks.rounds import Measured, ratio


def machine() -> dict[str, Any]:
    """Say what was measured on."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def machine_line() -> str:
    """Return `machine` in one line."""
    on = machine()
    return f"CPython {on['python']}, SQLite {on['sqlite']}, {on['system']}, {on['cores']} cores"


def compared(title: str, measured: Sequence[Measured], rounds: int) -> str:
    """Return a table of costs for each state, beside both plain loops."""
    head = ("us a state", "median", "min - max", "states/s", "x step", "x batched", "hop p50 / p95")
    step, batched = _named(measured, STEP), _named(measured, BATCHED)
    rows = [
        (one.way.name, *_cost(one), f"{ratio(one, step):.2f}", f"{ratio(one, batched):.2f}", _hops(one))
        for one in measured
    ]
    return table(f"{title}  ({rounds} rounds)", head, rows)


def walls(title: str, measured: Sequence[Measured]) -> str:
    """Return a table of wall times."""
    rows = [(one.way.name, f"{median(one.walls):.0f}", _span(one.walls)) for one in measured]
    return table(title, ("ms", "median", "min - max"), rows)


def growth(title: str, measured: Sequence[Measured], peaks: Mapping[int, float]) -> str:
    """Return a table of costs as N grows; loops and runs stand in turn, in pairs of one N."""
    pairs = list(zip(measured[::2], measured[1::2], strict=True))
    thousand = next(run for _, run in pairs if run.way.states == 1_000)
    head = ("N", "us a state", "min - max", "x N = 1,000", "x batched", "peak MB")
    rows = [
        (
            f"{n:,}",
            *_cost(run)[:2],
            f"{ratio(run, thousand):.2f}",
            f"{ratio(run, loop):.2f}",
            f"{peaks[n]:.0f}",
        )
        for loop, run in pairs
        for n in (run.way.states,)
    ]
    idle = f"Peak of a process that runs it with N = 1: {peaks[1]:.0f} MB"
    return f"{table(title, head, rows)}\n{idle}"


def figures(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return everything measured as plain data: microseconds a state, milliseconds of wall time."""
    return [
        {
            "way": one.way.name,
            "states": one.way.states,
            "us_per_state": {"median": median(one.costs), "all": one.costs},
            "wall_ms": {"median": median(one.walls), "all": one.walls},
            "ratios": {other.way.name: ratio(one, other) for other in measured if other is not one},
            "hop_us": {"p50": one.hop(50), "p95": one.hop(95)},
        }
        for one in measured
    ]


def _named(measured: Sequence[Measured], name: str) -> Measured:
    return next(one for one in measured if one.way.name == name)


def _cost(one: Measured) -> tuple[str, str, str]:
    middle = median(one.costs)
    return f"{middle:.1f}", _span(one.costs), f"{1e6 / middle:,.0f}"


def _span(values: Sequence[float]) -> str:
    digits = 0 if max(values) >= 100 else 1
    return f"{min(values):.{digits}f} - {max(values):.{digits}f}"


def _hops(one: Measured) -> str:
    middle, late = one.hop(50), one.hop(95)
    return "" if middle is None or late is None else f"{middle:.0f} / {late:.0f}"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows below a title and a head; all cells but the first stand to the right."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in (head, *rows)
    ]
    return "\n".join(["", title, "-" * len(lines[0]), *(line.rstrip() for line in lines)])
