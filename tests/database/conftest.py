"""A database in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exodsl.database.sqlite import Sqlite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "exodsl.db"


@pytest.fixture
def database(file: Path) -> Iterator[Sqlite]:
    """A new database in a file."""
    opened = Sqlite(file, durability="normal")
    yield opened
    opened.close()
