"""How a body in a child process tells the parent what it does, while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from logging import Logger, getLogger

from exodsl.dsl.context import Context, Progress
from exodsl.engine.notes import Line, Progressed
from exodsl.runtime.frames import Request, pack_note
from exodsl.runtime.pace import GATHER_SECONDS
from exodsl.runtime.telling import StateLogger, progressed


class Outbox:
    """Sends lines at once, as a body may crash behind each; of its progress only the latest, some times a second.

    :param send: sends one message; called by one thread at a time.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._progress: Progressed | None = None
        self._timer: threading.Timer | None = None
        self._closed = False

    def line(self, line: Line) -> None:
        """Send a line; what comes after the end of the body is dropped, as no state is there for it."""
        with self._lock:
            if not self._closed:
                self._send(pack_note(line))

    def progress(self, progress: Progressed) -> None:
        """Send this soon, unless there is newer by then."""
        with self._lock:
            self._progress = progress
            if self._timer is None and not self._closed:
                self._timer = threading.Timer(GATHER_SECONDS, self._flush)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Send what is left; from here on the pipe belongs to the answer."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._send_progress()
            self._closed = True

    def _flush(self) -> None:
        with self._lock:
            self._timer = None
            self._send_progress()

    def _send_progress(self) -> None:
        if self._progress is not None and not self._closed:
            self._send(pack_note(self._progress))
            self._progress = None


@dataclass(slots=True, kw_only=True)
class ChildContext(Context):
    """The context of a body in a child process; the parent knows the rest of its state."""

    request: Request = field(repr=False)
    outbox: Outbox = field(repr=False)

    def _make_log(self) -> Logger:
        request = self.request
        return StateLogger(getLogger(request.logger), request.kept_from, self.outbox.line, request.secrets.values())

    def _tell(self, progress: Progress) -> None:
        self.outbox.progress(progressed(progress, self.request.secrets.values()))
