"""Waiting for work on a server elsewhere: one thread that asks, and is answered when there is some."""

from __future__ import annotations

import itertools
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from exodsl.errors import DatabaseUnusable, ExodslError
from exodsl.manager.remote.line import Line
from exodsl.manager.remote.messages import SILENCE_SECONDS, WAIT, Called, Waits
from exodsl.manager.remote.session import RemoteSession

AGAIN_SECONDS = 1.0
"""How long it rests before it asks a server again that failed, and looks whether a session waits again."""
_LOG = logging.getLogger("exodsl.manager")


class Waiting:
    """Listens for whoever wants to be woken; there is no thread while nobody does.

    :param sessions: gives the sessions of the manager.
    """

    def __init__(self, line: Line, sessions: Callable[[], Iterable[RemoteSession]]) -> None:
        self._line, self._sessions = line, sessions
        self._wakes: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self._heard: str | None = None

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` when new work appears; returns what ends that."""
        number = next(self._numbers)
        with self._changed:
            self._wakes[number] = wake
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._listen, name="exodsl-waits", daemon=True)
                self._thread.start()
        return lambda: self._leave(number)

    @property
    def listens(self) -> bool:
        """Somebody would be woken."""
        return bool(self._wakes)

    def stir(self) -> None:
        """Look again which sessions wait."""
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """Listen no more."""
        with self._changed:
            self._closed = True
            self._wakes.clear()
            self._hang_up()

    def _leave(self, number: int) -> None:
        with self._changed:
            self._wakes.pop(number, None)
            if not self._wakes:
                self._hang_up()

    def _hang_up(self) -> None:
        self._changed.notify()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while (waiting := self._next()) is not None:
            try:
                self._take(waiting, self._wait(waiting))
            except (ExodslError, ValidationError) as error:  # an answer that breaks off is none
                self._take(waiting, None)
                if self._wakes:
                    _LOG.warning("not hearing of work for a while: %s", error)
                self._rest()

    def _next(self) -> list[RemoteSession] | None:
        """Return the sessions that have nothing to do, as soon as some have, or none are there; `None` at the end."""
        with self._changed:
            while self._wakes:
                sessions = list(self._sessions())
                idle = [session for session in sessions if session.idle]
                if idle or not sessions:
                    return idle
                self._changed.wait(AGAIN_SECONDS)
            self._thread = None
            return None

    def _rest(self) -> None:
        with self._changed:
            if self._wakes:
                self._changed.wait(AGAIN_SECONDS)

    def _wait(self, waiting: list[RemoteSession]) -> Called:
        asked = Waits(sessions=tuple(session.key for session in waiting), heard=self._heard)
        with self._line.streamed(WAIT, asked.model_dump_json().encode(), SILENCE_SECONDS) as response:
            stream: Any = response.extensions["network_stream"]
            with self._changed:
                self._socket = stream.get_extra_info("socket")
                if not self._wakes:
                    self._hang_up()
            for session in self._sessions():
                session.waits = session in waiting
            try:
                return Called.model_validate_json(response.read())
            except ValidationError as error:  # a gateway that cannot say so ends an answer in the middle
                raise DatabaseUnusable(f'The server "{self._line.name}" did not answer to the end.') from error
            finally:
                with self._changed:
                    self._socket = None

    def _take(self, waiting: list[RemoteSession], called: Called | None) -> None:
        """Wake the sessions that were called; all of them where the server could not be heard."""
        some = [session for session in waiting if called is None or session.key in called.sessions]
        for session in waiting:
            session.waits = session not in some
        for session in some:
            session.called = True
        before, self._heard = self._heard, None if called is None else called.heard
        if some or (not waiting and self._heard != before):
            for number in tuple(self._wakes):
                self._wakes.get(number, _nothing)()


def _nothing() -> None:
    """Stand in for who has just stopped listening."""
