"""Rails by row: what a text draws, apart from what stands beside it."""

from collections.abc import Callable

from hypothesis import given

from exodsl.template.drawings import Scene, as_text, rail_rows
from exodsl.template.models import GraphTemplate
from tests.template.strategies import templates


@given(templates())
def test_rows_are_those_of_the_text(template: GraphTemplate) -> None:
    drawn = as_text(template, width=10_000).splitlines()[2:]
    rows = rail_rows(Scene.of(template, None))

    assert len(rows) == len(drawn)
    assert all(line.startswith(row.rails.rstrip()) for row, line in zip(rows, drawn, strict=True))


@given(templates())
def test_all_rows_are_equally_wide_and_have_their_mark_where_they_say(template: GraphTemplate) -> None:
    rows = rail_rows(Scene.of(template, None), ascii=True)

    assert len({len(part) for row in rows for part in (row.rails, row.passing)}) == 1
    assert all(row.rails[row.mark] in "o*#" for row in rows if row.name)


def test_a_row_is_chained_when_it_only_continues_the_one_above(draw: Callable[..., GraphTemplate]) -> None:
    template = draw("a > b, b > c s*, s > d, d > e, e > u, u > v", unites={"u": "s"})
    chained = {row.name for row in rail_rows(Scene.of(template, None)) if row.chained}

    assert chained == {"b", "e", "v"}
