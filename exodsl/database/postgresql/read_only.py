"""A PostgreSQL database that is only looked at: nothing is made, migrated or written, and looks are short."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg import errors

from exodsl.database.keys import LastKey
from exodsl.database.postgresql.address import parse
from exodsl.database.postgresql.connection import Connection
from exodsl.database.postgresql.database import mark, roll_back, settings
from exodsl.database.postgresql.link import Link
from exodsl.database.postgresql.schema import check_version, version_in
from exodsl.database.postgresql.troubles import trouble
from exodsl.database.tables import SCHEMA_VERSION
from exodsl.errors import DatabaseMissing, DatabaseUnusable, ReadOnly, ReadTimeout, SchemaOutdated


class ReadOnlyPostgres:
    """One PostgreSQL database, opened for reading; see `Database` for what it has to have.

    :param limit: how many seconds a look may take.
    :raises DatabaseMissing: when there is nothing in it.
    :raises SchemaMismatch: when it was written by another version of exodsl.
    :raises DatabaseUnusable: when it cannot be reached.
    """

    shared = read_only = True
    tells = snapshot = False

    def __init__(self, uri: str, *, limit: float) -> None:
        self._address = parse(uri)
        self.path = self._address.name
        self.lock, self.keys, self._limit = threading.RLock(), LastKey(), limit
        self._closed = False
        self._link = Link(self._address, settings(self._address, "full"))
        try:
            self._check(self._link.first())
        except BaseException:
            self._link.close()
            raise

    def _check(self, connection: Connection) -> None:
        version = version_in(connection, self._address)
        if version is None:
            raise DatabaseMissing(
                f'Database "{self.path}" is empty: nothing was run in it yet. `exodsl run TARGET` makes its tables.'
            )
        if version < SCHEMA_VERSION:
            raise SchemaOutdated(
                f'Database "{self.path}" has schema {version}, which this exodsl brings to {SCHEMA_VERSION}, but not'
                " read-only. Open it once to write, as `exodsl runs` does."
            )
        check_version(self.path, version)

    def transaction(self, *, alone: bool = False) -> AbstractContextManager[Any]:
        """Refuse it. :raises ReadOnly: always."""
        raise ReadOnly(self.path)

    @contextmanager
    def reading(self, limit: float | None = None) -> Generator[Connection]:
        """Give a connection that sees one committed moment and cannot write; see `Database.reading`."""
        with self.lock:
            if self._closed:
                raise DatabaseUnusable(f'Database "{self.path}" was closed. Open it again.')
            seconds = self._limit if limit is None else limit
            until = time.monotonic() + seconds
            try:
                connection = self._link.begin(lambda connection: _begin(connection, seconds))
                try:
                    yield connection
                    if time.monotonic() > until:
                        raise ReadTimeout(self.path, seconds)
                finally:
                    roll_back(connection)
            except errors.QueryCanceled as error:
                raise ReadTimeout(self.path, seconds) from error
            except psycopg.Error as error:
                raise trouble(self.path, error, lost=self._link.is_lost) from error

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed."""
        return mark(self.reading())

    def changed_elsewhere(self) -> object:
        """Return what differs when something was committed."""
        return self.mark()

    def leave_work(self) -> None:
        """Do nothing: there is no transaction that could."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Do nothing: who only looks has no work."""

    def now_ms(self) -> int:
        """Return the time of the server."""
        with self.reading() as connection:
            return int(connection.execute(f"SELECT {connection.dialect.now}").fetchone()[0])

    def back_since(self) -> int:
        """Return 0: no leases are judged here."""
        return 0

    def close(self) -> None:
        """Close the connection; idempotent."""
        with self.lock:
            self._closed = True
            self._link.close()


def _begin(connection: Connection, seconds: float) -> Connection:
    connection.execute(
        f"SET statement_timeout = {max(1, round(seconds * 1000))}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    )
    return connection
