"""Where histories take place: a file of their own, or a database on a server, and a way to look into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from tests.manager.audit import Looks


@dataclass(frozen=True)
class Place:
    """A database without graphs or runs.

    :param address: for a state manager.
    :param looks: asks it for rows, without any part of exodsl.
    """

    address: str
    looks: Looks


class OnServer:
    """Asks a server in the words of SQLite, as far as these tests use them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """Return a cursor with the answer; each `?` stands for a value."""
        return self._connection.execute(sql.replace("?", "%s").encode(), values)


@contextmanager
def in_a_file() -> Iterator[Place]:
    """Give a place in a file, which goes away afterwards."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "exodsl.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            yield Place(str(file), connection)


@contextmanager
def on_a_server(uri: str) -> Iterator[Place]:
    """Give a place in an empty database on a server."""
    with psycopg.connect(uri, autocommit=True, options="-c search_path=exodsl") as connection:
        yield Place(uri, OnServer(connection))
