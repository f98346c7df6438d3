"""One run as a file of its own, which opens like any database."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from exodsl.database import copying
from exodsl.manager.viewing import Viewing

LONGEST_SECONDS = 600
"""How long writing one file may take: all of it is read at one moment."""


class Copying(Viewing):
    """Writes runs into files; see `Inspection` for each call."""

    def export_run(self, run_id: str, path: str | PathLike[str]) -> int:
        """Write one run into a new database file; see `Inspection.export_run`."""
        with self._db.reading(LONGEST_SECONDS) as connection:
            return copying.copy_run(connection, self._run_row(connection, run_id)[0], Path(path))
