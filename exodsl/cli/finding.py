"""Searching by a filter until a page is full, or everything was looked at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from exodsl.cli.exits import say

if TYPE_CHECKING:
    from exodsl.manager.filters import RunFilter, StateFilter, Term
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import Page, RunView, StateView


def found_states(
    manager: StateManager, run_id: str, filter: StateFilter, limit: int, cursor: str | None
) -> Page[StateView]:
    """Return the first states of a run that fit a filter; when none does, say which of its terms is in the way."""
    from exodsl.manager.inspecting.emptying import emptying_terms
    from exodsl.manager.views import Page

    budget = sys.maxsize
    found = manager.find_states(run_id, filter, limit=limit, cursor=cursor, budget=budget)
    if not found.items and cursor is None:
        _say_nothing_fits("states", emptying_terms(manager, run_id, filter))
    return Page(tuple(manager.state(item.state_id, whole=False) for item in found.items), found.cursor)


def found_runs(manager: StateManager, filter: RunFilter, limit: int, cursor: str | None) -> Page[RunView]:
    """Do what `found_states` does, for runs."""
    from exodsl.manager.inspecting.emptying import emptying_run_terms
    from exodsl.manager.views import Page

    found = manager.find_runs(filter, limit=limit, cursor=cursor, budget=sys.maxsize)
    if not found.items and cursor is None:
        _say_nothing_fits("runs", emptying_run_terms(manager, filter))
    return Page(tuple(manager.run(item.run_id, whole=False) for item in found.items), found.next_cursor)


def _say_nothing_fits(what: str, terms: tuple[Term, ...]) -> None:
    from exodsl.manager.filter_text import term_text

    others = " or ".join(term_text(term) for term in terms)
    say(f"no {what} that fit{f'; there are some without {others}' if others else ''}")
