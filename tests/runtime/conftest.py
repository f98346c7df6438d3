"""What the tests of the runtime share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exodsl import StateManager
from exodsl.manager.protocol import StateManager as Manager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """A state manager over a SQLite file."""
    opened = StateManager.open(tmp_path / "exodsl.db")
    yield opened
    opened.close()
