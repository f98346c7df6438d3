"""The pace of a run: by the looks of the last seconds, and no others."""

from datetime import UTC, datetime, timedelta

from exodsl_tui.pace import Pace

START = datetime(2027, 1, 15, tzinfo=UTC)


def seen(*looks: tuple[float, int]) -> Pace:
    pace = Pace()
    for seconds, ended in looks:
        pace.seen(START + timedelta(seconds=seconds), ended)
    return pace


def test_there_is_none_before_the_second_look() -> None:
    assert (seen().rate, seen((0, 5)).rate, seen((0, 5)).left(3)) == (None, None, None)


def test_it_is_what_ended_by_the_time_that_passed() -> None:
    assert seen((0, 10), (2, 20), (4, 90)).rate == 20


def test_what_is_left_takes_its_time_at_this_pace() -> None:
    assert seen((0, 0), (10, 50)).left(20) == 4


def test_what_was_long_ago_does_not_count() -> None:
    assert seen((0, 0), (100, 1000), (110, 1010), (120, 1020)).rate == 1


def test_nothing_ends_at_no_pace() -> None:
    still = seen((0, 10), (5, 10))

    assert (still.rate, still.left(3)) == (0, None)


def test_a_retry_that_takes_ends_back_begins_anew() -> None:
    assert seen((0, 100), (1, 200), (2, 50)).rate is None
