"""A database file, and processes that die on it."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.processes import fork_server


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes fast."""
    return fork_server()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "exodsl.db"
