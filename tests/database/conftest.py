"""Databases: a file in a folder of its own, and one on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exodsl.database.postgresql.database import Postgres
from exodsl.database.protocol import Database
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


@pytest.fixture
def server(postgres_uri: str) -> Iterator[Postgres]:
    """An empty database on a server."""
    opened = Postgres(postgres_uri)
    yield opened
    opened.close()


@pytest.fixture(params=["database", "server"])
def either(request: pytest.FixtureRequest) -> Database:
    """An empty database, of each kind."""
    opened: Database = request.getfixturevalue(request.param)
    return opened
