"""What failed states have in common that others lack: pure counting over their inputs."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.manager.inspecting.contrasts import contrasts

OK = [{"lang": "en", "n": n, "size": {"wide": 1}} for n in range(20)]


def told(failed: list[dict[str, Any]], succeeded: list[dict[str, Any]]) -> list[tuple[str, str, int, int]]:
    """Return field, value, and how many of each have it."""
    return [(one.field, one.value, one.failed, one.succeeded) for one in contrasts(failed, succeeded)]


def test_a_value_that_only_failed_states_have_comes_first() -> None:
    failed = [{"lang": "th", "n": n, "size": {"wide": 1}} for n in range(20)]

    assert told(failed, OK) == [("lang", '"th"', 20, 0)]


def test_what_all_have_is_left_out() -> None:
    assert told(OK, OK) == []


@pytest.mark.parametrize(
    ("numbers", "value"),
    [(range(30, 40), ">= 30"), (range(-20, -10), "<= -11"), ([5.25, 5.5, 5.75], "5.25 .. 5.75")],
)
def test_numbers_are_told_as_the_range_that_parts_them_best(numbers: Any, value: str) -> None:
    failed = [{"n": number} for number in numbers]

    assert told(failed, [{"n": n} for n in range(20)])[0] == ("n", value, len(failed), 0)


def test_fields_inside_fields_have_dotted_names_and_lists_their_length() -> None:
    failed = [{"a": {"b": {"c": None}}, "rows": [1, 2]} for _ in range(4)]
    succeeded = [{"a": {"b": {"c": True}}, "rows": [1]} for _ in range(4)]

    assert told(failed, succeeded) == [("a.b.c", "null", 4, 0), ("rows.length", "2", 4, 0)]


def test_a_rare_value_among_many_failures_is_chance() -> None:
    assert told([{"id": str(n)} for n in range(30)], [{"id": "x"}]) == []


def test_long_texts_are_not_compared() -> None:
    assert told([{"text": "x" * 500}] * 5, [{"text": "y"}] * 5) == []


@pytest.mark.parametrize(("failed", "succeeded"), [([], OK), (OK, [])])
def test_without_both_sides_there_is_nothing_to_compare(failed: Any, succeeded: Any) -> None:
    assert told(failed, succeeded) == []
