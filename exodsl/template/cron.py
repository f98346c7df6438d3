"""When a cron expression ticks, and what is wrong with one that never does (semantics 9).

Times are whole milliseconds since the epoch, so that no time zone stands in their way.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from exodsl.errors import did_you_mean

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SOME_TIME_MS = 946_684_800_000
"""The year 2000: where the search for a first tick begins when only its existence matters."""
_LONGEST = 200
"""Characters; no expression that somebody means has more."""
_FIELDS = "minute, hour, day of month, month, day of week"
_CURES = {
    "minute": "Minutes go from 0 to 59, as in `0`, `0,30` or `*/15`.",
    "hour": "Hours go from 0 to 23, as in `9`, `9-17` or `*/2`.",
    "day-of-month": "Days go from 1 to 31, as in `1`, `1,15` or, for the last one, `L`.",
    "month": "Months go from 1 to 12, as in `1`, `1-3` or `JAN-MAR`.",
    "day-of-week": "Days of the week go from 0, a Sunday, to 7, as in `1-5` or `MON-FRI`.",
}
_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def cron_fault(cron: str) -> tuple[str, str] | None:
    """Return what is wrong with a cron expression and what to write instead; `None` when it is sound."""
    words = cron.split()
    if len(cron) > _LONGEST:
        return f"it has {len(cron)} characters.", "Split it into several schedules."
    if len(words) == 1 and cron.startswith("@"):
        meant = _ALIASES.get(cron.lower())
        return "it is a nickname.", f'Write "{meant}".' if meant else f"Write five fields: {_FIELDS}."
    if len(words) == 6:
        return "it has six fields.", f'Schedules know no seconds; without them it is "{" ".join(words[1:])}".'
    if len(words) != 5:
        return f"it has {len(words)} fields.", f"Write five: {_FIELDS}."
    return _misread(words)


def _misread(words: list[str]) -> tuple[str, str] | None:
    """Return which of the five fields cannot be meant, or that no day fits them."""
    cron = " ".join(words)
    field = _bad_field(cron)
    impossible = field == "day-of-month" and _bad_field(" ".join([*words[:3], "*", "*"])) is None
    if impossible or (field is None and next_tick(cron, "UTC", _SOME_TIME_MS) is None):
        return "no such day ever comes.", "Choose a day that one of its months has."
    if field is None:
        return None
    text = words[tuple(_CURES).index(field)]
    return f'"{text}" is no {field.replace("-", " ")}.', _CURES[field]


def _bad_field(cron: str) -> str | None:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(cron, _EPOCH)
    except CronSimError as error:
        return str(error).removeprefix("Bad ")
    return None


def zone_fault(name: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a time zone and what may be meant; `None` when there is one."""
    try:
        _zone(name)
    except (LookupError, ValueError, OSError):  # a name may also lead to a folder of zones
        from zoneinfo import available_timezones

        near = did_you_mean(name, available_timezones()).strip()
        return f'there is no time zone "{name}".', near or 'Write a name such as "Europe/Berlin" or "UTC".'
    return None


def next_tick(cron: str, tz: str, after_ms: int) -> int | None:
    """Return the first tick after a time; `None` when none comes within 50 years.

    Where clocks go forward, a time of day that is skipped ticks at the end of the gap. Where they go back, one
    that comes twice ticks the first time; an expression whose minute or hour begins with `*` ticks both times.
    """
    from cronsim import CronSim

    after = (_EPOCH + after_ms * _MILLISECOND).astimezone(_zone(tz))
    for tick in CronSim(cron, after):
        at = (tick - _EPOCH) // _MILLISECOND
        if at > after_ms:  # in the hour that comes twice the search may begin in the first one
            return at
    return None


def ticks_after(cron: str, tz: str, after_ms: int) -> Iterator[int]:
    """Give one tick after the other."""
    at = next_tick(cron, tz, after_ms)
    while at is not None:
        yield at
        at = next_tick(cron, tz, at)


def last_tick(cron: str, tz: str, first_ms: int, until_ms: int) -> int:
    """Return the newest tick up to a time, given one that is not later; found in a few steps, not one by one."""
    newest, beyond = first_ms, until_ms
    while newest < beyond:
        middle = (newest + beyond) // 2
        tick = next_tick(cron, tz, middle)
        if tick is None or tick > until_ms:
            beyond = middle
        else:
            newest = tick
    return newest


def in_zone(at_ms: int, tz: str) -> datetime:
    """Return a tick as a date in its own time zone."""
    return (_EPOCH + at_ms * _MILLISECOND).astimezone(_zone(tz))


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
