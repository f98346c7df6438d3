"""What belongs to which namespace: what a key may touch that is limited to some (semantics 10).

What is of another namespace is not there, and no error says more of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from exodsl.database import belonging, schedules
from exodsl.database.rows import Row
from exodsl.errors import ScheduleNotFound, StateNotFound
from exodsl.manager.sessions import Session, namespaces_of
from exodsl.manager.viewing import LARGEST_KEY, Viewing


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run belongs: its whole id, the namespace of its graph, and those of its nodes, its homes."""

    run_id: str
    namespace: str
    homes: frozenset[str]


class Belonging(Viewing):
    """Finds out where things belong."""

    _sessions: dict[int, Session]

    def run_in(self, namespaces: Collection[str], run_id: str) -> RunPlace:
        """Return a run of these namespaces by its id, or by any start or end of it that is unique among theirs.

        :raises RunNotFound: when they have none, or more than one.
        """
        with self._db.reading() as connection:
            key = self._run_row(connection, run_id, namespaces)[0]
            return _place(connection, belonging.of_run(connection, key))

    def state_in(self, namespaces: Collection[str], state_id: int) -> RunPlace:
        """Return where the run of a state belongs; :raises StateNotFound: unless it is one of these namespaces."""
        with self._db.reading() as connection:
            row = belonging.of_state(connection, state_id) if abs(state_id) < LARGEST_KEY else None
            if row is None or row[1] not in namespaces:
                raise StateNotFound(state_id)
            return _place(connection, row)

    def runs_in(self, namespaces: Collection[str], run_ids: Collection[str]) -> frozenset[str]:
        """Return those of these runs, given by their whole ids, that are of these namespaces."""
        if not run_ids:
            return frozenset()
        with self._db.reading() as connection:
            return frozenset(belonging.called_in(connection, run_ids, namespaces))

    def expect_schedule_in(self, namespaces: Collection[str], schedule_id: int) -> None:
        """:raises ScheduleNotFound: unless there is such a schedule of a graph in one of these namespaces."""
        with self._db.reading() as connection:
            row = schedules.one(connection, schedule_id) if abs(schedule_id) < LARGEST_KEY else None
        if row is None or row[1] not in namespaces:
            raise ScheduleNotFound(schedule_id)

    def homes(self, namespace: str, graph: str, version: int | None = None) -> frozenset[str]:
        """Return the namespaces of a graph's nodes; :raises GraphNotFound: when there is no such graph."""
        with self._db.reading() as connection:
            return belonging.homes(connection, self._shelf.find(connection, namespace, graph, version))

    def served_homes(self, namespace: str, graph: str, node_names: Collection[str]) -> frozenset[str]:
        """Return the namespaces of the nodes of these names in all versions of a graph."""
        with self._db.reading() as connection:
            return belonging.homes_of(connection, namespace, graph, node_names)

    def session_namespaces(self, session: int) -> frozenset[str] | None:
        """Return the namespaces whose graphs, or nodes, a runtime serves; `None` when there is no such session.

        One that another process opened is judged by what is stored: where names have slashes, those may be more.
        """
        known = self._sessions.get(session)
        if known is not None:
            return frozenset(namespace for namespace, _ in known.serves.node_names)
        with self._db.reading() as connection:
            stored = belonging.graphs_of(connection, session) if abs(session) < LARGEST_KEY else None
        if stored is None:
            return None
        return frozenset().union(*map(namespaces_of, from_json(stored)))


def _place(connection: Any, row: Row) -> RunPlace:
    run_id, namespace, template = row
    return RunPlace(run_id, namespace, belonging.homes(connection, template))
