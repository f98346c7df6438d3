"""Hearing of work that others have left, without asking for it: a thread that LISTENs."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable

import psycopg

from exodsl.database.postgresql.link import Link
from exodsl.errors import DatabaseUnusable

CHANNEL = "exodsl"
"""Where all schemas of a database tell; what is told is the number of the schema, no more."""
QUIET_SECONDS = 30.0
"""After so long without a word the server is asked whether it is still there."""
AGAIN_SECONDS = 1.0
"""How long it waits before it listens again, after even a patient try has failed."""
FIRST_SECONDS = 5.0
_LOG = logging.getLogger("exodsl.database")


class Listener:
    """A thread with a connection of its own, from its making until it is closed.

    :param link: where to listen; closed with it.
    :param told: what is told of the schema in question.
    :param heard: called at each such word of another process, and when words may have been missed.
    :param own: gives the server's number of the connection whose words are our own.
    """

    def __init__(self, link: Link, told: str, heard: Callable[[], None], own: Callable[[], int]) -> None:
        self._link, self._told, self._heard, self._own = link, told, heard, own
        self._closed = False
        self._ears = threading.Event()
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._work, name="exodsl listens", daemon=True)
        self._thread.start()
        self._ears.wait(FIRST_SECONDS)

    def _work(self) -> None:
        while not self._closed:
            try:
                self._listen()
            except (psycopg.Error, DatabaseUnusable) as error:
                _LOG.warning("not hearing of other processes' work for a while: %s", str(error).partition("\n")[0])
                self._wait(AGAIN_SECONDS)
        self._link.close()

    def _listen(self) -> None:
        connection = self._link.connection()
        connection.execute(f"LISTEN {CHANNEL}")
        if self._ears.is_set():
            self._heard()  # whatever was said meanwhile
        self._ears.set()
        while not self._closed:
            if not self._wait(QUIET_SECONDS, connection.raw.fileno()):
                connection.execute("SELECT 1")
            words = [word for word in connection.raw.notifies(timeout=0) if word.payload == self._told]
            if any(word.pid != self._own() for word in words):
                self._heard()

    def _wait(self, seconds: float, *files: int) -> bool:
        """Wait for one of the files, or for the end; False when nothing came."""
        return bool(select.select([self._stopped, *files], [], [], seconds)[0])

    def close(self) -> None:
        """Stop listening; idempotent."""
        if self._closed:
            return
        self._closed = True
        os.write(self._stop, b"x")
        if threading.current_thread() is not self._thread:
            self._thread.join()
        os.close(self._stop)
        os.close(self._stopped)
