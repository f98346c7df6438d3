"""A SQLite database: opening it safely, one writer, transactions that never meet a stale snapshot."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from peewee import PeeweeException, SqliteDatabase

from exodsl.database.dialect import SQLITE
from exodsl.database.holding import OPENING, FileId, hold, is_held, let_go
from exodsl.database.keys import LastKey
from exodsl.database.migrations import migrate
from exodsl.database.opening import check_file, create_schema, unusable
from exodsl.errors import DatabaseUnusable

Durability = Literal["full", "normal"]
BUSY_MS = 10_000
MEMORY = ":memory:"


class Connection(sqlite3.Connection):
    """A connection of its own dialect."""

    dialect = SQLITE


class Sqlite:
    """One SQLite database.

    Everything that writes goes through one connection and one lock, so no thread of this process waits
    for another inside SQLite. Readers have a connection of their own that cannot write.

    :param path: a file, or `:memory:` for a database of this process alone.
    :param durability: `full` syncs every commit; `normal` may lose the last moments at a power cut.
    :raises DatabaseUnusable: when the file is no database of exodsl, or cannot be opened.
    """

    shared = tells = False

    def __init__(self, path: str | Path, *, durability: Durability = "full") -> None:
        self.path = str(path)
        self.lock = threading.RLock()
        self.keys = LastKey()
        self._read_lock = threading.RLock()
        self._closed = False
        self._held: FileId | None = None
        with OPENING:
            if self.path != MEMORY and not is_held(Path(self.path)):
                check_file(Path(self.path), BUSY_MS)
            self._begin(durability)

    def _begin(self, durability: Durability) -> None:
        self._writer = self._connection(
            self.path,
            journal_mode="wal",
            synchronous=durability,
            # Small and often beats seldom and large: a checkpoint is then no pause that anyone sees.
            wal_autocheckpoint=250,
        )
        self._reader = self._writer
        try:
            self._open()
        except (sqlite3.Error, PeeweeException) as error:
            self.close()
            raise unusable(self.path, error) from error
        except DatabaseUnusable:
            self.close()
            raise

    def _open(self) -> None:
        self._connect()
        self.connection: Any = _raw(self._writer)
        with self._writer.atomic("IMMEDIATE"):
            create_schema(self.connection)
            migrate(self.connection, self.path)
        if self.path != MEMORY:
            uri = f"{Path(self.path).resolve().as_uri()}?mode=ro"
            self._reader = self._connection(uri, uri=True, query_only=1)
            self._reader.connect()
            self._held = hold(Path(self.path))

    def _connect(self) -> None:
        # SQLite switches a new file to WAL without waiting its turn: processes that open it at once collide.
        patience = time.monotonic() + BUSY_MS / 1000
        while True:
            try:
                self._writer.connect()
                return
            except PeeweeException as error:
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise
                time.sleep(random.uniform(0.001, 0.02))

    def _connection(self, path: str, *, uri: bool = False, **pragmas: object) -> SqliteDatabase:
        return SqliteDatabase(
            path,
            uri=uri,
            thread_safe=False,
            check_same_thread=False,
            timeout=BUSY_MS / 1000,
            factory=Connection,
            pragmas={**pragmas, "temp_store": "memory"},
        )

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Generator[Any]:
        """Give the writing connection, with the write lock held: everybody is alone. See `Database.transaction`."""
        with self.lock:
            self._refuse_closed()
            connection = self.connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise unusable(self.path, error) from error
            finally:
                if connection.in_transaction:  # a full disk, for one, has rolled it back already
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Generator[Any]:
        """Give a connection that sees one committed moment and cannot write."""
        if self._reader is self._writer:
            with self.lock:
                self._refuse_closed()
                yield self.connection
            return
        with self._read_lock:
            self._refuse_closed()
            connection = _raw(self._reader)
            try:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise unusable(self.path, error) from error

    def changed_elsewhere(self) -> int:
        """Return a number that changes whenever another connection has committed."""
        number: int = self.connection.execute("PRAGMA data_version").fetchone()[0]
        return number

    def leave_work(self) -> None:
        """Do nothing: others look by themselves."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Do nothing: nobody tells."""

    def now_ms(self) -> int:
        """Return the time of this machine's clock."""
        return system_clock()

    def back_since(self) -> int:
        """Return 0: it is always there."""
        return 0

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DatabaseUnusable(f'Database "{self.path}" was closed. Open it again.')

    def close(self) -> None:
        """Close every connection; idempotent."""
        with self.lock, self._read_lock:
            self._closed = True
            for connection in (self._reader, self._writer):  # the last to close tidies the log away
                if not connection.is_closed():
                    connection.close()
            held, self._held = self._held, None
            let_go(held)


def system_clock() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _raw(db: Any) -> Any:
    return db.connection()
