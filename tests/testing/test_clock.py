"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta

import pytest

from exodsl.errors import SettingInvalid
from exodsl.testing import FakeClock

NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)


def test_it_stands_still_until_it_is_moved() -> None:
    clock = FakeClock("2026-01-01T09:00:00Z")

    assert (clock.now, clock(), clock.elapsed) == (NINE, int(NINE.timestamp() * 1000), 0)


def test_it_is_moved_by_seconds_or_a_timedelta() -> None:
    clock = FakeClock(NINE)
    clock.advance(1.5)
    clock.advance(timedelta(hours=1))

    assert (clock.elapsed, clock.now) == (3601.5, NINE + timedelta(hours=1, seconds=1.5))


def test_another_zone_means_the_same_moment() -> None:
    assert FakeClock("2026-01-01T10:00:00+01:00").now == NINE


@pytest.mark.parametrize("by", [-1, timedelta(seconds=-1), float("nan")])
def test_time_does_not_go_back(by: float | timedelta) -> None:
    with pytest.raises(SettingInvalid, match="give 0 seconds or more"):
        FakeClock().advance(by)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("tomorrow", 'Write "2026-01-01T09:00:00Z"'),
        ("2026-01-01T09:00:00", 'Write "2026-01-01T09:00:00Z"'),
        (NINE.replace(tzinfo=None), "has no time zone"),
    ],
)
def test_what_is_no_point_in_time_is_refused(start: str | datetime, said: str) -> None:
    with pytest.raises(SettingInvalid, match=said):
        FakeClock(start)
