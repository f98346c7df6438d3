"""Pages of a long list fit together, whatever is asked, forgotten, or changed in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exodsl.manager.protocol import StateManager
from exodsl_tui.paging import KEPT, PAGE, Chunk, Pages, fetch

NOBODY = cast("StateManager", None)


@dataclass
class Numbers:
    """A sorted list of numbers; the cursor is the last number that was seen."""

    rows: list[int]
    positions: bool = True
    budget: int = 10**9
    asked: list[str | None] = field(default_factory=list)

    @property
    def jumps(self) -> bool:
        return self.positions

    def total(self, manager: StateManager) -> int | None:
        return len(self.rows) if self.jumps else None

    def chunk(self, manager: StateManager, cursor: str | None, limit: int) -> Chunk[int]:
        self.asked.append(cursor)
        rest = [row for row in self.rows if cursor is None or row > int(cursor)]
        found = tuple(rest[: min(limit, self.budget)])
        return Chunk(found, str(found[-1]) if len(rest) > len(found) else None, len(found))

    def cursor_at(self, manager: StateManager, position: int) -> str | None:
        return None if position == 0 else str(self.rows[position - 1])


def show(pages: Pages[int], source: Numbers, first: int, last: int) -> list[Any]:
    """Ask until rows are there; return them."""
    while (wanted := pages.wanted(first, last)) is not None:
        fetched = fetch(NOBODY, source, wanted)
        pages.put(fetched)
        if not fetched.pages:
            break
    return [row for index in range(first, last + 1) if (row := pages.row(index)) is not None]


def again(pages: Pages[int], source: Numbers, first: int, last: int) -> list[Any]:
    """Ask again as after a commit; return the rows that are seen."""
    pages.put(fetch(NOBODY, source, pages.again(first, last)))
    return show(pages, source, first, last)


@pytest.mark.parametrize("jumps", [True, False])
@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 10 * PAGE])
def test_a_list_is_read_from_its_beginning_to_its_end(jumps: bool, count: int) -> None:
    source = Numbers(list(range(count)), jumps)
    pages = Pages[int](jumps=jumps)
    again(pages, source, 0, 20)

    assert show(pages, source, 0, count + 300) == source.rows
    assert (pages.height, pages.complete) == (count, True)


def test_a_far_position_is_jumped_to() -> None:
    source = Numbers(list(range(100 * PAGE)))
    pages = Pages[int](jumps=True)
    again(pages, source, 0, 20)
    source.asked.clear()

    assert show(pages, source, 90 * PAGE, 90 * PAGE + 5) == list(range(90 * PAGE, 90 * PAGE + 6))
    assert len(source.asked) == 1


def test_a_list_without_positions_is_walked() -> None:
    source = Numbers(list(range(20 * PAGE)), positions=False)
    pages = Pages[int](jumps=False)

    assert show(pages, source, 15 * PAGE, 15 * PAGE) == [15 * PAGE]
    assert len(source.asked) == 16


def test_old_pages_are_forgotten_and_read_again() -> None:
    source = Numbers(list(range((KEPT + 10) * PAGE)), positions=False)
    pages = Pages[int](jumps=False)
    for page in range(KEPT + 10):
        show(pages, source, page * PAGE, page * PAGE)

    assert len(list(pages.held())) == KEPT * PAGE
    assert pages.row(0) is None
    assert show(pages, source, 0, 1) == [0, 1]


def test_a_search_goes_on_where_it_was() -> None:
    source = Numbers(list(range(300)), positions=False, budget=50)
    pages = Pages[int](jumps=False)

    assert show(pages, source, 0, 299) == source.rows
    assert pages.searched == 300


def test_rows_stay_where_they_are_while_others_come_before_them() -> None:
    source = Numbers(list(range(0, 20 * PAGE, 2)))
    pages = Pages[int](jumps=True)
    seen = show(pages, source, 5 * PAGE, 5 * PAGE + 10)

    source.rows = sorted([*source.rows, *range(1, 100, 2)])

    assert again(pages, source, 5 * PAGE, 5 * PAGE + 10) == seen


@settings(max_examples=60)
@given(st.booleans(), st.lists(st.tuples(st.integers(0, 900), st.sets(st.integers(0, 3_000), max_size=30)), max_size=8))
def test_after_every_commit_what_is_seen_is_a_stretch_of_the_list(
    jumps: bool, commits: list[tuple[int, set[int]]]
) -> None:
    source = Numbers(list(range(0, 2_000, 2)), jumps)
    pages = Pages[int](jumps=jumps)
    again(pages, source, 0, 30)
    for first, more in commits:
        show(pages, source, first, first + 30)
        source.rows = sorted({*source.rows, *more})
        seen = again(pages, source, first, first + 30)
        at = source.rows.index(seen[0])
        assert seen == source.rows[at : at + len(seen)]


def test_after_changes_the_whole_list_is_seen_without_gaps() -> None:
    source = Numbers(list(range(0, 4_000, 2)))
    pages = Pages[int](jumps=True)
    show(pages, source, 1_000, 1_040)
    source.rows = sorted([*source.rows, *range(1, 400, 2)])
    again(pages, source, 1_000, 1_040)

    seen = [row for first in range(0, 2_400, 40) for row in show(pages, source, first, first + 39)]

    assert sorted(set(seen)) == source.rows
