"""Unites and arrivals: what is well-formed, and what each break says (semantics 4)."""

from collections.abc import Callable

import pytest

from exodsl.template.checks import check
from exodsl.template.models import GraphTemplate

Draw = Callable[..., GraphTemplate]


def told(template: GraphTemplate) -> list[tuple[str, tuple[str, ...]]]:
    """Return the codes that a check finds, with their nodes."""
    return [(finding.code, finding.identifiers) for finding in check(template)]


@pytest.mark.parametrize(
    ("arrows", "unites"),
    [
        ("split* > a, a > u", {"u": "split"}),
        ("split* > u", {"u": "split"}),
        ("split? > u", {"u": "split"}),
        ("split* > a b, a b > c", {"c": "split/output"}),
        ("x > a b, a > u, b > u", {"u": "x"}),
        ("x* > y, y* > a, a > u, u > v", {"u": "y", "v": "x"}),
        ("x* > a b, a > u, u b > v", {"u": "x", "v": "x"}),
        ("x* > a, a > u side, side > more", {"u": "x"}),
        ("x* > a b, a b > c, c > u", {"u": "x"}),
        ("x > a b c, a b > u, u c > v", {"u": "x", "v": "x/output"}),
    ],
)
def test_a_well_formed_unite_passes(arrows: str, unites: dict[str, str], draw: Draw) -> None:
    assert check(draw(arrows, unites=unites)) == []


def test_a_unite_of_an_unknown_node_gets_the_name_that_was_meant(draw: Draw) -> None:
    [finding] = check(draw("split* > a, a > u", unites={"u": "splt"}))

    assert str(finding) == 'E115  `u` unites `splt`, which is no node. Did you mean "split"?'


@pytest.mark.parametrize("wanted", ["u", "later", "aside"])
def test_a_unite_waits_only_for_what_lies_before_it(wanted: str, draw: Draw) -> None:
    template = draw("split* > a aside, a > u, u > later", unites={"u": wanted})

    assert told(template) == [("E115", ("u", wanted))]


def test_a_source_that_is_not_behind_the_united_node_is_refused(draw: Draw) -> None:
    [finding] = check(draw("root > x b, x* > a, a b > u", unites={"u": "x"}))

    assert (finding.code, finding.identifiers) == ("E116", ("u", "b"))
    assert finding.suggestion == "Unite `root`, which lies before both, or take the edge away."


def test_an_edge_into_the_region_from_outside_is_refused(draw: Draw) -> None:
    template = draw("root > x b, x* > a, b > a, a > u", unites={"u": "x"})

    assert told(template) == [("E117", ("a", "b", "u"))]


def test_a_unite_inside_of_a_region_must_not_reach_out_of_it(draw: Draw) -> None:
    [finding] = check(draw("w* > x, x* > a, a > u, u > v", unites={"u": "w", "v": "x"}))

    assert (finding.code, finding.identifiers) == ("E113", ("u", "v"))
    assert finding.message == "`v` unites `x`; inside that region `u` unites `w`, which lies outside it."


def test_within_one_output_nothing_may_wait_for_all_of_them(draw: Draw) -> None:
    template = draw("x* > a b, a > u, u b > v", unites={"u": "x", "v": "x/output"})

    assert told(template) == [("E113", ("u", "v"))]


def test_there_is_nothing_to_unite_on_a_single_way(draw: Draw) -> None:
    [finding] = check(draw("split* > load, load > u", unites={"u": "load"}))

    assert (finding.code, finding.identifiers) == ("E112", ("u", "load"))
    assert finding.suggestion == "Nearest that opens several: `split`."


def test_a_single_way_may_be_united_to_absorb_its_failure(draw: Draw) -> None:
    assert check(draw("load > work, work > u", unites={"u": "load!"})) == []


def test_arrivals_name_each_parent_once(draw: Draw) -> None:
    template = draw("root > a b, a b > c", parts={"c": {"arrivals": ["a", "a"]}})

    assert told(template) == [("E118", ("c",))]


def test_a_node_cannot_unite_and_run_once_per_arrival(draw: Draw) -> None:
    template = draw("root > a b, a b > c", unites={"c": "root"}, parts={"c": {"arrivals": ["a", "b"]}})

    assert told(template) == [("E118", ("c",))]


def test_parents_of_a_per_arrival_node_stand_at_one_depth(draw: Draw) -> None:
    [finding] = check(draw("root > a b, a* > c, b > c"))

    assert (finding.code, finding.identifiers) == ("E119", ("c", "a", "b"))
    assert finding.message.endswith("at different fanout depths: `a` (1), `b` (0).")


def test_undeclared_fanouts_are_named_where_depths_differ(draw: Draw) -> None:
    [finding] = check(draw("root > a c, a? > c"))

    assert finding.suggestion == 'Declare `"fans_out": false` for what does not fan out of `a`.'


def test_all_breaks_are_told_at_once(draw: Draw) -> None:
    arrows = "root > x b, x* > a, b > a, a b > u, u > v, v > w"
    template = draw(arrows, unites={"u": "x", "v": "later"}, parts={"w": {"arrivals": []}})

    assert [code for code, _ in told(template)] == ["E115", "E116", "E117", "E118"]
