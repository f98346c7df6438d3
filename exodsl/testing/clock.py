"""Time as a test has it: it passes only when something waits for it, or when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from exodsl.errors import SettingInvalid

_NANOSECONDS = 1_000_000_000


class FakeClock:
    """A clock that stands still until it is moved; state managers take it as theirs.

    :param start: when it begins, as ISO 8601 text with a zone, or an aware `datetime`.
    :raises SettingInvalid: when that is no point in time.
    """

    def __init__(self, start: str | datetime = "2026-01-01T00:00:00Z") -> None:
        self._start = _moment(start)
        self._passed = 0

    def __repr__(self) -> str:
        return f"<clock {self.now.isoformat()}>"

    def __call__(self) -> int:
        """Return the time in whole milliseconds since the epoch."""
        return (self._start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) + self._passed // 1_000_000

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
        self._passed += round(seconds * _NANOSECONDS)


def _moment(start: str | datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(start) if isinstance(start, str) else start
    except ValueError:
        raise SettingInvalid(f'"{start}" is no point in time. Write "2026-01-01T09:00:00Z".') from None
    if moment.tzinfo is None:
        raise SettingInvalid(f'"{start}" has no time zone. Write "{moment.isoformat()}Z", or another zone.')
    return moment.astimezone(UTC)
