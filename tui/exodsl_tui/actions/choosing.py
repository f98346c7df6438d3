"""Which states an action is about: some by their ids, all that match a filter, all of a cluster of failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from exodsl.manager.filters import StateFilter, Term
from exodsl.manager.inspection import Cluster, StateSummary
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.work import Watch, chunks

PAGE = 1_000
"""States that are looked up at once."""
FAILED = Term("status", "=", ("ERRORED", "NEXT_CREATED_ERROR"))

Collect = Callable[[StateManager, Watch], Sequence[StateSummary]]


@dataclass(frozen=True, slots=True)
class Choice:
    """States of one run.

    :param said: what they are, behind "state" or "states": `marked`, `of fetch that failed`.
    :param collect: looks them up.
    """

    run_id: str
    said: str
    collect: Collect


def these(run_id: str, state_ids: Sequence[int], said: str = "") -> Choice:
    """Choose states by their ids."""

    def collect(manager: StateManager, watch: Watch) -> Sequence[StateSummary]:
        return _by_id(manager, watch, run_id, state_ids)

    return Choice(run_id, said, collect)


def matching(run_id: str, filter: StateFilter, said: str = "that match") -> Choice:
    """Choose all states that match a filter; one that names no status means those that failed."""
    named = any(term.field == "status" for term in filter.terms)
    meant = replace(filter, terms=filter.terms if named else (*filter.terms, FAILED), sort=None)

    def collect(manager: StateManager, watch: Watch) -> Sequence[StateSummary]:
        return _found(manager, watch, run_id, meant)

    return Choice(run_id, said, collect)


def cluster(run_id: str, chosen: Cluster) -> Choice:
    """Choose the states of a cluster of failures."""

    def collect(manager: StateManager, watch: Watch) -> Sequence[StateSummary]:
        state_ids = manager.cluster_states(run_id, chosen.identifier, chosen.key)
        return _by_id(manager, watch, run_id, state_ids)

    return Choice(run_id, f"of {chosen.identifier} with {chosen.error}", collect)


def _by_id(manager: StateManager, watch: Watch, run_id: str, state_ids: Sequence[int]) -> list[StateSummary]:
    states: list[StateSummary] = []
    for some in chunks(state_ids, PAGE):
        states += _found(manager, watch, run_id, StateFilter((Term("id", "=", tuple(some)),)), already=len(states))
    return states


def _found(
    manager: StateManager, watch: Watch, run_id: str, filter: StateFilter, *, already: int = 0
) -> list[StateSummary]:
    """Return the states that match, page by page, until all are found or it is stopped."""
    states: list[StateSummary] = []
    cursor: str | None = None
    while not watch.stopped:
        found = manager.find_states(run_id, filter, limit=PAGE, cursor=cursor)
        states += found.items
        watch.tell(f"found {already + len(states):,}")
        cursor = found.cursor
        if cursor is None:
            break
    return states
