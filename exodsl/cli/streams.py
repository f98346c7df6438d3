"""What bodies print or log, led to one place, line by line and whole."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

Say = Callable[[str], None]
"""Shows complete lines, each with its line end; may be called from any thread."""

_ROOM = "exodsl.runtime"
_STDOUT, _STDERR = 1, 2
_LONGEST = 300
_BARE = re.compile(r": (?:builtins|exodsl(?:\.[a-z_]+)*)\.([A-Z]\w*)")
"""A type of Python's or ours, which people know by its bare name."""


class Lines(io.TextIOBase):
    """A text stream that hands on complete lines, those of each thread for themselves.

    :param beneath: the stream that it stands for.
    """

    def __init__(self, say: Say, beneath: Any) -> None:
        self._say, self._beneath = say, beneath
        self._begun: dict[int, str] = {}

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What the stream beneath encodes with."""
        return str(getattr(self._beneath, "encoding", "utf-8"))

    @property
    def buffer(self) -> Any:
        """The bytes beneath, for those who write bytes."""
        return self._beneath.buffer

    def fileno(self) -> int:
        """Return the file beneath, for programs that a body starts."""
        return int(self._beneath.fileno())

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, text: str, /) -> int:
        """Take text; what ends with a line end is shown."""
        thread = threading.get_ident()
        lines, end, rest = (self._begun.pop(thread, "") + text).rpartition("\n")
        if rest:
            self._begun[thread] = rest
        if end:
            self._say(lines + end)
        return len(text)

    def finish(self) -> None:
        """Show what was begun and never ended with a line end."""
        while self._begun:
            _, text = self._begun.popitem()
            self._say(f"{text}\n")


@contextmanager
def bodies_say(say: Say) -> Generator[None]:
    """Lead everything that is printed or logged in this process to `say`; stdout stays for the result."""
    out, err = Lines(say, sys.stdout), Lines(say, sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            out.finish()
            err.finish()


@contextmanager
def stdout_is_stderr() -> Generator[None]:
    """Let what writes past Python, such as a program that a body starts, write to stderr, too."""
    with ExitStack() as stack:
        with contextlib.suppress(OSError):  # a process may have been started without stdout
            _point(stack, _STDOUT, _STDERR)
        yield


class Spool:
    """Catches what is written past Python to stdout and stderr, so that it does not tear a live display.

    A file, not a pipe: a body that writes while it holds the interpreter must never have to wait.
    """

    def __init__(self) -> None:
        self._read = 0

    @contextmanager
    def catching(self) -> Generator[TextIO]:
        """Catch; gives the real stderr, to draw on."""
        with ExitStack() as stack:
            screen = stack.enter_context(os.fdopen(os.dup(_STDERR), "w", encoding="utf-8", errors="replace"))
            self._file = stack.enter_context(tempfile.TemporaryFile())
            for number in (_STDOUT, _STDERR):
                _point(stack, number, self._file.fileno())
            yield screen

    def take(self) -> str:
        """Return what came in since the last time."""
        number = self._file.fileno()
        found = os.pread(number, os.fstat(number).st_size - self._read, self._read)
        self._read += len(found)
        return found.decode("utf-8", "replace")


def _point(stack: ExitStack, number: int, target: int) -> None:
    kept = os.dup(number)
    stack.callback(os.close, kept)
    stack.callback(os.dup2, kept, number)
    os.dup2(target, number)


@contextmanager
def log_shown() -> Generator[None]:
    """Show what is logged, unless the workflow's own module has set logging up."""
    root, room = logging.getLogger(), logging.getLogger(_ROOM)
    if root.handlers:
        yield
        return
    handler, level = _ToStderr(), room.level
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    root.addHandler(handler)
    if level == logging.NOTSET:
        room.setLevel(logging.INFO)
    try:
        yield
    finally:
        room.setLevel(level)
        root.removeHandler(handler)


class _ToStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - what a logging handler does with any error
            self.handleError(record)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        name = record.name
        record.name = name.removeprefix(f"{_ROOM}.")
        try:
            text = super().format(record)
        finally:
            record.name = name
        return text if name != _ROOM or record.exc_info else _in_one_line(text)


def _in_one_line(text: str) -> str:
    """Return what a runtime says shortly: the end of a run, and `exodsl state`, tell a failure in full."""
    line = _BARE.sub(r": \1", " ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
