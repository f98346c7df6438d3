"""Columns give way by priority, and bars tell the truth in any width."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from exodsl_tui.bars import bar
from exodsl_tui.signs import Signs
from exodsl_tui.widgets.columns import BETWEEN, Column, fit
from exodsl_tui.words import piece_width


def column(name: str, width: int, *, grow: int = 0, priority: int = 1) -> Column[None]:
    return Column(name, name, lambda _row, _width: (), width, grow, priority)


COLUMNS = (
    column("id", 8, priority=0),
    column("node", 10, grow=2, priority=0),
    column("took", 6),
    column("note", 20, grow=1, priority=9),
)


def test_with_room_every_column_is_there_and_the_rest_is_shared() -> None:
    fitted = fit(COLUMNS, 77)

    assert [(one.name, width) for one, width in fitted] == [("id", 8), ("node", 30), ("took", 6), ("note", 30)]


def test_the_least_important_columns_give_way_first() -> None:
    assert [one.name for one, _ in fit(COLUMNS, 40)] == ["id", "node", "took"]
    assert [one.name for one, _ in fit(COLUMNS, 20)] == ["id", "node"]
    assert [one.name for one, _ in fit(COLUMNS, 3)] == ["id", "node"]


def test_a_column_that_must_stay_cannot_be_hidden() -> None:
    assert [one.name for one, _ in fit(COLUMNS, 100, {"id", "took"})] == ["id", "node", "note"]


@given(st.integers(20, 200))
def test_columns_never_take_more_than_there_is(room: int) -> None:
    fitted = fit(COLUMNS, room)

    assert sum(width for _, width in fitted) + BETWEEN * (len(fitted) - 1) <= room


@given(
    st.integers(4, 40), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000)
)
def test_a_bar_shows_a_little_of_everything_there_is(
    width: int, success: int, failed: int, live: int, rest: int
) -> None:
    signs = Signs(ascii=True)

    pieces = bar(signs, width, total=success + failed + live + rest, success=success, failed=failed, live=live)

    cells = Counter("".join(text for text, _ in pieces))
    assert piece_width(pieces) == width
    assert (cells["!"] > 0) == (failed > 0)
    assert (cells["~"] > 0) == (live > 0)
    assert (cells["#"] > 0) == (success + rest > 0)


def test_nothing_is_an_empty_bar() -> None:
    assert bar(Signs(ascii=True), 5, total=0, success=0, failed=0, live=0) == ((".....", "dim"),)
