"""What bodies tell while they run, gathered for all states of a runtime until the next exchange takes it along."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from time import monotonic

from exodsl.engine.notes import Line, Notes, Progressed
from exodsl.engine.reports import Claim, Report
from exodsl.runtime.frames import Told
from exodsl.runtime.pace import GATHER_SECONDS, TELL_SECONDS
from exodsl.runtime.page import Page

Place = tuple[int, int]
"""A state, and the lease under which its body tells."""


class Notebook:
    """Hears bodies from any thread; of each state no more is remembered than is kept.

    `due_at` is when what was heard has to be told although no body ends; infinite while nothing was. A state
    that ends takes its notes along, so that no outcome overtakes them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[Place, Page] = {}
        self._told_at = -math.inf
        self._wake: Callable[[], None] | None = None
        self.due_at = math.inf

    def wake_with(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, when there is something to tell again."""
        self._wake = wake

    def hear(self, claim: Claim, note: Line | Progressed) -> None:
        """Note what a body says."""
        self._write(claim, lambda page: page.add(note))

    def hear_all(self, claim: Claim, told: Told) -> None:
        """Note what a body said that was not heard before it ended."""
        if told.lines or told.progress is not None:
            self._write(claim, lambda page: page.add_all(told))

    def _write(self, claim: Claim, write: Callable[[Page], None]) -> None:
        place = claim.state_id, claim.lease
        with self._lock:
            first = not self._pages
            page = self._pages.get(place)
            if page is None:
                page = self._pages[place] = Page()
            write(page)
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
