"""What bodies told while they ran, as views: the lines of their logs, and how far they are."""

from __future__ import annotations

import logging
from typing import Any

from pydantic_core import from_json

from exodsl.database import notes
from exodsl.manager.viewing import Viewing
from exodsl.manager.views import LogLine, StateNotes, StateProgress, moment


class Noting(Viewing):
    """Reads what bodies told; see `StateManager` for each call."""

    def notes(self, state_id: int) -> StateNotes:
        """Return what the body of a state told; see `StateManager.notes`."""
        with self._db.reading() as connection:
            self._state_row(connection, state_id)
            rows = notes.lines(connection, state_id)
            progress = _progress(connection, state_id)
        lines = tuple(LogLine(moment(at), logging.getLevelName(level), message) for _, at, level, message in rows)
        return StateNotes(lines, rows[0][0] - 1 if rows else 0, progress)


def _progress(connection: Any, state: int) -> StateProgress | None:
    row = notes.progress(connection, state)
    if row is None:
        return None
    done, total, note, at = row
    return StateProgress(from_json(done), None if total is None else from_json(total), note, moment(at))
