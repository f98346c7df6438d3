"""A program on a terminal of its own: its keys are pressed, what it draws is read, what it takes is measured."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

ROWS, COLUMNS = 40, 120
PATIENCE = 60.0
"""Seconds until a text that is waited for counts as never drawn."""
ENTER, PAGE_DOWN = b"\r", b"\x1b[6~"
_ASKS, _ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""A terminal that knows synchronized output is told where each frame begins, so frames can be counted."""
_FRAME = b"\x1b[?2026h"


class Terminal:
    """A process whose terminal we are; it ends with the block."""

    def __init__(self, command: Sequence[str]) -> None:
        self._fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=environment
        )
        os.close(theirs)
        self._read = b""
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._fd)

    def press(self, keys: bytes) -> float:
        """Send keys, and forget what was drawn before; return when."""
        self._read = b""
        os.write(self._fd, keys)
        return time.perf_counter()

    def until(self, text: str) -> float:
        """Read until a text is drawn; return when. :raises RuntimeError: when it never is."""
        wanted = text.encode()
        until = time.perf_counter() + PATIENCE
        while wanted not in self._read:
            if time.perf_counter() > until or not self._take(0.5):
                raise RuntimeError(f"{text!r} is never drawn; last came {self._read[-500:]!r}")
        return time.perf_counter()

    def quiet(self, seconds: float) -> None:
        """Read until nothing is drawn for so long."""
        last = time.perf_counter()
        while (left := last + seconds - time.perf_counter()) > 0:
            before = len(self._read)
            self._take(left)
            last = time.perf_counter() if len(self._read) != before else last

    def watch(self, seconds: float) -> None:
        """Read for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._take(left)

    def _take(self, seconds: float) -> bool:
        """Read what comes within a time; return whether the process is still there."""
        if select.select([self._fd], [], [], seconds)[0]:
            try:
                came = os.read(self._fd, 65_536)
            except OSError:  # what Linux says when the other end is closed
                return False
            if _ASKS in came:
                os.write(self._fd, _ANSWER)
            self.frames += came.count(_FRAME)
            self._read += came
        return True

    @property
    def cpu(self) -> float:
        """Seconds of processor time that the process has taken so far, those of all its threads."""
        return time.clock_gettime((~self._process.pid << 3) | 2)  # its CPU clock, as clock_getcpuclockid(3) has it

    @property
    def memory_mb(self) -> float:
        """The highest resident memory so far, in MB."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
