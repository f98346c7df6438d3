"""What lies where a database should be: found out before anything is changed (semantics 12)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from exodsl.database.migrations import STEPS
from exodsl.database.tables import SCHEMA_VERSION, make_tables
from exodsl.errors import DatabaseUnusable, SchemaMismatch

_HEADER = b"SQLite format 3\x00"
_CURES = {
    "locked": "Another program holds it; close that program or wait.",
    "readonly": "It, or its folder, is read-only; give it write permission or choose another with --db.",
    "full": "The disk is full; free some space, nothing that was recorded is lost.",
    "disk I/O": "Its disk fails, or takes no more of this process; mend that, and go on from what was recorded.",
    "malformed": "It is damaged; restore a copy, or choose another with --db.",
    "not a database": "It is damaged or another kind of file; choose another with --db.",
    "unable to open": "Its folder cannot be written to; give it permission or choose another with --db.",
}


def unusable(path: str, error: Exception) -> DatabaseUnusable:
    """Return what went wrong with a database, and the cure, in one sentence."""
    text = str(error).partition("\n")[0]
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return DatabaseUnusable(f'Database "{path}" refused what exodsl wrote: {text}. Please report this.')
    cure = next((cure for sign, cure in _CURES.items() if sign in text), "Choose another with --db.")
    return DatabaseUnusable(f'Database "{path}" cannot be used: {text}. {cure}')


def check_file(path: Path, busy_ms: int) -> None:
    """Refuse what is no database of this exodsl, and leave it as it is; a missing or empty file will do.

    :raises DatabaseUnusable: saying what it is instead.
    """
    if path.is_dir():
        raise DatabaseUnusable(f'Database "{path}" cannot be used: it is a folder. Name a file in it.')
    if not path.parent.is_dir():
        raise DatabaseUnusable(f'Database "{path}" cannot be made: there is no folder "{path.parent}".')
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DatabaseUnusable(
            f'Database "{path}" cannot be read: {error.strerror}. Choose another with --db.'
        ) from error
    if not header:
        return
    if not header.startswith(_HEADER):
        raise DatabaseUnusable(f'"{path}" is not a SQLite database. Choose another file with --db.')
    if not _has_log(path) and path.stat().st_size < _size_it_says(header):
        raise DatabaseUnusable(f'Database "{path}" is cut off. Restore a copy, or choose another file with --db.')
    _check_schema(path, busy_ms)


def _has_log(path: Path) -> bool:
    """Say whether a write-ahead log lies beside the file: it may hold what the file lacks."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:  # also when the last who had it open takes it away in this moment
        return False


def _size_it_says(header: bytes) -> int:
    """Return the bytes that a SQLite file has by its own header: its page size, and how many pages."""
    page = int.from_bytes(header[16:18], "big")
    return (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big") or len(_HEADER) + 84


def _check_schema(path: Path, busy_ms: int) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=busy_ms / 1000)) as connection:
            present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            version = _version(connection) if "schema_version" in present else None
    except sqlite3.Error as error:
        raise unusable(str(path), error) from error
    if not present:
        return
    if version is None:
        raise SchemaMismatch(f'"{path}" is a SQLite database of another program. Choose another file with --db.')
    if version != SCHEMA_VERSION and version not in STEPS:
        raise SchemaMismatch(
            f'Database "{path}" has schema {version}; this exodsl reads schema {SCHEMA_VERSION} and those before it.'
            " Use the exodsl that wrote it, or choose another file with --db."
        )


def _version(connection: sqlite3.Connection) -> int | None:
    columns = {row[1] for row in connection.execute("PRAGMA table_info(schema_version)")}
    row = connection.execute("SELECT version FROM schema_version").fetchone() if "version" in columns else None
    return None if row is None else row[0]


def create_schema(connection: Any) -> None:
    """Make the tables in a database that has none."""
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None:
        return
    for statement in _schema():
        connection.execute(statement)
    connection.execute("INSERT INTO schema_version (version, sessions) VALUES (?, 0)", (SCHEMA_VERSION,))


@cache
def _schema() -> tuple[str, ...]:
    """Return what makes today's tables; it is put into words once, as that takes longer than making them."""
    database: Any = SqliteDatabase(":memory:")
    with database:
        database.create_tables(make_tables(database).all())
        rows = database.connection().execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        return tuple(row[0] for row in rows.fetchall())
