"""Paths: byte order is fanout order, and a prefix is a branch (semantics 4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exodsl.engine.lineage import FIRST, STEP, behind, original, positions, step

numbers = st.integers(0, 2**32 - 2)
lineages = st.lists(numbers, max_size=5).map(tuple)


def path(steps: tuple[int, ...]) -> bytes:
    """Return the path of these steps."""
    return b"".join(step(position) for position in steps)


@given(lineages)
def test_a_path_tells_its_steps(steps: tuple[int, ...]) -> None:
    assert positions(path(steps)) == steps


@given(lineages, lineages)
def test_the_order_of_paths_is_the_order_of_their_steps(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert (path(one) < path(other)) == (one < other)


@given(lineages.filter(bool), lineages, lineages)
def test_a_branch_is_all_between_its_prefix_and_what_is_behind_it(
    prefix: tuple[int, ...], below: tuple[int, ...], other: tuple[int, ...]
) -> None:
    first, after = path(prefix), behind(path(prefix))

    assert first <= path((*prefix, *below)) < after
    assert (first <= path(other) < after) == (other[: len(prefix)] == prefix)


@given(lineages, numbers)
def test_the_first_output_is_kept_by_the_state_that_ran(steps: tuple[int, ...], position: int) -> None:
    place = original(path((*steps, position)))

    assert place == (path(steps) if position == 0 else path((*steps, position)))


def test_a_step_has_four_bytes() -> None:
    assert (len(step(7)), STEP, FIRST) == (4, 4, b"\0\0\0\0")
