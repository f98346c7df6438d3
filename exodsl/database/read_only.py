"""A SQLite database that is only looked at: nothing is made, migrated or written, and looks are short."""

from __future__ import annotations

import os
import sqlite3
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

from peewee import PeeweeException

from exodsl.database.holding import OPENING, hold, is_held
from exodsl.database.looking import MEMORY, SqliteFile, connection_to, raw
from exodsl.database.opening import beside, holds_something, unusable, version_in
from exodsl.database.tables import SCHEMA_VERSION
from exodsl.errors import DatabaseLocked, DatabaseMissing, DatabaseUnusable, ReadOnly, SchemaOutdated

_CHECK_EVERY = 5_000
"""How many steps of SQLite's machine go by until it is asked again whether a look is late; about a millisecond."""


class ReadOnlySqlite(SqliteFile):
    """One SQLite database, opened for reading.

    Where it lies on something that cannot be written, so that SQLite cannot follow its changes, it is taken as
    a `snapshot` that has none.

    :param path: a file.
    :param limit: how many seconds a look may take, and how long it waits for another program.
    :raises DatabaseMissing: when there is none, or nothing in it.
    :raises SchemaMismatch: when it was written by another version of exodsl, or by another program.
    :raises DatabaseUnusable: when it cannot be read.
    """

    def __init__(self, path: str | Path, *, limit: float) -> None:
        super().__init__(path, limit=limit)
        if self.path == MEMORY:
            raise DatabaseMissing("A database in memory is seen by the process alone that made it. Name a file.")
        with OPENING:
            file = Path(self.path)
            if not is_held(file):
                self._look_first(file)
            self._begin(file, limit)
            self._held = hold(file)

    def _look_first(self, file: Path) -> None:
        """Refuse what cannot be read before SQLite makes the files by which it follows changes, and leaves there."""
        if not holds_something(file):
            raise _nothing_there(file)
        if beside(file, "-wal"):
            return
        try:
            with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
                self._check_schema(connection, file)
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    def _begin(self, file: Path, limit: float) -> None:
        try:
            self.snapshot = _must_stay(file)
            self._open(file, limit)
        except DatabaseLocked:
            raise
        except DatabaseUnusable as error:
            if self.snapshot or not _cannot_follow(error.__cause__):
                raise
            self.snapshot = True
            self._open(file, limit)

    def _open(self, file: Path, limit: float) -> None:
        if self.snapshot and beside(file, "-wal"):
            raise DatabaseUnusable(
                f'Database "{file}" cannot be read where it is: what was recorded last stands in the log beside it, and'
                " nothing can be written there. Copy both to a folder of yours and open the copy."
            )
        uri = f"{file.resolve().as_uri()}?mode=ro{'&immutable=1' if self.snapshot else ''}"
        self._reader = connection_to(uri, limit * 1000, uri=True, query_only=1)
        try:
            self._reader.connect()
            self.connection = raw(self._reader)
            self._check_schema(self.connection, file)
        except (sqlite3.Error, PeeweeException) as error:
            self._reader.close()
            raise unusable(self.path, error) from error
        except DatabaseUnusable:
            self._reader.close()
            raise
        self.connection.set_progress_handler(self._is_late, _CHECK_EVERY)

    def _check_schema(self, connection: Any, file: Path) -> None:
        version = version_in(connection, file)
        if version is None:
            raise _nothing_there(file)
        if version != SCHEMA_VERSION:
            raise SchemaOutdated(
                f'Database "{file}" has schema {version}, which this exodsl brings to {SCHEMA_VERSION}, but not'
                f" read-only. Open it once to write, as `exodsl runs --db {file}` does."
            )

    @property
    def read_only(self) -> bool:
        """It is."""
        return True

    def transaction(self, *, alone: bool = False) -> AbstractContextManager[Any]:
        """Refuse it. :raises ReadOnly: always."""
        raise ReadOnly(self.path)

    def changed_elsewhere(self) -> int:
        """Return a number that changes whenever another connection has committed."""
        return self.mark()


def _nothing_there(file: Path) -> DatabaseMissing:
    what = "is empty: nothing was run in it yet" if file.exists() else "is not there"
    return DatabaseMissing(f'Database "{file}" {what}. `exodsl run TARGET --db {file}` makes one.')


def _must_stay(file: Path) -> bool:
    """Say whether a look would leave files that keep the owner from writing, as a new `-shm` would be ours."""
    as_who_acts = os.access in os.supports_effective_ids
    return (
        not os.access(file, os.W_OK, effective_ids=as_who_acts)
        and not beside(file, "-shm")
        and not beside(file, "-wal")
    )


def _cannot_follow(error: BaseException | None) -> bool:
    """Say whether SQLite could not make the file by which it follows changes."""
    found = getattr(error, "__cause__", None) if isinstance(error, PeeweeException) else error
    return getattr(found, "sqlite_errorname", "") in (
        "SQLITE_CANTOPEN",
        "SQLITE_READONLY",
        "SQLITE_READONLY_DIRECTORY",
        "SQLITE_READONLY_CANTINIT",
        "SQLITE_READONLY_CANTLOCK",
        "SQLITE_READONLY_RECOVERY",
    )
