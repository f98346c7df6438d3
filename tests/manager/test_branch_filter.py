"""A filter by branch: whatever came of one output of a fanout, by its position in every fanout from the root on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exodsl.errors import FilterInvalid, InputInvalid
from exodsl.manager.filter_text import as_text, state_filter
from exodsl.manager.filters import StateFilter, Term
from tests.manager.byhand import ByHand, numbers

Begin = Callable[..., ByHand]


def found(run: ByHand, text: str) -> list[tuple[str, tuple[int, ...], int]]:
    items = run.manager.find_states(run.run_id, state_filter(text)).items
    return [(state.identifier, state.path, state.fanout_index) for state in items]


@pytest.fixture
def nested(run: Begin) -> ByHand:
    """A run of two fanouts, one within the other: two outputs, of which each gives two."""
    begun = run("outer* > inner*, inner > leaf")
    begun.work(outer=numbers(2), inner=numbers(2))
    return begun


def test_a_branch_is_what_came_of_an_output(nested: ByHand) -> None:
    assert found(nested, "branch:1") == [
        ("outer", (), 1),
        ("inner", (1,), 0),
        ("inner", (1,), 1),
        ("leaf", (1, 0), 0),
        ("leaf", (1, 1), 0),
    ]


def test_an_inner_branch_goes_by_the_position_in_every_fanout(nested: ByHand) -> None:
    assert found(nested, "branch:1.0") == [("leaf", (1, 0), 0)]


def test_branches_are_joined_by_commas_and_taken_away_by_a_minus(nested: ByHand) -> None:
    assert found(nested, "node:leaf branch:0.0,1.1") == [("leaf", (0, 0), 0), ("leaf", (1, 1), 0)]
    assert found(nested, "node:leaf -branch:0") == [("leaf", (1, 0), 0), ("leaf", (1, 1), 0)]


def test_a_branch_reads_back_as_it_is_spelled() -> None:
    filter = StateFilter((Term("branch", "=", ("0.12", "3")),))

    assert state_filter(as_text(filter)) == filter


@pytest.mark.parametrize("text", ["branch:x", "branch:1.", "branch:-1", "branch:1234567890", "branch:>1"])
def test_what_is_no_place_is_refused_with_its_column(text: str) -> None:
    with pytest.raises(FilterInvalid):
        state_filter(text)


def test_what_is_no_place_is_refused_by_the_manager_as_well(nested: ByHand) -> None:
    with pytest.raises(InputInvalid, match='"branch" takes positions'):
        nested.manager.find_states(nested.run_id, StateFilter((Term("branch", "=", ("x",)),)))
