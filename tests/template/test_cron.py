"""When cron expressions tick, through every change of the clocks; and those that never do (semantics 9)."""

from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exodsl.template.cron import cron_fault, in_zone, last_tick, next_tick, ticks_after, zone_fault

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def milliseconds(text: str, tz: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).timestamp() * 1000)


def ticks(cron: str, tz: str, after: str, count: int) -> list[str]:
    """Return the next ticks after a time of day, as clocks there show them, with the offset."""
    found = islice(ticks_after(cron, tz, milliseconds(after, tz)), count)
    return [in_zone(at, tz).strftime("%d %H:%M %z") for at in found]


CHANGES = [
    # In the gap: once, at its end.
    ("30 2 * * *", BERLIN, "2026-03-28T12:00", ["29 03:00 +0200", "30 02:30 +0200"]),
    ("15,45 2 * * *", BERLIN, "2026-03-28T12:00", ["29 03:00 +0200", "30 02:15 +0200"]),
    ("0 2,3 * * *", BERLIN, "2026-03-28T12:00", ["29 03:00 +0200", "30 02:00 +0200"]),
    ("30 2 * * *", NEW_YORK, "2026-03-07T12:00", ["08 03:00 -0400", "09 02:30 -0400"]),
    ("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00", ["29 01:00 +0300", "30 00:00 +0300"]),
    ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", ["04 02:30 +1100", "05 02:15 +1100"]),
    # In the hour that comes twice: once, the first time.
    ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["25 02:30 +0200", "26 02:30 +0100"]),
    ("30 1 * * *", NEW_YORK, "2026-10-31T12:00", ["01 01:30 -0400", "02 01:30 -0500"]),
    ("0 2,3 * * *", BERLIN, "2026-10-24T12:00", ["25 02:00 +0200", "25 03:00 +0100"]),
    # By the hour: every hour that passes.
    ("0 * * * *", BERLIN, "2026-03-29T01:30", ["29 03:00 +0200", "29 04:00 +0200"]),
    ("0 * * * *", BERLIN, "2026-10-25T01:30", ["25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100"]),
    ("*/30 * * * *", NEW_YORK, "2026-11-01T01:10", ["01 01:30 -0400", "01 01:00 -0500", "01 01:30 -0500"]),
    ("*/30 * * * *", NEW_YORK, "2026-03-08T01:10", ["08 01:30 -0500", "08 03:00 -0400"]),
    # Without any change.
    ("0 9 * * MON-FRI", BERLIN, "2026-01-02T12:00", ["05 09:00 +0100", "06 09:00 +0100"]),
    ("0 0 L * *", "UTC", "2026-02-10T00:00", ["28 00:00 +0000", "31 00:00 +0000"]),
    ("0 0 29 2 *", "UTC", "2026-01-01T00:00", ["29 00:00 +0000"]),
]


@pytest.mark.parametrize(("cron", "tz", "after", "expected"), CHANGES)
def test_ticks_through_the_changes_of_the_clocks(cron: str, tz: str, after: str, expected: list[str]) -> None:
    assert ticks(cron, tz, after, len(expected)) == expected


def test_a_search_that_begins_in_the_second_of_two_equal_hours_does_not_go_back() -> None:
    second = int(datetime.fromisoformat("2026-10-25T02:10:00+01:00").timestamp() * 1000)
    found = next_tick("30 2 * * *", BERLIN, second)

    assert found == milliseconds("2026-10-26T02:30", BERLIN)


def test_a_tick_lies_after_the_time_that_is_asked_about() -> None:
    noon = milliseconds("2026-01-01T12:00", "UTC")

    assert next_tick("0 12 * * *", "UTC", noon - 1) == noon
    assert next_tick("0 12 * * *", "UTC", noon) == noon + 86_400_000


CRONS = st.sampled_from(["* * * * *", "0 9 * * 1-5", "30 2 * * *", "0 * * * *", "*/7 1-3 * * *", "0 0 1 1 *"])
ZONES = st.sampled_from(["UTC", BERLIN, NEW_YORK, "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.integers(1_767_225_600_000, 1_798_761_600_000)


@settings(max_examples=50, deadline=None)
@given(CRONS, ZONES, MOMENTS, st.integers(0, 4 * 3_600_000))
def test_the_newest_tick_is_the_one_that_walking_finds(cron: str, tz: str, begin: int, length: int) -> None:
    first = next_tick(cron, tz, begin)
    assert first is not None
    *_, walked = [first, *takewhile(lambda at: at <= first + length, ticks_after(cron, tz, first))]

    assert last_tick(cron, tz, first, first + length) == walked


@pytest.mark.parametrize(
    ("cron", "wrong", "cure"),
    [
        ("60 9 * * *", '"60" is no minute.', "0 to 59"),
        ("0 24 * * *", '"24" is no hour.', "0 to 23"),
        ("0 9 0 * *", '"0" is no day of month.', "1 to 31"),
        ("0 9 15W * *", '"15W" is no day of month.', "1 to 31"),
        ("0 9 * JANUARY *", '"JANUARY" is no month.', "JAN-MAR"),
        ("0 9 * * FRI-MON", '"FRI-MON" is no day of week.', "MON-FRI"),
        ("0 9 * * ?", '"?" is no day of week.', "MON-FRI"),
        ("٣ * * * *", '"٣" is no minute.', "0 to 59"),
        ("0 9 * *", "it has 4 fields.", "minute, hour, day of month, month, day of week"),
        ("", "it has 0 fields.", "minute, hour"),
        ("0 0 9 * * *", "it has six fields.", 'without them it is "0 9 * * *"'),
        ("@hourly", "it is a nickname.", '"0 * * * *"'),
        ("@Daily", "it is a nickname.", '"0 0 * * *"'),
        ("@reboot", "it is a nickname.", "five fields"),
        ("0 0 30 2 *", "no such day ever comes.", "one of its months"),
        ("0 0 31 4,6 *", "no such day ever comes.", "one of its months"),
        ("1" * 5000 + " * * * *", "it has 5008 characters.", "several schedules"),
    ],
)
def test_an_expression_that_cannot_be_meant_is_told_with_its_cure(cron: str, wrong: str, cure: str) -> None:
    fault = cron_fault(cron)

    assert fault is not None
    assert (fault[0], cure in fault[1]) == (wrong, True)


@pytest.mark.parametrize("cron", ["0 9 * * mon-fri", "*/15 9-17 1,15,L JAN-MAR 1-5", "0 0 29 2 *", "0 0 * 2 MON#5"])
def test_an_expression_that_ticks_some_day_is_sound(cron: str) -> None:
    assert cron_fault(cron) is None


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789*/-,#LW? MONFRIJAN@\0é", max_size=30))
def test_whatever_is_written_is_told_apart_from_what_is_sound(text: str) -> None:
    fault = cron_fault(text)

    assert fault is not None or next_tick(text, "UTC", 0) is not None


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("Europe/Berln", 'Did you mean "Europe/Berlin"?'),
        ("europe/berlin", 'Did you mean "Europe/Berlin"?'),
        ("Mars/Base", 'Write a name such as "Europe/Berlin" or "UTC".'),
        ("../etc/passwd", 'Write a name such as "Europe/Berlin" or "UTC".'),
        ("", 'Write a name such as "Europe/Berlin" or "UTC".'),
    ],
)
def test_an_unknown_time_zone_is_told_with_the_nearest(name: str, cure: str) -> None:
    assert zone_fault(name) == (f'there is no time zone "{name}".', cure)


def test_a_folder_of_time_zones_is_none() -> None:
    assert zone_fault("Europe") is not None
