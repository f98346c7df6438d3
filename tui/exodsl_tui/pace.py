"""How fast a run goes on, from looks at it: states per second lately, and when it would be through."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from exodsl_tui.words import span

WINDOW = timedelta(seconds=15)


class Pace:
    """Remembers the last looks: when, and how many states had ended by then."""

    def __init__(self) -> None:
        self._looks: deque[tuple[datetime, int]] = deque()

    def seen(self, now: datetime, ended: int) -> None:
        """Note a look; one with fewer ended states (somebody retried some) begins anew."""
        if self._looks and ended < self._looks[-1][1]:
            self._looks.clear()
        self._looks.append((now, ended))
        while len(self._looks) > 2 and now - self._looks[1][0] >= WINDOW:
            self._looks.popleft()

    @property
    def rate(self) -> float | None:
        """States that ended per second; `None` before there are two looks apart."""
        if len(self._looks) < 2:
            return None
        (since, before), (until, after) = self._looks[0], self._looks[-1]
        seconds = (until - since).total_seconds()
        return None if seconds <= 0 else (after - before) / seconds

    def left(self, live: int) -> float | None:
        """Seconds until so many live states have ended, at this rate; more may come."""
        return live / self.rate if self.rate else None

    def said(self, live: int) -> list[str]:
        """Return rate and time left in words, as far as they are known."""
        rate, left = self.rate, self.left(live)
        return ["" if rate is None else f"rate {rate:.1f}/s", "" if left is None else f"eta ~{span(left)}"]
