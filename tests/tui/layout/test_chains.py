"""Chains: nodes that follow one another alone can share a row, and the rails around them still meet."""

from __future__ import annotations

from hypothesis import given

from exodsl.template.drawings import Scene, rail_rows
from exodsl.template.models import GraphTemplate
from exodsl_tui.layout.chains import chains, head_of, lines
from tests.manager.byhand import draw
from tests.template.strategies import templates


def shown(template: GraphTemplate, *folded: str) -> list[str]:
    rows = rail_rows(Scene.of(template, None), ascii=True)
    return [f"{line.row.rails} {' '.join(line.names)}".rstrip() for line in lines(rows, folded)]


def known(template: GraphTemplate) -> dict[str, tuple[str, ...]]:
    return dict(chains(rail_rows(Scene.of(template, None))))


def test_a_chain_is_of_nodes_that_follow_one_another_alone() -> None:
    assert known(draw("a > b, b > c, c > d e, d > f, e > g, g > h")) == {"a": ("a", "b", "c"), "e": ("e", "g", "h")}


def test_what_fans_out_or_unites_begins_another_chain() -> None:
    template = draw("a > b, b > s*, s > c, c > d, d > e, e > u, u > v, v > w", unites={"u": "s"})

    assert known(template) == {"c": ("c", "d", "e"), "u": ("u", "v", "w")}


def test_a_folded_chain_stands_in_one_row() -> None:
    template = draw("a > b, b > c, c > d e, d e > f", unites={"f": "c/output"})

    assert shown(template) == ["o   a", "o   b", "o   c", "+-+", "o | d", "| o e", "#-+ f"]
    assert shown(template, "a") == ["o   a b c", "+-+", "o | d", "| o e", "#-+ f"]


def test_only_the_chains_that_are_named_are_folded() -> None:
    assert shown(draw("a > b, b > c"), "b") == ["o a", "o b", "o c"]


def test_each_node_of_a_chain_leads_to_its_first() -> None:
    found = {"a": ("a", "b", "c")}

    assert [head_of(name, found) for name in ("a", "c", "x")] == ["a", "a", None]


@given(templates())
def test_every_node_stands_in_one_row_folded_or_not(template: GraphTemplate) -> None:
    rows = rail_rows(Scene.of(template, None))
    names = {node.identifier for node in template.nodes}

    for folded in ((), tuple(chains(rows))):
        standing = [name for line in lines(rows, folded) for name in line.names]
        assert sorted(standing) == sorted(names)


@given(templates())
def test_folding_leaves_the_rails_of_all_other_rows_as_they_are(template: GraphTemplate) -> None:
    rows = rail_rows(Scene.of(template, None))
    found = lines(rows, tuple(chains(rows)))

    assert [line.row for line in found] == [row for row in rows if row in {line.row for line in found}]
