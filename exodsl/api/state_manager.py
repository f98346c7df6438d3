"""Opening state managers."""

from __future__ import annotations

import os
from os import PathLike

from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager as Manager

Database = str | PathLike[str] | Manager | None
"""A URI, a path, an open state manager, or `None` for the default database."""


class StateManager:
    """Opens the state manager that keeps graphs, runs and states (semantics 10)."""

    @staticmethod
    def open(uri: str | PathLike[str] | None = None, *, key: str | None = None, read_only: bool = False) -> Manager:
        """Return an open state manager; close it when it is not needed any more.

        :param uri: `sqlite:///path`, a path, `:memory:`, `postgresql://user@host/database`, `http://host:port` of a
            state-manager server, or `None` for the environment's or the default database.
        :param key: what a server wants to be shown, by default what `EXOSPHERE_API_KEY` says.
        :param read_only: only look: nothing is made, migrated or written, what would change something is refused
            with `ReadOnly`, and a look that takes more than two seconds ends with `ReadTimeout`.
        :raises DatabaseUnusable: when it cannot be opened.
        :raises ExtraMissing: when the driver for it is not installed.
        """
        return open_manager(None if uri is None else os.fspath(uri), key=key, read_only=read_only)


def opened(db: Database) -> tuple[Manager, bool]:
    """Return a state manager, and whether it was opened here and is to be closed."""
    if db is None or isinstance(db, str | PathLike):
        return StateManager.open(db), True
    return db, False
