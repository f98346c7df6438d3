"""What one state has told since it was last asked, in bounded size."""

from __future__ import annotations

from collections import deque

from exodsl.engine.notes import MOST_BYTES, MOST_LINES, Line, Notes, Progressed
from exodsl.runtime.frames import Told


class Page:
    """The lines and the progress of one state; the oldest lines give way. For one thread at a time."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._bytes = self._skipped = 0
        self._progress: Progressed | None = None

    def add(self, note: Line | Progressed) -> None:
        """Note what a body says."""
        if isinstance(note, Progressed):
            self._progress = note
            return
        self._lines.append(note)
        self._bytes += _size(note)
        while len(self._lines) > MOST_LINES or self._bytes > MOST_BYTES:
            self._bytes -= _size(self._lines.popleft())
            self._skipped += 1

    def add_all(self, told: Told) -> None:
        """Note what a body said elsewhere."""
        self._skipped += told.skipped
        for line in told.lines:
            self.add(line)
        self._progress = told.progress or self._progress

    def told(self) -> Told:
        """Return it as it goes to another process."""
        return Told(tuple(self._lines), self._skipped, self._progress)

    def notes(self, state_id: int, lease: int) -> Notes:
        """Return it as it is reported."""
        return Notes(state_id, lease, tuple(self._lines), self._skipped, self._progress)


def _size(line: Line) -> int:
    return len(line.message.encode())
