"""Numbers in rising order, as near as can be to others: how a layer finds its columns."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exodsl_tui.layout.placing import nearest_rising

WANTED = st.lists(st.floats(-1000, 1000), max_size=30)


def distance(found: list[float], wanted: list[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(found, wanted, strict=True))


@given(WANTED)
def test_they_never_fall(wanted: list[float]) -> None:
    found = nearest_rising(wanted)

    assert all(a <= b + 1e-6 for a, b in pairwise(found))


@given(WANTED, st.data())
def test_no_other_rising_numbers_are_nearer(wanted: list[float], data: st.DataObject) -> None:
    others = sorted(data.draw(st.lists(st.floats(-1000, 1000), min_size=len(wanted), max_size=len(wanted))))

    assert distance(nearest_rising(wanted), wanted) <= distance(others, wanted) + 1e-6


@given(WANTED)
def test_numbers_that_rise_stay(wanted: list[float]) -> None:
    assert nearest_rising(sorted(wanted)) == sorted(wanted)
