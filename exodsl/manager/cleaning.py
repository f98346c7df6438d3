"""Removing runs that ended long ago, piece by piece, while runtimes work on the same database (semantics 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from time import monotonic, sleep

from exodsl.database import cleaning
from exodsl.database.again import again
from exodsl.database.cleaning import ENDED, Old, Removed
from exodsl.engine.status import Run
from exodsl.errors import InputInvalid
from exodsl.manager.viewing import Viewing
from exodsl.manager.views import Cleaned, RunStatus

RUNS_AT_ONCE = 500
"""How many runs are marked in one transaction."""
FIRST, SMALLEST, LARGEST = 250, 50, 1_000
"""How many rows one transaction removes: to begin with, at least and at most."""
PIECE_SECONDS = 0.01
"""How long one transaction should take; the next one removes as much as fits."""
PAUSE_SECONDS, PAUSE_SHARE = 0.01, 3
"""Between two transactions others get their turn: at least so long, and three times what the last one took."""


class Cleaning(Viewing):
    """Removes what is not wanted any more; see `StateManager` for each call."""

    def clean(
        self,
        older_than: timedelta,
        *,
        statuses: Sequence[RunStatus] | None = None,
        namespace: str | None = None,
        graph: str | None = None,
        dry_run: bool = False,
        stop: Callable[[], bool] | None = None,
        namespaces: Collection[str] | None = None,
    ) -> Cleaned:
        """Remove runs that ended long ago; see `StateManager.clean`.

        :param namespaces: only of graphs in these: what a key may remove that is limited to them.
        """
        before = self._clock() - _milliseconds(older_than)
        old = Old(before, _ended(statuses), namespace, graph, namespaces)
        if dry_run:
            return self._foreseen(old)
        runs, states, left = self._remove_runs(old, stop or _never)
        versions = 0 if left else self._remove_versions(old)
        with self._db.reading() as connection:
            size, free, _ = cleaning.space(connection)
        return Cleaned(runs, states, versions, left, size, free)

    def _foreseen(self, old: Old) -> Cleaned:
        with self._db.reading() as connection:
            runs, states = cleaning.count(connection, old)
            versions = cleaning.count_versions(connection, old)
            share = states / max(1, cleaning.all_states(connection))
            size, free, filled = cleaning.space(connection)
        return Cleaned(runs, states, versions, bool(runs), size, free + round(share * filled))

    def _remove_runs(self, old: Old, stop: Callable[[], bool]) -> tuple[int, int, bool]:
        """Return how many runs and states were removed, and whether it was stopped before the end."""
        runs = states = 0
        size = FIRST
        while not stop():
            if not self._mark_some(old):
                return runs, states, False
            removed, took = again(partial(self._remove_piece, size))
            runs, states = runs + removed.runs, states + removed.states
            size = max(SMALLEST, min(LARGEST, round(size * PIECE_SECONDS / took)))
            sleep(max(PAUSE_SECONDS, PAUSE_SHARE * took))
        return runs, states, True

    def _remove_piece(self, most: int) -> tuple[Removed, float]:
        """Remove one piece; return how much it was, and the seconds that it took."""
        with self._db.transaction() as connection:
            begun = monotonic()  # others were waited for until now
            removed = cleaning.remove_piece(connection, most)
        return removed, monotonic() - begun

    def _mark_some(self, old: Old) -> bool:
        """Mark runs unless some are, maybe by a cleaning that was interrupted; say whether there are any."""
        with self._db.reading() as connection:  # looking for runs may take long, and holds nobody up
            if cleaning.any_marked(connection):
                return True
            found = cleaning.old_runs(connection, old, RUNS_AT_ONCE)
        if found:
            with self._db.transaction(alone=True) as connection:
                cleaning.mark(connection, old, found)
        return bool(found)

    def _remove_versions(self, old: Old) -> int:
        with self._db.reading() as connection:
            if not cleaning.count_versions(connection, old):
                return 0
        with self._db.transaction(alone=True) as connection:
            return cleaning.remove_versions(connection, old)


def _never() -> bool:
    return False


def _milliseconds(older_than: timedelta) -> int:
    if older_than < timedelta(0):
        raise InputInvalid(f"Runs cannot be cleaned up before they end: give a time of 0 or more, not {older_than}.")
    return older_than // timedelta(milliseconds=1)


def _ended(statuses: Sequence[RunStatus] | None) -> tuple[Run, ...]:
    """Return the statuses that are meant, all that a run can end with by default; :raises InputInvalid: for others."""
    if statuses is None:
        return ENDED
    names = [run.name for run in ENDED]
    for status in statuses:
        if status not in names:
            raise InputInvalid(f"Runs that are {status} are never cleaned up. Choose among {', '.join(names)}.")
    return tuple(Run[status] for status in statuses)
