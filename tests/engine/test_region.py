"""What of a region decides whether and when a gate opens (semantics 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.plan import make_plan
from exodsl.engine.region import region_of
from tests.manager.byhand import draw


def names(arrows: str, unite: str, **unites: str) -> dict[str, Any]:
    """Return the region of a unite with the names of its nodes."""
    plan = make_plan(draw(arrows, unites=unites))
    index = {node.identifier: node.index for node in plan.nodes}
    found = region_of(plan, index[unite])
    parts = ("nodes", "unites", "dooming", "dooming_outputs", "growing")
    return {part: {plan.nodes[at].identifier for at in getattr(found, part)} for part in parts}


def test_a_region_is_what_lies_between_a_unite_and_what_it_unites() -> None:
    found = names("split* > work, work > check, check > total, check > side", "total", total="split")

    assert found == {
        "nodes": {"work", "check"},
        "unites": set(),
        "dooming": {"work", "check"},
        "dooming_outputs": {"split", "work", "check"},
        "growing": set(),
    }


@pytest.mark.parametrize(
    ("arrows", "growing"),
    [
        ("a* > b, b > u", set()),
        ("a* > b*, b > u", {"b"}),
        ("a* > b, b > c*, c > u", {"b", "c"}),
        ("a* > b, b > c d, c > u, d > u", {"b"}),
        ("a* > b, b > c d, c > u", set()),
    ],
)
def test_a_state_that_may_become_several_branches_is_known(arrows: str, growing: set[str]) -> None:
    assert names(arrows, "u", u="a")["growing"] == growing


@pytest.mark.parametrize(("per", "growing"), [("execution", set()), ("output", {"b"})])
def test_an_inner_unite_makes_one_branch_of_an_execution(per: str, growing: set[str]) -> None:
    found = names("a* > b*, b > c, c > w, w > u", "u", w=f"b/{per}", u="a")

    assert found["growing"] == growing
    assert found["unites"] == {"w"}


@pytest.mark.parametrize(("inner", "dooming"), [("b", {"b", "c", "w"}), ("b!", {"b", "w"})])
def test_a_failure_passes_through_strict_unites_and_no_others(inner: str, dooming: set[str]) -> None:
    assert names("a* > b*, b > c, c > w, w > u", "u", w=inner, u="a")["dooming"] == dooming
