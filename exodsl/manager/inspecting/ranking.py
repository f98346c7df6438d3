"""The order of a sorted search, and how parts of one are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from heapq import nlargest, nsmallest
from typing import Any, TypeVar

from exodsl.database.browse import Light
from exodsl.errors import InputInvalid, did_you_mean
from exodsl.manager.filters import SORTS
from exodsl.manager.inspection import StateSummary

T = TypeVar("T")
Times = tuple[int, Any, Any, Any]
"""The id of a state, when it began, when it ended, and now: in milliseconds, or as times."""


def check_sort(sort: str) -> None:
    """:raises InputInvalid: when states cannot be sorted so."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise InputInvalid(
            f'States cannot be sorted by "{sort}". There is: {", ".join(SORTS)}.{did_you_mean(name, SORTS)}'
        )


def first_of(states: Iterable[Light], sort: str, limit: int, now: int) -> list[Light]:
    """Return the first so many states in the order of a filter's sort."""
    return _first(states, sort, limit, lambda state: (state.key, state.begun, state.finished, now))


def first_summaries(states: Iterable[StateSummary], sort: str, limit: int, now: datetime) -> list[StateSummary]:
    """Do what `first_of` does: it puts together what several calls of `find_states` gave."""
    return _first(states, sort, limit, lambda state: (state.state_id, state.started_at, state.finished_at, now))


def _first(states: Iterable[T], sort: str, limit: int, times: Callable[[T], Times]) -> list[T]:
    """States without the value come last, whichever comes first."""
    name = sort.removeprefix("-")
    valued: list[tuple[Any, int, T]] = []
    others: list[tuple[int, T]] = []
    for state in states:
        value = _value(name, *times(state))
        key = times(state)[0]
        if value is None:
            others.append((key, state))
        else:
            valued.append((value, key, state))
    pick = nlargest if sort.startswith("-") else nsmallest
    found = [state for *_, state in pick(limit, valued, key=lambda item: item[:2])]
    return found + [state for _, state in nsmallest(limit - len(found), others, key=lambda item: item[0])]


def _value(name: str, key: int, begun: Any, ended: Any, now: Any) -> Any:
    if name == "took":
        return None if begun is None else (now if ended is None else ended) - begun
    return {"id": key, "started": begun, "finished": ended}[name]
