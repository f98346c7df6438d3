"""Numbers as characters: nothing is a blank, anything is seen, the most is full."""

from exodsl_tui.layout.strips import ASCII_LEVELS, LEVELS, highest, strip, summed

COLUMNS = [range(2), range(2, 3), range(0)]


def test_the_higher_the_fuller() -> None:
    assert strip([0, 1, 25, 50, 51, 100], 100, ASCII_LEVELS) == " ..:=#"


def test_the_least_that_there_is_can_be_seen() -> None:
    assert strip([1], 1_000_000, LEVELS) == LEVELS[0]


def test_nothing_at_all_is_blank() -> None:
    assert strip([0, 0], 0, LEVELS) == "  "


def test_columns_show_the_sum_or_the_most_of_their_buckets() -> None:
    assert summed([1, 2, 5], COLUMNS) == [3, 5, 0]
    assert highest([1, 2, 5], COLUMNS) == [2, 5, 0]
