"""Which database is looked into, and how it is opened: to read, and for an action to write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exodsl.errors import DatabaseUnusable
from exodsl.manager.embedded import system_clock
from exodsl.manager.opening import existing_database, open_manager
from exodsl.manager.protocol import StateManager
from exodsl.manager.sessions import Clock

LONGEST_SECONDS = 3_600.0
"""How long one look may take where somebody waits for a file."""


@dataclass(frozen=True, slots=True)
class Place:
    """One database, or state-manager server.

    :param name: what people call it.
    :param uri: where it is; `None` for the default one. The key of a server is in the environment.
    :param read_only: whether actions are refused.
    :param clock: tells the state manager the time; tests give their own.
    """

    name: str
    uri: str | None = None
    read_only: bool = False
    clock: Clock = system_clock

    def open(self) -> StateManager:
        """Open it to read; what is returned cannot write. :raises DatabaseUnusable: when that cannot be."""
        return open_manager(self.uri, read_only=True, clock=self.clock)

    def identity(self) -> tuple[int, int] | None:
        """Return what is another value when another file lies there; `None` where there is none, or a server."""
        try:
            status = Path(existing_database(self.uri)).stat()
        except (DatabaseUnusable, OSError):
            return None
        return status.st_dev, status.st_ino

    def open_to_export(self) -> StateManager:
        """Open it to read for as long as it takes. :raises DatabaseUnusable: when that cannot be."""
        return open_manager(self.uri, read_only=True, look_seconds=LONGEST_SECONDS, clock=self.clock)

    def open_to_write(self) -> StateManager:
        """Open it for an action, and never make one. :raises DatabaseUnusable: when that cannot be."""
        return open_manager(existing_database(self.uri), clock=self.clock)
