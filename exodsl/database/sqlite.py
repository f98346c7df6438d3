"""A SQLite database: opening it safely, one writer, transactions that never meet a stale snapshot."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from peewee import SqliteDatabase

from exodsl.database.tables import SCHEMA_VERSION, Tables, make_tables
from exodsl.errors import DatabaseUnusable, SchemaMismatch

Durability = Literal["full", "normal"]
BUSY_MS = 30_000
MEMORY = ":memory:"
_HEADER = b"SQLite format 3\x00"


class Sqlite:
    """One SQLite database.

    Everything that writes goes through one connection and one lock, so no thread of this process waits
    for another inside SQLite. Readers have a connection of their own that cannot write.

    :param path: a file, or `:memory:` for a database of this process alone.
    :param durability: `full` syncs every commit; `normal` may lose the last moments at a power cut.
    :raises DatabaseUnusable: when the file is no database of exodsl, or cannot be opened.
    """

    def __init__(self, path: str | Path, *, durability: Durability = "full") -> None:
        self.path = str(path)
        self.lock = threading.RLock()
        if self.path != MEMORY:
            _check_file(Path(self.path))
        self._writer = SqliteDatabase(
            self.path,
            thread_safe=False,
            check_same_thread=False,
            timeout=BUSY_MS / 1000,
            pragmas={
                "journal_mode": "wal",
                "synchronous": durability,
                # Small and often beats seldom and large: a checkpoint is then no pause that anyone sees.
                "wal_autocheckpoint": 250,
                "temp_store": "memory",
            },
        )
        self._reader = self._writer
        try:
            self.tables = self._prepare()
            self.connection: Any = _raw(self._writer)
            if self.path != MEMORY:
                self._reader = self._open_reader()
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    def _prepare(self) -> Tables:
        self._writer.connect()
        tables = make_tables(self._writer)
        with self._writer.atomic("IMMEDIATE"):
            _ensure_schema(self._writer, tables, self.path)
        return tables

    def _open_reader(self) -> SqliteDatabase:
        uri = f"{Path(self.path).resolve().as_uri()}?mode=ro"
        reader = SqliteDatabase(
            uri,
            uri=True,
            thread_safe=False,
            check_same_thread=False,
            timeout=BUSY_MS / 1000,
            pragmas={"query_only": 1, "temp_store": "memory"},
        )
        reader.connect()
        self._read_lock = threading.RLock()
        return reader

    @contextmanager
    def transaction(self) -> Generator[Any]:
        """Give the writing connection, with the write lock held; commit at the end, roll back on any error."""
        with self.lock:
            connection = self.connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise unusable(self.path, error) from error

    @contextmanager
    def reading(self) -> Generator[Any]:
        """Give a connection that sees one committed moment and cannot write."""
        if self._reader is self._writer:
            with self.lock:
                yield self.connection
            return
        with self._read_lock:
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

    def close(self) -> None:
        """Close every connection; idempotent."""
        with self.lock:
            if self._reader is not self._writer:
                self._reader.close()
            if not self._writer.is_closed():
                self._writer.close()


def _raw(db: Any) -> Any:
    return db.connection()


def unusable(path: str, error: sqlite3.Error) -> DatabaseUnusable:
    """Return what went wrong with a database, and the cure, in one sentence."""
    text = str(error)
    cures = {
        "locked": "Another program holds it; close that program or wait.",
        "readonly": "It, or its folder, is read-only; give it write permission or choose another with --db.",
        "full": "The disk is full; free some space, nothing that was recorded is lost.",
        "malformed": "It is damaged; restore a copy, or choose another with --db.",
        "not a database": "It is another kind of file; choose another with --db.",
        "unable to open": "Its folder does not exist or cannot be entered; make it or choose another with --db.",
    }
    cure = next((cure for sign, cure in cures.items() if sign in text), "Choose another with --db.")
    return DatabaseUnusable(f'Database "{path}" cannot be used: {text}. {cure}')


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise DatabaseUnusable(f'Database "{path}" cannot be used: it is a folder. Name a file in it.')
    if not path.parent.is_dir():
        raise DatabaseUnusable(f'Database "{path}" cannot be made: there is no folder "{path.parent}".')
    try:
        with path.open("rb") as file:
            header = file.read(len(_HEADER))
    except FileNotFoundError:
        return
    except OSError as error:
        raise DatabaseUnusable(f'Database "{path}" cannot be read: {error.strerror}.') from error
    if header and header != _HEADER:
        raise DatabaseUnusable(f'"{path}" is not a SQLite database. Choose another file with --db.')


def _ensure_schema(db: SqliteDatabase, tables: Tables, path: str) -> None:
    present = set(db.get_tables())
    if not present:
        db.create_tables(tables.all())
        tables.schema.create(version=SCHEMA_VERSION)
        return
    if "schema_version" not in present:
        raise SchemaMismatch(f'"{path}" is a SQLite database of another program. Choose another file with --db.')
    version = tables.schema.select(tables.schema.version).scalar()
    if version != SCHEMA_VERSION:
        raise SchemaMismatch(
            f'Database "{path}" has schema {version}; this exodsl reads schema {SCHEMA_VERSION}.'
            " Use the exodsl that wrote it, or choose another file with --db."
        )
