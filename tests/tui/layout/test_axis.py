"""Time from left to right: every bucket has its column, and only what is idle for long is folded."""

from hypothesis import given
from hypothesis import strategies as st

from exodsl_tui.layout.axis import Axis

BUSY = st.lists(st.booleans(), min_size=1, max_size=200)


def axis(busy: list[bool], width: int) -> Axis:
    return Axis.of(busy, lambda count: f"{count}m", width)


def shown(busy: str, width: int) -> str:
    """Return a row of columns: the gaps, and `#` where something busy is shown."""
    buckets = [char == "#" for char in busy]
    found = axis(buckets, width)
    row = ["#" if any(buckets[bucket] for bucket in column) else "." for column in found.columns()]
    for column, gap in found.gaps().items():
        row[column : column + len(gap)] = gap
    return "".join(row)


def test_a_long_idle_stretch_is_folded_with_its_length() -> None:
    assert shown("#####" + "." * 120 + "#####", 20) == "######//120m//######"


def test_a_short_pause_keeps_its_room() -> None:
    assert shown("##########.##########", 21) == "##########.##########"


def test_what_is_folded_takes_nothing_from_the_busy_stretches() -> None:
    assert shown("####" + "." * 40 + "############", 23) == "####//40m//############"


def test_more_gaps_than_fit_are_not_folded() -> None:
    assert "//" not in shown(("#" + "." * 9) * 20, 40)


def test_a_run_in_which_nothing_happened_is_shown_as_it_is() -> None:
    assert shown("....", 8) == "........"


@given(BUSY, st.integers(1, 120))
def test_the_columns_follow_one_another_without_a_hole(busy: list[bool], width: int) -> None:
    stretches = axis(busy, width).stretches

    column = bucket = 0
    for stretch in stretches:
        assert (stretch.column, stretch.first) == (column, bucket)
        column, bucket = column + stretch.width, bucket + stretch.buckets
    assert (column, bucket) == (width, len(busy))


@given(BUSY, st.integers(1, 120))
def test_no_busy_bucket_is_folded(busy: list[bool], width: int) -> None:
    found = axis(busy, width)

    assert not any(found.is_folded(bucket) for bucket, is_busy in enumerate(busy) if is_busy)


@given(BUSY, st.integers(1, 120))
def test_later_is_never_further_left(busy: list[bool], width: int) -> None:
    found = axis(busy, width)
    columns = [found.column(bucket) for bucket in range(len(busy))]

    assert columns == sorted(columns)
    assert all(0 <= column < width for column in columns)


@given(BUSY, st.integers(1, 120))
def test_a_bucket_is_shown_by_the_columns_of_its_span_and_no_others(busy: list[bool], width: int) -> None:
    found = axis(busy, width)
    columns = found.columns()

    for bucket in range(len(busy)):
        if not found.is_folded(bucket):
            first, last = found.span(bucket)
            assert [at for at, shown in enumerate(columns) if bucket in shown] == list(range(first, last + 1))


@given(BUSY, st.integers(1, 120))
def test_steps_lead_from_end_to_end(busy: list[bool], width: int) -> None:
    found, last = axis(busy, width), len(busy) - 1

    for by, start, end in ((-1, last, 0), (1, 0, last)):
        bucket, steps = start, 0
        while bucket != end:
            before, bucket, steps = bucket, found.beside(bucket, by), steps + 1
            assert (bucket - before) * by > 0
        assert steps <= width
