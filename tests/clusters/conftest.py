"""Clusters of real processes on this machine; `nox -s clusters` asks for them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exodsl import StateManager
from exodsl.manager.protocol import StateManager as Manager

ROOT = Path(__file__).parents[2]
VARIABLE = "EXODSL_CLUSTERS"


@contextmanager
def cluster_of(kind: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start a cluster; gives the text that names it as an executor, and its first process."""
    if VARIABLE not in os.environ:
        pytest.skip(f"needs Dask and Ray: `nox -s clusters` installs them, and sets {VARIABLE}")
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.clusters.{kind}_here"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, f"the {kind} cluster did not start"
        yield f"{kind}:{address}", process
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="module", params=["dask", "ray"])
def cluster(request: pytest.FixtureRequest) -> Iterator[str]:
    """A cluster, as `executors=` and `--executor` name it."""
    with cluster_of(request.param) as (named, _):
        yield named


@pytest.fixture
def manager() -> Iterator[Manager]:
    """A state manager of this process alone."""
    opened = StateManager.open(":memory:")
    yield opened
    opened.close()
