"""Why a search finds nothing: the terms that leave nothing, asked one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exodsl.manager.filters import RunFilter, StateFilter, Term
from exodsl.manager.inspection import Inspection

BUDGET = 5_000
"""How many states, or runs, are looked at for each term; what is further away counts as nothing."""


def emptying_terms(inspection: Inspection, run_id: str, filter: StateFilter) -> tuple[Term, ...]:
    """Return the terms of a filter without which some state of a run would be found; each takes a short search."""

    def finds(terms: Sequence[Term]) -> bool:
        return bool(inspection.find_states(run_id, StateFilter(tuple(terms)), limit=1, budget=BUDGET).items)

    return _decisive(filter.terms, finds)


def emptying_run_terms(inspection: Inspection, filter: RunFilter) -> tuple[Term, ...]:
    """Do what `emptying_terms` does, for a filter of runs."""

    def finds(terms: Sequence[Term]) -> bool:
        return bool(inspection.find_runs(RunFilter(tuple(terms)), limit=1, budget=BUDGET).items)

    return _decisive(filter.terms, finds)


def _decisive(terms: Sequence[Term], finds: Callable[[Sequence[Term]], bool]) -> tuple[Term, ...]:
    return tuple(term for at, term in enumerate(terms) if finds([*terms[:at], *terms[at + 1 :]]))
