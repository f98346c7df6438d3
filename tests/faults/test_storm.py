"""Runtimes are killed at random, and nothing is lost or doubled (semantics 3)."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.faults.serving import http_server
from tests.faults.storm import Storm, rage
from tests.postgres import own_server

STORM = Storm(runs=20, runtimes=4, kills=12)
"""`nox -s chaos` has a larger one."""


def test_random_kills_lose_and_double_nothing(processes: ForkServerContext, tmp_path: Path) -> None:
    damage = rage(STORM, processes, tmp_path)

    assert (damage.states, damage.lost, damage.doubled) == (20 * 50, 0, 0)
    assert damage.kills >= 5


def test_a_server_that_is_shut_down_and_crashes_meanwhile_loses_and_doubles_nothing(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    with own_server() as server:
        damage = rage(replace(STORM, restarts=2), processes, tmp_path, server)

    assert (damage.states, damage.lost, damage.doubled) == (20 * 50, 0, 0)
    assert (damage.kills >= 5, damage.restarts) == (True, 2)


def test_a_server_over_http_that_is_killed_meanwhile_loses_and_doubles_nothing(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    """Nor does any body run again: runtimes keep what they hold while their server is away."""
    with http_server(str(tmp_path / "served.db")) as server:
        damage = rage(Storm(runs=10, runtimes=3, kills=0, restarts=2), processes, tmp_path, server)

    assert (damage.states, damage.lost, damage.doubled, damage.repeated) == (10 * 50, 0, 0, 0)
    assert damage.restarts == 2
