"""Where a search finds the states of a run, in their order: by walking nodes, or by the index of a status."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from exodsl.database import browse
from exodsl.database.browse import Place, Span
from exodsl.database.rows import Row
from exodsl.engine.status import State

LIVE = frozenset((State.CREATED, State.QUEUED, State.EXECUTED))
FEW = 2_000
"""Live states of all runs are looked through one by one if there are no more than these."""
_ANY = 2**31
Reach = tuple[int, int]
"""The first and the last of nodes whose ids follow each other."""


class Source(Protocol):
    """Gives states of a run in the order of places."""

    def rows(self, connection: Any, behind: Place, count: int) -> list[Row]:
        """Return the first so many states behind a place; fewer when these are all."""
        ...


@dataclass(frozen=True, slots=True)
class Walk:
    """All states of some nodes."""

    run: int
    nodes: Sequence[Reach]
    columns: Sequence[str]

    def rows(self, connection: Any, behind: Place, count: int) -> list[Row]:
        """Return the first so many states behind a place."""

        def part(span: Span, rest: int) -> list[Row]:
            return browse.states_behind(connection, self.run, span, rest, self.columns)

        return _gathered(self.nodes, behind, count, part)


@dataclass(frozen=True, slots=True)
class Bad:
    """The states of some nodes that have one of the statuses `browse.BAD`."""

    run: int
    status: State
    nodes: Sequence[Reach]
    columns: Sequence[str]

    def rows(self, connection: Any, behind: Place, count: int) -> list[Row]:
        """Return the first so many states behind a place."""

        def part(span: Span, rest: int) -> list[Row]:
            return browse.bad_states_behind(connection, self.run, self.status, span, rest, self.columns)

        return _gathered(self.nodes, behind, count, part)


@dataclass(frozen=True, slots=True)
class Single:
    """States that are known by their keys."""

    run: int
    keys: Collection[int]
    columns: Sequence[str]

    def rows(self, connection: Any, behind: Place, count: int) -> list[Row]:
        """Return the first so many states behind a place."""
        rows = browse.states_of(connection, self.run, sorted(self.keys), self.columns)
        return [row for row in rows if place(row) > behind][:count]


@dataclass(frozen=True, slots=True)
class Live:
    """The states of some nodes that have one of the statuses `LIVE`; their indexes are of all runs, in other orders."""

    run: int
    statuses: Collection[State]
    nodes: Collection[int]
    columns: Sequence[str]

    def are_few(self, connection: Any) -> bool:
        """Say whether looking through them costs less than walking."""
        return self._keys(connection, FEW) is not None

    def rows(self, connection: Any, behind: Place, count: int) -> list[Row]:
        """Return the first so many states behind a place."""
        return Single(self.run, self._keys(connection, _ANY) or (), self.columns).rows(connection, behind, count)

    def _keys(self, connection: Any, most: int) -> list[int] | None:
        found: list[int] = []
        if State.EXECUTED in self.statuses:
            found += browse.executed_keys(connection, self.run)
        if State.QUEUED in self.statuses:
            queued = browse.queued_keys(connection, self.run, most)
            if queued is None:
                return None
            found += queued
        for node in self.nodes if State.CREATED in self.statuses else ():
            created = browse.created_keys(connection, self.run, node, most)
            if created is None or len(found) > most:
                return None
            found += created
        return found


def place(row: Row) -> Place:
    """Return where the state of a row stands."""
    return row[1], row[2], row[3]


def reaches(nodes: Iterable[int]) -> list[Reach]:
    """Put ids of nodes together that follow each other."""
    found: list[Reach] = []
    for node in sorted(nodes):
        if found and found[-1][1] == node - 1:
            found[-1] = (found[-1][0], node)
        else:
            found.append((node, node))
    return found


def _gathered(nodes: Sequence[Reach], behind: Place, count: int, part: Callable[[Span, int], list[Row]]) -> list[Row]:
    rows: list[Row] = []
    for first, last in nodes:
        if last >= behind[0] and len(rows) < count:
            rows += part((max(behind, (first, b"", -1)), last), count - len(rows))
    return rows
