"""What goes on while nobody calls: schedules tick, and what is on loan for too long is put back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager

from exodsl.errors import ExodslError
from exodsl.manager.protocol import Serves, StateManager

PAUSE_SECONDS = 1.0

log = logging.getLogger("exodsl.server")


@contextmanager
def keeping(manager: StateManager) -> Generator[None]:
    """Do on a thread what a runtime that serves nothing does, until the end."""
    stopped = threading.Event()
    thread = threading.Thread(target=_keep, args=(manager, stopped), name="exodsl-keeps", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _keep(manager: StateManager, stopped: threading.Event) -> None:
    session: int | None = None
    while not stopped.wait(PAUSE_SECONDS):
        try:
            if session is None:
                session = manager.open_session("server", Serves({}))
            manager.exchange(session, [], 0)
        except ExodslError as error:  # such as a full disk: it may be free again the next time
            log.error("Schedules do not tick: %s", error)
    if session is not None:
        manager.close_session(session)
