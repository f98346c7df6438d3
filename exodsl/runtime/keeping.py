"""Runs that ended long ago are removed by the runtime that serves their graphs, now and then (semantics 10)."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

from exodsl.errors import ExodslError, SettingInvalid
from exodsl.manager.protocol import Serves, StateManager
from exodsl.runtime.logs import LOG

EVERY_SECONDS = 600.0
"""How long it leaves things alone after each look."""


def checked_keep(keep: timedelta | None) -> timedelta | None:
    """Return how long runs are kept; :raises SettingInvalid: when that is no time."""
    if keep is not None and keep <= timedelta(0):
        raise SettingInvalid(f"keep must be more than 0, not {keep}: runs are looked at when they have ended.")
    return keep


@contextmanager
def keeping(manager: StateManager, serves: Serves, keep: timedelta | None) -> Generator[None]:
    """Remove runs of these graphs that ended longer ago than `keep`; on a thread, bodies and exchanges go on."""
    if keep is None:
        yield
        return
    keeper = _Keeper(manager, serves, keep)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


class _Keeper(threading.Thread):
    def __init__(self, manager: StateManager, serves: Serves, keep: timedelta) -> None:
        super().__init__(name="exodsl-keeper", daemon=True)
        self._manager, self._graphs, self._keep = manager, tuple(serves.node_names), keep
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            for namespace, graph in self._graphs:
                self._clean(namespace, graph)
            self._stopped.wait(EVERY_SECONDS)

    def _clean(self, namespace: str, graph: str) -> None:
        only = None if graph == "*" else graph
        try:
            found = self._manager.clean(self._keep, namespace=namespace, graph=only, stop=self._stopped.is_set)
        except ExodslError:
            LOG.exception("old runs could not be removed; it is tried again later")
            return
        if found.runs or found.versions:
            LOG.info("removed %d runs, with %d states, and %d versions", found.runs, found.states, found.versions)

    def stop(self) -> None:
        """End after the transaction that goes on."""
        self._stopped.set()
        self.join()
