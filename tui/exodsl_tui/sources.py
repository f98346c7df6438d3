"""The long lists of a state manager, page by page; everything here runs in the reader's thread."""

from __future__ import annotations

from dataclasses import dataclass, field

from exodsl.manager.filters import RunFilter, StateFilter
from exodsl.manager.inspection import RunSummary, StateSummary
from exodsl.manager.protocol import StateManager
from exodsl_tui.paging import Chunk, Sequential

SORTED = 2_000_000
"""States that are looked at for a sorted list, of which one page is kept."""


@dataclass(frozen=True, slots=True)
class RunsSource(Sequential):
    """Runs that match a filter, the newest first."""

    filter: RunFilter = field(default_factory=RunFilter)

    def chunk(self, manager: StateManager, cursor: str | None, limit: int) -> Chunk[RunSummary]:
        """Return the runs after a cursor."""
        page = manager.find_runs(self.filter, limit=limit, cursor=cursor)
        return Chunk(page.items, page.next_cursor, len(page.items))


@dataclass(frozen=True, slots=True)
class StatesSource:
    """States of a run in their order, or those that match a filter.

    Without a filter any position is at hand, by the counts of the nodes. A sorted list is as long as one page.
    """

    run_id: str
    filter: StateFilter = field(default_factory=StateFilter)

    @property
    def jumps(self) -> bool:
        """Whether any position is at hand."""
        return self.filter == StateFilter()

    def total(self, manager: StateManager) -> int | None:
        """Return how many states the run has; of those that match, how many there may be."""
        return sum(node.total for node in manager.progress(self.run_id))

    def chunk(self, manager: StateManager, cursor: str | None, limit: int) -> Chunk[StateSummary]:
        """Return the states after a cursor."""
        if self.filter.sort is not None:
            found = manager.find_states(self.run_id, self.filter, limit=limit, budget=SORTED)
            return Chunk(found.items, None, found.searched)
        found = manager.find_states(self.run_id, self.filter, limit=limit, cursor=cursor)
        return Chunk(found.items, found.cursor, found.searched)

    def cursor_at(self, manager: StateManager, position: int) -> str | None:
        """Return the cursor after which the state at a position comes."""
        return manager.cursor_at(self.run_id, position)
