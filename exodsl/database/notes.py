"""What bodies tell while they run: the lines of their logs, in bounded size, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from exodsl.database import reads
from exodsl.database.rows import Row, Statement, write
from exodsl.engine.notes import MOST_BYTES, MOST_LINES, Notes, Progressed

_ADD = Statement("INSERT INTO log_line (state_id, number, at, level, message) VALUES {rows}", "iiiit")
_TRIM = (
    "DELETE FROM log_line WHERE state_id = ? AND number <= (SELECT max(number) FROM ("
    "SELECT number, row_number() OVER newest AS lines, sum({bytes}) OVER newest AS bytes"
    " FROM log_line WHERE state_id = ? WINDOW newest AS (ORDER BY number DESC)) AS told WHERE lines > ? OR bytes > ?)"
)
_PROGRESS = (
    "INSERT INTO progress (state_id, done, total, note, at) VALUES (?,?,?,?,?) ON CONFLICT (state_id) DO UPDATE"
    " SET done = excluded.done, total = excluded.total, note = excluded.note, at = excluded.at"
)


def write_notes(connection: Any, notes: Sequence[Notes]) -> None:
    """Keep what bodies told; what comes under a lease that is over is left out."""
    held = reads.held(connection, [one.state_id for one in notes])
    for one in notes:
        if (one.state_id, one.lease) not in held:
            continue
        if one.lines:
            _add_lines(connection, one)
        if one.progress is not None:
            connection.execute(_PROGRESS, _progress_row(one.state_id, one.progress))


def _add_lines(connection: Any, notes: Notes) -> None:
    """Number the new lines from where the state's last ones ended; the first number tells how many gave way."""
    state = notes.state_id
    (last,) = connection.execute("SELECT max(number) FROM log_line WHERE state_id = ?", (state,)).fetchone()
    first = (last or 0) + notes.skipped + 1
    if notes.skipped:
        connection.execute("DELETE FROM log_line WHERE state_id = ?", (state,))
    rows = [(state, number, line.at_ms, line.level, line.message) for number, line in enumerate(notes.lines, first)]
    write(connection, _ADD, rows)
    trim = _TRIM.format(bytes=connection.dialect.bytes_of("message"))
    connection.execute(trim, (state, state, MOST_LINES, MOST_BYTES))


def _progress_row(state: int, progress: Progressed) -> Row:
    total = None if progress.total is None else to_json(progress.total).decode()
    return (state, to_json(progress.done).decode(), total, progress.note, progress.at_ms)


def lines(connection: Any, state: int) -> list[Row]:
    """Return (number, at, level, message) of the lines that are kept of a state, oldest first."""
    rows: list[Row] = connection.execute(
        "SELECT number, at, level, message FROM log_line WHERE state_id = ? ORDER BY number", (state,)
    ).fetchall()
    return rows


def progress(connection: Any, state: int) -> Row | None:
    """Return (done, total, note, at) of a state, the first two as JSON."""
    row: Row | None = connection.execute(
        "SELECT done, total, note, at FROM progress WHERE state_id = ?", (state,)
    ).fetchone()
    return row


def copy_notes(connection: Any, run: int, by: int) -> None:
    """Give the states of a run's copy, whose keys are moved `by`, what those of the run told."""
    of_run = "state_id IN (SELECT id FROM state WHERE run_id = ?)"
    connection.execute(
        "INSERT INTO log_line (state_id, number, at, level, message)"
        f" SELECT state_id + ?, number, at, level, message FROM log_line WHERE {of_run}",
        (by, run),
    )
    connection.execute(
        "INSERT INTO progress (state_id, done, total, note, at)"
        f" SELECT state_id + ?, done, total, note, at FROM progress WHERE {of_run}",
        (by, run),
    )
