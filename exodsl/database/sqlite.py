"""A SQLite database: opening it safely, one writer, transactions that never meet a stale snapshot."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from peewee import PeeweeException, SqliteDatabase

from exodsl.database.holding import OPENING, hold, is_held
from exodsl.database.looking import MEMORY as MEMORY
from exodsl.database.looking import SqliteFile, connection_to, raw
from exodsl.database.migrations import migrate
from exodsl.database.opening import check_file, create_schema, unusable
from exodsl.errors import DatabaseUnusable

Durability = Literal["full", "normal"]
BUSY_MS = 10_000


class Sqlite(SqliteFile):
    """One SQLite database.

    Everything that writes goes through one connection and one lock, so no thread of this process waits
    for another inside SQLite. Readers have a connection of their own that cannot write.

    :param path: a file, or `:memory:` for a database of this process alone.
    :param durability: `full` syncs every commit; `normal` may lose the last moments at a power cut.
    :raises DatabaseUnusable: when the file is no database of exodsl, or cannot be opened.
    """

    def __init__(self, path: str | Path, *, durability: Durability = "full") -> None:
        super().__init__(path)
        with OPENING:
            if self.path != MEMORY and not is_held(Path(self.path)):
                check_file(Path(self.path), BUSY_MS)
            self._begin(durability)

    def _begin(self, durability: Durability) -> None:
        self._writer = connection_to(
            self.path,
            BUSY_MS,
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
        self.connection = raw(self._writer)
        with self._writer.atomic("IMMEDIATE"):
            create_schema(self.connection)
            migrate(self.connection, self.path)
        if self.path != MEMORY:
            uri = f"{Path(self.path).resolve().as_uri()}?mode=ro"
            self._reader = connection_to(uri, BUSY_MS, uri=True, query_only=1)
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

    @property
    def read_only(self) -> bool:
        """It is not."""
        return False

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
    def reading(self, limit: float | None = None) -> Generator[Any]:
        """Give a connection that sees one committed moment and cannot write; one in memory has but one."""
        if self._reader is self._writer:
            with self.lock:
                self._refuse_closed()
                yield self.connection
            return
        with super().reading(limit) as connection:
            yield connection

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed."""
        if self._reader is not self._writer:
            return super().mark()
        with self.lock:
            self._refuse_closed()
            changed: int = self.connection.total_changes  # as nobody else can have committed
            return changed

    def changed_elsewhere(self) -> int:
        """Return a number that changes whenever another connection has committed."""
        number: int = self.connection.execute("PRAGMA data_version").fetchone()[0]
        return number

    def _connections(self) -> tuple[SqliteDatabase, ...]:
        return self._reader, self._writer  # the last to close tidies the log away
