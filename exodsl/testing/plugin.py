"""The pytest plugin: fixtures for workflows, and `--exodsl-coverage`.

Every pytest run where exodsl is installed imports this, so it imports nothing that is not needed yet.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from exodsl.testing.clock import FakeClock
    from exodsl.testing.graphs import GraphSnapshot
    from exodsl.testing.run import InlineRun


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("exodsl", "workflows")
    group.addoption(
        "--exodsl-coverage",
        action="store_true",
        help="Print which nodes, edges, retries, failures, prunes and empty fanouts of graphs no run of a test took.",
    )
    group.addoption(
        "--exodsl-coverage-fail-under",
        type=_percentage,
        metavar="PERCENT",
        help="Fail when the tests take less of their graphs; turns --exodsl-coverage on.",
    )


def _percentage(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"a percentage is a number from 0 to 100, not {text}")
    return number


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start to measure where that is asked for, and let syrupy write graphs where it is there."""
    least: float | None = config.getoption("exodsl_coverage_fail_under")
    if least is not None or config.getoption("exodsl_coverage"):
        from exodsl.testing.measuring import Measuring

        config.pluginmanager.register(Measuring(least), "exodsl-measuring")
    if config.pluginmanager.hasplugin("syrupy"):
        with contextlib.suppress(ImportError):  # a syrupy that is older than the one we know
            from exodsl.testing.graphs import teach_syrupy

            teach_syrupy()


@pytest.fixture
def graph_snapshot(request: pytest.FixtureRequest) -> GraphSnapshot:
    """Compares a graph with the text that was kept of it: `assert graph == graph_snapshot`.

    `graph_snapshot.mmd` keeps a Mermaid flowchart instead, `graph_snapshot.json` JSON. `pytest --snapshot-update`
    writes what is there now.
    """
    if not request.config.pluginmanager.hasplugin("syrupy"):
        pytest.fail(_without_syrupy(), pytrace=False)
    from exodsl.testing.graphs import GraphSnapshot

    return GraphSnapshot.of(request.getfixturevalue("snapshot"))


def _without_syrupy() -> str:
    """Return why there are no snapshots, and what helps."""
    from exodsl.errors import ExtraMissing

    try:
        importlib.import_module("syrupy")
    except ImportError:
        return str(ExtraMissing("Snapshots of graphs", "testing"))
    return "Snapshots of graphs need the plugin of syrupy, which is turned off: leave `-p no:syrupy` out."


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that moves when it is told to: `run_inline(graph, clock=fake_clock)`."""
    from exodsl.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def run_inline() -> Callable[..., InlineRun]:
    """Runs a graph in this process, in no time: `exodsl.testing.run_inline`."""
    from exodsl.testing.inline import run_inline

    return run_inline
