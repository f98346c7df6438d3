"""Lineage, reading, regions and gates, worked out by hand (semantics 4)."""

from collections.abc import Callable

from exodsl.template.models import GraphTemplate
from exodsl.template.structure import Structure

Draw = Callable[..., GraphTemplate]

BILLING = "customers* > invoices*, invoices > tax, tax > bill, bill > report"
BILLED = {"bill": "invoices", "report": "customers"}


def opened(structure: Structure) -> dict[str, str]:
    """Return, for each node, what opened the steps of its states' lineage."""
    return {name: " ".join(level.opener for level in way) for name, way in structure.levels.items()}


def lists(structure: Structure, reader: str) -> dict[str, bool]:
    """Return what a node may read, and whether it finds a list there."""
    return {source: structure.many(reader, source) for source in sorted(structure.reads[reader])}


def test_a_unite_closes_the_fanout_that_it_unites(draw: Draw) -> None:
    structure = Structure.of(draw(BILLING, unites=BILLED))

    assert opened(structure) == {
        "customers": "",
        "invoices": "customers",
        "tax": "customers invoices",
        "bill": "customers",
        "report": "",
    }


def test_nested_unites_read_lists_of_what_they_unite_and_single_values_of_the_rest(draw: Draw) -> None:
    structure = Structure.of(draw(BILLING, unites=BILLED))

    assert lists(structure, "bill") == {"customers": False, "invoices": True, "tax": True}
    assert lists(structure, "report") == {"bill": True, "customers": True, "invoices": True, "tax": True}


def test_behind_a_unite_its_region_is_closed(draw: Draw) -> None:
    structure = Structure.of(draw("split* > a, a > u, u > after", unites={"u": "split"}))

    assert lists(structure, "after") == {"split": True, "u": False}


def test_a_failure_counts_at_the_nearest_unite_and_not_at_the_outer_one(draw: Draw) -> None:
    structure = Structure.of(draw(BILLING, unites=BILLED))

    assert structure.blamed == {
        "customers": (),
        "invoices": ("report",),
        "tax": ("bill",),
        "bill": ("report",),
        "report": (),
    }
    assert structure.counted == structure.blamed


def test_a_join_runs_within_one_output_and_reads_it_as_a_single_value(draw: Draw) -> None:
    structure = Structure.of(draw("split* > a b, a b > c", unites={"c": "split/output"}))

    assert opened(structure)["c"] == "split"
    assert lists(structure, "c") == {"a": False, "b": False, "split": False}


def test_a_fanout_inside_of_a_join_gives_a_list_within_that_output(draw: Draw) -> None:
    arrows = "split* > pages b, pages* > page, page b > c, c > d"
    structure = Structure.of(draw(arrows, unites={"c": "split/output"}))

    assert lists(structure, "c") == {"b": False, "page": True, "pages": True, "split": False}
    assert lists(structure, "d") == {"c": False, "split": False}


def test_a_side_branch_is_not_in_the_region_and_its_failure_counts_at_the_run(draw: Draw) -> None:
    structure = Structure.of(draw("split* > a, a > u log, log > mail", unites={"u": "split"}))

    assert structure.regions == {"u": {"a"}}
    assert structure.blamed == {"split": (), "a": ("u",), "u": (), "log": (), "mail": ()}


def test_a_side_branch_inside_of_an_outer_region_is_blamed_there(draw: Draw) -> None:
    arrows = "outer* > inner, inner* > a, a > u side, u side > v"
    structure = Structure.of(draw(arrows, unites={"u": "inner", "v": "outer"}))

    assert structure.regions == {"u": {"a"}, "v": {"inner", "a", "u", "side"}}
    assert structure.blamed["a"] == ("u", "v")
    assert structure.blamed["side"] == ("v",)
    assert structure.counted["a"] == ("u",)


def test_two_unites_of_one_node_may_share_nodes_and_both_wait_for_them(draw: Draw) -> None:
    arrows = "split* > a, a > b c, b c > u, c > v"
    structure = Structure.of(draw(arrows, unites={"u": "split", "v": "split"}))

    assert structure.regions == {"u": {"a", "b", "c"}, "v": {"a", "c"}}
    assert structure.counted == {
        "split": (),
        "a": ("u", "v"),
        "b": ("u",),
        "c": ("u", "v"),
        "u": (),
        "v": (),
    }


def test_a_unite_within_the_region_of_another_of_the_same_node_gives_it_one_value(draw: Draw) -> None:
    arrows = "split* > a b, a > u, u b > v"
    structure = Structure.of(draw(arrows, unites={"u": "split", "v": "split"}))

    assert lists(structure, "v") == {"a": True, "b": True, "split": True, "u": False}
    assert structure.counted == {"split": (), "a": ("u",), "b": ("v",), "u": ("v",), "v": ()}


def test_a_node_that_runs_once_per_arrival_adds_a_step_and_reads_what_its_parents_share(draw: Draw) -> None:
    arrows = "split* > a b, a > c, b > c, c > d, d > u"
    structure = Structure.of(draw(arrows, unites={"u": "split"}))

    assert opened(structure) == {
        "split": "",
        "a": "split",
        "b": "split",
        "c": "split c",
        "d": "split c",
        "u": "",
    }
    assert lists(structure, "c") == {"split": False}
    assert lists(structure, "d") == {"c": False, "split": False}
    assert lists(structure, "u") == {"a": True, "b": True, "c": True, "d": True, "split": True}


def test_a_join_over_arrivals_reads_a_list_of_them(draw: Draw) -> None:
    arrows = "root > a b, a b > c, c > u"
    structure = Structure.of(draw(arrows, unites={"u": "root"}))

    assert lists(structure, "u") == {"a": False, "b": False, "c": True, "root": False}


def test_declared_arrivals_order_the_parents(draw: Draw) -> None:
    structure = Structure.of(draw("root > a b, a b > c", parts={"c": {"arrivals": ["b", "a"]}}))

    assert structure.shape.parents["c"] == ("b", "a")


def test_an_undeclared_fanout_is_many_but_no_sure_list(draw: Draw) -> None:
    structure = Structure.of(draw("split? > a, a > u", unites={"u": "split"}))

    assert (structure.many("u", "a"), structure.sure_list("u", "a")) == (True, False)


def test_a_declared_fanout_below_an_undeclared_one_is_a_sure_list(draw: Draw) -> None:
    structure = Structure.of(draw("split? > a, a* > b, b > u", unites={"u": "split"}))

    assert (structure.sure_list("u", "split"), structure.sure_list("u", "b")) == (False, True)


def test_an_output_that_cannot_be_followed_is_a_failed_branch_of_its_fanout(draw: Draw) -> None:
    structure = Structure.of(draw("split* > a, a > u, u > v", unites={"u": "split", "v": "split"}))

    assert structure.blamed["split"] == ()
    assert structure.blamed_outputs["split"] == ("u",)


def test_the_nearest_common_ancestor_lies_on_every_way(draw: Draw) -> None:
    shape = Structure.of(draw("root > x, x > a b, a > c d, b > c", unites={"c": "x/output"})).shape

    assert shape.nearest_common_ancestor(("d", "b")) == "x"
    assert shape.nearest_common_ancestor(("c", "d")) == "x"
    assert shape.nearest_common_ancestor(("a", "d")) == "a"
