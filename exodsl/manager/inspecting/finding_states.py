"""Finding states of a run by filters, and the places of its list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exodsl.database import browse
from exodsl.database.browse import Light, Place
from exodsl.database.protocol import Database
from exodsl.database.summaries import summaries
from exodsl.manager.cursors import check_limit, no_position, place_in, spelled
from exodsl.manager.filters import StateFilter
from exodsl.manager.inspecting.matching import ask_states
from exodsl.manager.inspecting.ranking import check_sort, first_of
from exodsl.manager.inspecting.searching import FIRST_PIECE, Search
from exodsl.manager.inspecting.summaries import summary
from exodsl.manager.inspection import Found
from exodsl.manager.serving import node_progress
from exodsl.manager.viewing import Viewing, node_key

_START: Place = (0, b"", -1)


class StateFinding(Viewing):
    """Finds states; see `Inspection` for each call."""

    def find_states(
        self, run_id: str, filter: StateFilter, *, limit: int = 128, cursor: str | None = None, budget: int = 20_000
    ) -> Found:
        """Search states of a run in their order; see `Inspection.find_states`."""
        check_limit(limit)
        if filter.sort is not None:
            check_sort(filter.sort)
        now = self._clock()
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            nodes = {run.node_base + node.index: node.identifier for node in run.plan.nodes}
            search = Search(run, ask_states(filter.terms, nodes, now))
            search.begin(connection)
        hunt = _Hunt(self._db, search, limit, place_in(cursor) or _START)
        if filter.sort is None:
            hunt.go(budget)
        else:
            hunt.go_through(budget, filter.sort, now)
        with self._db.reading() as connection:
            rows = summaries(connection, [state.key for state in hunt.found])
        next_cursor = None if hunt.at is None else spelled(hunt.at)
        return Found(tuple(summary(run, row) for row in rows), hunt.searched, next_cursor)

    def cursor_at(self, run_id: str, position: int, *, identifier: str | None = None) -> str | None:
        """Return the cursor with which the state at a position comes next; see `Inspection.cursor_at`."""
        if position < 0:
            raise no_position(position)
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            wanted = None if identifier is None else node_key(run, identifier)
            totals = {run.node_base + at: node.total for at, node in enumerate(node_progress(connection, run))}
            node, before = _node_before(totals if wanted is None else {wanted: totals[wanted]}, position)
            if node is None:
                return None
            from_end = before >= totals[node] // 2
            offset = totals[node] - 1 - before if from_end else before
            place = browse.place_at(connection, run.key, node, offset, from_end=from_end)
        return None if place is None else spelled(place)


def _node_before(totals: Mapping[int, int], position: int) -> tuple[int | None, int]:
    """Return the node of the state before a position, or of the last one, and its number among those of its node."""
    node, number = None, 0
    for key, total in totals.items():
        if position <= 0:
            break
        if total:
            node, number = key, min(position, total) - 1
        position -= total
    return node, number


@dataclass(slots=True)
class _Hunt:
    """A search as far as it got; each piece is a look of its own, so that nothing waits for it.

    :param at: where it goes on; `None` when all was looked at.
    """

    db: Database
    search: Search
    limit: int
    at: Place | None
    found: list[Light] = field(default_factory=list)
    searched: int = 0

    def go(self, budget: int) -> None:
        """Look until enough is found, or the budget is spent."""
        for piece in self._pieces(budget):
            self.found += self._look(piece, self.limit - len(self.found))
            if len(self.found) == self.limit:
                return

    def go_through(self, budget: int, sort: str, now: int) -> None:
        """Look at all that the budget allows, and keep the first by this order."""
        for piece in self._pieces(budget):
            self.found = first_of([*self.found, *self._look(piece, piece)], sort, self.limit, now)

    def _pieces(self, budget: int) -> Iterator[int]:
        size = FIRST_PIECE
        while self.at is not None and self.searched < budget:
            yield min(size, self.search.largest_piece, budget - self.searched)
            size *= 4

    def _look(self, count: int, most: int) -> list[Light]:
        assert self.at is not None
        with self.db.reading() as connection:
            found, self.at, looked = self.search.look(connection, self.at, count, most)
        self.searched += looked
        return found
