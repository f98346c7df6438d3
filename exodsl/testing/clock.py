"""Time as a test has it: it passes only when something waits for it, or when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from exodsl.errors import SettingInvalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS = 1_000_000_000
Moment = str | datetime
"""A point in time: ISO 8601 text with a zone, or an aware `datetime`."""


class FakeClock:
    """A clock that stands still until it is moved; state managers take it as theirs.

    :param start: when it begins, as ISO 8601 text with a zone, or an aware `datetime`.
    :raises SettingInvalid: when that is no point in time.
    """

    def __init__(self, start: Moment = "2026-01-01T00:00:00Z") -> None:
        self._start = moment(start)
        self._passed = 0
        self._rings_at: Callable[[], int | None] = _never
        self._ring: Callable[[], object] = _never

    def __repr__(self) -> str:
        return f"<clock {self.now.isoformat()}>"

    def __call__(self) -> int:
        """Return the time in whole milliseconds since the epoch."""
        return (self._start - _EPOCH) // timedelta(milliseconds=1) + self._passed // 1_000_000

    @property
    def now(self) -> datetime:
        """The time, as an aware `datetime`."""
        return self._start + timedelta(microseconds=self._passed // 1000)

    @property
    def elapsed(self) -> float:
        """The seconds since its start."""
        return self._passed / _NANOSECONDS

    def advance(self, by: float | timedelta) -> None:
        """Let time pass: so many seconds, or a `timedelta`.

        :raises SettingInvalid: when that is less than 0.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        if not seconds >= 0:
            raise SettingInvalid(f"Time cannot pass by {by}: give 0 seconds or more.")
        goal = self._passed + round(seconds * _NANOSECONDS)
        while (at := self._rings_at()) is not None and self._since_start(at) <= goal:
            self._passed = max(self._passed, self._since_start(at))
            self._ring()
        self._passed = goal

    @contextmanager
    def ringing(self, at: Callable[[], int | None], ring: Callable[[], object]) -> Generator[None]:
        """Stop on the way wherever something is due, and let it be done there.

        :param at: returns when that is, in milliseconds since the epoch; something else after each ring.
        :param ring: does it.
        """
        before = self._rings_at, self._ring
        self._rings_at, self._ring = at, ring
        try:
            yield
        finally:
            self._rings_at, self._ring = before

    def _since_start(self, at: int) -> int:
        return (at * 1000 - (self._start - _EPOCH) // timedelta(microseconds=1)) * 1000


def moment(at: Moment) -> datetime:
    """Return a point in time, in UTC; :raises SettingInvalid: when it is none, or has no zone."""
    found: object = at
    if isinstance(at, str):
        with suppress(ValueError):
            found = datetime.fromisoformat(at)
    if not isinstance(found, datetime):
        raise SettingInvalid(f'"{at}" is no point in time. Write "2026-01-01T09:00:00Z".')
    if found.tzinfo is None:
        raise SettingInvalid(f'"{at}" has no time zone. Write "{found.isoformat()}Z", or another zone.')
    return found.astimezone(UTC)


def _never() -> None:
    """Nothing is due."""
