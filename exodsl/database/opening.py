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
from exodsl.errors import DatabaseLocked, DatabaseUnusable, SchemaMismatch

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
    kind = DatabaseLocked if "locked" in text else DatabaseUnusable
    return kind(f'Database "{path}" cannot be used: {text}. {cure}')


def check_file(path: Path, busy_ms: int) -> None:
    """Refuse what is no database of this exodsl, and leave it as it is; a missing or empty file will do.

    :raises DatabaseUnusable: saying what it is instead.
    """
    if not _is_folder(path) and not _is_folder(path.parent):
        raise DatabaseUnusable(f'Database "{path}" cannot be made: there is no folder "{path.parent}".')
    if holds_something(path):
        _check_schema(path, busy_ms)


def holds_something(path: Path) -> bool:
    """Say whether there is a file with something in it. Never ask of one that is open as a database here.

    :raises DatabaseUnusable: when that is no whole SQLite database.
    """
    if _is_folder(path):
        raise DatabaseUnusable(f'Database "{path}" cannot be used: it is a folder. Name a file in it.')
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DatabaseUnusable(
            f'Database "{path}" cannot be read: {error.strerror}. Choose another with --db.'
        ) from error
    if not header:
        return False
    if not header.startswith(_HEADER):
        raise DatabaseUnusable(f'"{path}" is not a SQLite database. Choose another file with --db.')
    if not beside(path, "-wal") and path.stat().st_size < _size_it_says(header):
        raise DatabaseUnusable(f'Database "{path}" is cut off. Restore a copy, or choose another file with --db.')
    return True


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it cannot be reached: what comes next says why
        return False


def beside(path: Path, ending: str) -> bool:
    """Say whether a file lies beside a database, and is not empty.

    :param ending: `-wal` for the write-ahead log, which may hold what the file lacks, or `-shm` for its index.
    """
    try:
        return path.with_name(path.name + ending).stat().st_size > 0
    except FileNotFoundError:  # also when the last who had it open takes it away in this moment
        return False


def _size_it_says(header: bytes) -> int:
    """Return the bytes that a SQLite file has by its own header: its page size, and how many pages."""
    page = int.from_bytes(header[16:18], "big")
    return (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big") or len(_HEADER) + 84


def _check_schema(path: Path, busy_ms: int) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=busy_ms / 1000)) as connection:
            version_in(connection, path)
    except sqlite3.Error as error:
        raise unusable(str(path), error) from error


def version_in(connection: Any, path: Path) -> int | None:
    """Return the schema of a database, `None` of an empty one.

    :raises SchemaMismatch: when it is another program's, or of a schema that is not known here.
    """
    present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not present:
        return None
    version = _version(connection) if "schema_version" in present else None
    if version is None:
        raise SchemaMismatch(f'"{path}" is a SQLite database of another program. Choose another file with --db.')
    if version != SCHEMA_VERSION and version not in STEPS:
        raise SchemaMismatch(
            f'Database "{path}" has schema {version}; this exodsl reads schema {SCHEMA_VERSION} and those before it.'
            " Use the exodsl that wrote it, or choose another file with --db."
        )
    return version


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
