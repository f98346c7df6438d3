"""What bodies tell while they run, gathered for all states of a runtime until the next exchange takes it along."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

from exodsl.engine.notes import MOST_BYTES, MOST_LINES, Line, Notes, Progressed
from exodsl.engine.reports import Claim, Report
from exodsl.runtime.pace import GATHER_SECONDS, TELL_SECONDS

Place = tuple[int, int]
"""A state, and the lease under which its body tells."""


class Notebook:
    """Hears bodies from any thread; of each state no more is remembered than is kept.

    `due_at` is when what was heard has to be told although no body ends; infinite while nothing was. A state
    that ends takes its notes along, so that no outcome overtakes them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[Place, _Page] = {}
        self._told_at = -math.inf
        self._wake: Callable[[], None] | None = None
        self.due_at = math.inf

    def wake_with(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, when there is something to tell again."""
        self._wake = wake

    def hear(self, claim: Claim, note: Line | Progressed) -> None:
        """Note what a body says."""
        place = claim.state_id, claim.lease
        with self._lock:
            first = not self._pages
            page = self._pages.get(place)
            if page is None:
                page = self._pages[place] = _Page()
            page.add(note)
            if first:
                self.due_at = max(monotonic() + GATHER_SECONDS, self._told_at + TELL_SECONDS)
        if first and self._wake is not None:
            self._wake()

    def take(self, reports: Iterable[Report], now: float) -> list[Notes]:
        """Return what is to be told with these reports: what their states said, and all of it when that is due."""
        if not self._pages:
            return []
        with self._lock:
            if now >= self.due_at:
                found, self._pages, self._told_at = self._pages, {}, now
            else:
                ended = [(report.state_id, report.lease) for report in reports]
                found = {place: self._pages.pop(place) for place in ended if place in self._pages}
            if not self._pages:
                self.due_at = math.inf
        return [page.notes(*place) for place, page in found.items()]


class _Page:
    """What one state has told since the last time; the oldest lines give way."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._bytes = self._skipped = 0
        self._progress: Progressed | None = None

    def add(self, note: Line | Progressed) -> None:
        if isinstance(note, Progressed):
            self._progress = note
            return
        self._lines.append(note)
        self._bytes += _size(note)
        while len(self._lines) > MOST_LINES or self._bytes > MOST_BYTES:
            self._bytes -= _size(self._lines.popleft())
            self._skipped += 1

    def notes(self, state_id: int, lease: int) -> Notes:
        return Notes(state_id, lease, tuple(self._lines), self._skipped, self._progress)


def _size(line: Line) -> int:
    return len(line.message.encode())
