"""One run copied into a database of its own, as it stands at one moment."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from exodsl.database.opening import create_schema, unusable
from exodsl.engine.status import State
from exodsl.errors import DatabaseUnusable

_AT_ONCE = 1_000
_OF_STATES = "state_id IN (SELECT id FROM state WHERE run_id = ?)"
_TEMPLATE = "(SELECT template_id FROM run WHERE id = ?)"
COPIED = {
    "graph_template": f"id = {_TEMPLATE}",
    "template_node": f"template_id = {_TEMPLATE}",
    "run": "id = ?",
    "state": "run_id = ?",
    "gate": "run_id = ?",
    "node_count": "run_id = ?",
    "store_entry": "run_id = ?",
    "large_value": "run_id = ?",
    "manual_retry": "run_id = ?",
    "spill": _OF_STATES,
    "log_line": _OF_STATES,
    "progress": _OF_STATES,
}
"""What belongs to a run, by table; not what belongs to the place where it runs: sessions, schedules, secrets."""
_HELD = f"status = {State.QUEUED:d}"
_CHANGED = {
    "state": {
        "status": f"CASE WHEN {_HELD} THEN {State.CREATED:d} ELSE status END",
        "lease": "0",
        "queued_at": f"CASE WHEN {_HELD} THEN NULL ELSE queued_at END",
    }
}
"""Columns that are not copied as they are: nobody holds a state of the copy."""


def copy_run(source: Any, run: int, path: Path) -> int:
    """Write a run and all that belongs to it into a new file, and return how many states it has.

    :param source: a connection that sees one committed moment.
    :raises DatabaseUnusable: when there is such a file, or it cannot be written; nothing is left of it then.
    """
    with new_file(path) as draft:
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as target:
                # Nobody sees the draft, so it needs no journal; what is on the disk is made sure of at the end.
                target.execute("PRAGMA journal_mode = OFF")
                target.execute("PRAGMA synchronous = OFF")
                target.execute("BEGIN")
                create_schema(target)
                copied = {table: _copy(source, target, run, table) for table in COPIED}
                target.execute("COMMIT")
        except sqlite3.Error as error:
            raise unusable(str(path), error) from error
    return copied["state"]


def _copy(source: Any, target: sqlite3.Connection, run: int, table: str) -> int:
    columns: list[str] = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    changed: dict[str, str] = _CHANGED.get(table, {})
    read = ", ".join(changed.get(column, column) for column in columns)
    # By name: the columns of a database that was brought up to date stand in another order.
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    rows = source.execute(f"SELECT {read} FROM {table} WHERE {COPIED[table]}", (run,))
    count = 0
    while part := rows.fetchmany(_AT_ONCE):
        target.executemany(insert, part)
        count += len(part)
    return count


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give the path of a draft; it takes the name of the file, which is taken at once, when it is done."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.open("x").close()
    except FileExistsError:
        raise DatabaseUnusable(f'"{path}" is there already. Name a new file to export into.') from None
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:
        for left in (draft, path):
            with suppress(OSError):
                left.unlink()
        if isinstance(error, OSError) and not isinstance(error, DatabaseUnusable):
            raise _unwritten(path, error) from error
        raise


def _unwritten(path: Path, error: OSError) -> DatabaseUnusable:
    return DatabaseUnusable(f'"{path}" cannot be written: {error.strerror}. Name another file.')
