"""Databases that processes share: a file, and a PostgreSQL database that is empty for each test that asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from exodsl.database.postgresql.database import Postgres
from tests import postgres
from tests.served import Served

_EMPTY = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'exodsl' AND tablename <> 'schema_version' LOOP
    EXECUTE format('DELETE FROM exodsl.%I', name);
  END LOOP;
END $$;
UPDATE exodsl.schema_version SET sessions = 0, last_run = 0, last_state = 0;
SELECT setval(format('exodsl.%I', sequencename), 1, sequencename = 'mark') FROM pg_sequences
WHERE schemaname = 'exodsl'
"""


_ABOUT_FILES = {"file", "tmp_path"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let what needs a database that processes share have each kind; a test that looks at files, only a file."""
    if "shared" in metafunc.fixturenames:
        about_files = _ABOUT_FILES & set(signature(metafunc.function).parameters)
        metafunc.parametrize("shared", ["file"] if about_files else ["file", "postgres"], indirect=True)


@pytest.fixture
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that processes share."""
    return str(tmp_path / "exodsl.db") if request.param == "file" else request.getfixturevalue("postgres_uri")


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A state-manager server on a real socket, for whatever state manager a test puts behind it."""
    server = Served()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[tuple[str, psycopg.Connection]]:
    """A database of this worker alone, with exodsl's tables in it: its address, and a connection to it."""
    if os.environ.get(postgres.VARIABLE) == "skip":
        assert "CI" not in os.environ, f"{postgres.VARIABLE}=skip is for machines without a server, not for CI"
        pytest.skip(f"left out, as {postgres.VARIABLE} says")
    server = urlsplit(postgres.shared())
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{os.getpid()}"
    with psycopg.connect(server.geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        uri = server._replace(path=f"/{name}").geturl()
        Postgres(uri).close()
        with psycopg.connect(uri, autocommit=True) as inside:
            yield uri, inside
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def postgres_empty(postgres_database: tuple[str, psycopg.Connection]) -> Callable[[], str]:
    """Empties a database on a server, and gives its address."""
    uri, inside = postgres_database

    def postgres_empty() -> str:
        inside.execute(_EMPTY)
        return uri

    return postgres_empty


@pytest.fixture
def postgres_uri(postgres_empty: Callable[[], str]) -> str:
    """The address of an empty database on a server."""
    return postgres_empty()
