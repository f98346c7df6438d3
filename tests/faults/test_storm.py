"""Runtimes are killed at random, and nothing is lost or doubled (semantics 3)."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.faults.storm import Storm, rage

STORM = Storm(runs=20, runtimes=4, kills=12)
"""`nox -s chaos` has a larger one."""


def test_random_kills_lose_and_double_nothing(processes: ForkServerContext, tmp_path: Path) -> None:
    damage = rage(STORM, processes, tmp_path)

    assert (damage.states, damage.lost, damage.doubled) == (20 * 50, 0, 0)
    assert damage.kills >= 5
