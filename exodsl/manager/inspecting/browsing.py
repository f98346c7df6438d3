"""The browsing half of the embedded manager: light lists of runs and states, found by filters."""

from __future__ import annotations

from exodsl.manager.inspecting.finding_runs import RunFinding
from exodsl.manager.inspecting.finding_states import StateFinding
from exodsl.manager.inspecting.relating import Relating


class Browsing(StateFinding, RunFinding, Relating):
    """Lists and finds; see `Inspection` for each call."""

    @property
    def read_only(self) -> bool:
        """Whether it refuses everything that would change something."""
        return self._db.read_only

    @property
    def snapshot(self) -> bool:
        """Whether it shows a file that it takes to change no more."""
        return self._db.snapshot

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed; see `Inspection.mark`."""
        return self._db.mark()
