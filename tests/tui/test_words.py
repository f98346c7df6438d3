"""How numbers, times and foreign texts are spelled."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from exodsl_tui.words import ago, at, brief, due, fitted, place, plain, shortened, size, span, until

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0ms"),
        (0.034, "34ms"),
        (0.9996, "1.0s"),
        (1.25, "1.2s"),
        (9.96, "10s"),
        (59.6, "1m00s"),
        (200, "3m20s"),
        (7_500, "2h05m"),
        (86_399, "23h59m"),
        (356_400, "4d03h"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (999, "999"), (1_000, "1k"), (1_250, "1.2k"), (99_960, "99k"), (240_000, "240k"), (3_100_000, "3.1M")],
)
def test_a_count_takes_five_characters_at_most(count: int, said: str) -> None:
    assert brief(count) == said


def test_times_say_their_date_only_where_it_is_not_today() -> None:
    assert at(NOW - timedelta(hours=1), UTC, NOW) == "07:00:00"
    assert at(NOW - timedelta(days=1), UTC, NOW) == "2027-01-14 08:00:00"
    assert at(None, UTC, NOW) == "-"


def test_what_is_ahead_is_told_from_what_was() -> None:
    assert (ago(NOW - timedelta(hours=3), NOW), ago(NOW + timedelta(hours=3), NOW)) == ("3h", "0s")
    assert (until(NOW + timedelta(seconds=12), NOW), until(NOW, NOW)) == ("in 12s", "now")
    assert (due(NOW + timedelta(seconds=12), NOW), due(NOW, NOW)) == ("due 12s", None)


def test_places_and_sizes() -> None:
    assert (place(()), place((0, 3), 2), place((), 0, own=True)) == ("-", "0.3.2", "0")
    assert (size(812), size(3_277), size(1_153_434)) == ("812 B", "3.2 KiB", "1.1 MiB")


@given(st.text())
def test_a_foreign_text_is_one_line_that_steers_nothing(text: str) -> None:
    assert plain(text).isprintable()


def test_an_escape_is_shown_and_not_obeyed() -> None:
    assert plain("a\x1b[31mred\nb\u202ec") == "a\\x1b[31mred b\\u202ec"


@given(st.text(max_size=30).map(plain), st.integers(0, 40))
def test_a_text_is_fitted_into_exactly_the_cells_there_are(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) == width
    assert cell_len(shortened(text, width)) <= width
