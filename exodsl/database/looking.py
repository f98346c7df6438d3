"""What every open SQLite database has: looks at one committed moment, a mark of change, and an end."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from exodsl.database.dialect import SQLITE
from exodsl.database.holding import FileId, identity, let_go
from exodsl.database.keys import LastKey
from exodsl.database.opening import unusable
from exodsl.errors import DatabaseMissing, DatabaseUnusable, ReadTimeout

MEMORY = ":memory:"


class Connection(sqlite3.Connection):
    """A connection of its own dialect."""

    dialect = SQLITE


class SqliteFile(ABC):
    """An open SQLite database; see `Database` for what it has to have.

    Readers have a connection of their own that cannot write.

    :param path: its file, or `:memory:`.
    :param limit: how many seconds a look may take; there is none by default.
    """

    connection: Any
    """The connection that writes, or would."""
    snapshot = False
    """Whether the file is taken not to change any more."""
    shared = tells = False

    def __init__(self, path: str | Path, *, limit: float | None = None) -> None:
        self.path = str(path)
        self.lock = threading.RLock()
        self.keys = LastKey()
        self._limit = limit
        self._deadline = math.inf
        self._read_lock = threading.RLock()
        self._reader: SqliteDatabase
        self._closed = False
        self._held: FileId | None = None

    @property
    @abstractmethod
    def read_only(self) -> bool:
        """Whether every transaction is refused."""

    @abstractmethod
    def transaction(self, *, alone: bool = False) -> AbstractContextManager[Any]:
        """Give the writing connection, with the write lock held; commit at the end, roll back on any error."""

    @abstractmethod
    def changed_elsewhere(self) -> int:
        """Return a number that changes whenever another connection has committed."""

    @contextmanager
    def reading(self, limit: float | None = None) -> Generator[Any]:
        """Give a connection that sees one committed moment and cannot write.

        :param limit: how many seconds this look may take, where looks are limited.
        :raises ReadTimeout: when it took longer.
        """
        with self._read_lock:
            self._refuse_closed()
            connection = raw(self._reader)
            late = False
            if self._limit is not None:
                self._deadline = time.monotonic() + (self._limit if limit is None else limit)
            try:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    late, self._deadline = self._is_late(), math.inf
                    connection.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                if late and self._limit is not None and "interrupted" in str(error):
                    raise ReadTimeout(self.path, self._limit if limit is None else limit) from error
                raise unusable(self.path, error) from error
            except sqlite3.Error as error:
                raise unusable(self.path, error) from error

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed.

        :raises DatabaseMissing: when the file was removed or replaced.
        """
        with self._read_lock:
            self._refuse_closed()
            self._refuse_lost()
            try:
                number: int = raw(self._reader).execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error as error:
                raise unusable(self.path, error) from error
        return number

    def leave_work(self) -> None:  # noqa: B027 - as it is, and not to be defined
        """Do nothing: others look by themselves."""

    def listen(self, heard: Callable[[], None]) -> None:  # noqa: B027 - as above
        """Do nothing: nobody tells."""

    def now_ms(self) -> int:
        """Return the time of this machine's clock."""
        return system_clock()

    def back_since(self) -> int:
        """Return 0: it is always there."""
        return 0

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DatabaseUnusable(f'Database "{self.path}" was closed. Open it again.')

    def _refuse_lost(self) -> None:
        if self._held is None or _file_now(self.path) == self._held:
            return
        raise DatabaseMissing(f'Database "{self.path}" was removed or replaced. Open it again.')

    def _connections(self) -> tuple[SqliteDatabase, ...]:
        return (self._reader,)

    def close(self) -> None:
        """Close every connection; idempotent."""
        with self.lock, self._read_lock:
            self._closed = True
            for connection in self._connections():
                if not connection.is_closed():
                    connection.close()
            held, self._held = self._held, None
            let_go(held)


def _file_now(path: str) -> FileId | None:
    """Return which file lies there; `None` where none does, or none can be reached."""
    try:
        return identity(Path(path))
    except OSError:
        return None


def connection_to(path: str, busy_ms: float, *, uri: bool = False, **pragmas: object) -> SqliteDatabase:
    """Return a connection, not open yet, that any thread may use."""
    return SqliteDatabase(
        path,
        uri=uri,
        thread_safe=False,
        check_same_thread=False,
        timeout=busy_ms / 1000,
        factory=Connection,
        pragmas={**pragmas, "temp_store": "memory"},
    )


def system_clock() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def raw(db: Any) -> Any:
    """Return the connection of the standard library."""
    return db.connection()
