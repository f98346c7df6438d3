"""What the tests of the api share."""

from collections.abc import Iterator

import pytest

from exodsl import StateManager
from exodsl.manager.protocol import StateManager as Manager


@pytest.fixture
def manager(shared: str) -> Iterator[Manager]:
    """A state manager over a database that processes share."""
    opened = StateManager.open(shared)
    yield opened
    opened.close()
