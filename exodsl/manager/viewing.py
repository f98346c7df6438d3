"""The reading half of the embedded manager: rows into frozen views."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, cast

from pydantic_core import from_json

from exodsl.database import large, pages
from exodsl.database.protocol import Database
from exodsl.database.rows import Row
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import STEP, positions
from exodsl.engine.reports import ErrorInfo
from exodsl.engine.status import Gate, Run, State
from exodsl.errors import InputInvalid, RunNotFound, StateNotFound, did_you_mean
from exodsl.manager.catalog import Catalog
from exodsl.manager.cursors import LARGEST_KEY as LARGEST_KEY
from exodsl.manager.cursors import check_limit, number_in, place_in, spelled
from exodsl.manager.serving import node_progress, served_names, unserved
from exodsl.manager.sessions import Clock
from exodsl.manager.views import (
    GateStatus,
    GateView,
    LargeValue,
    NodeProgress,
    Page,
    RunStatus,
    RunView,
    StateStatus,
    StateView,
    moment,
)

_ID = re.compile(r"[0-9a-f-]+")


def run_status(status: Run) -> RunStatus:
    """Return the name of a run's status."""
    return cast("RunStatus", status.name)


class Viewing:
    """Reads runs and states; see `StateManager` for each call."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
        self._shelf = Catalog()  # its own, as readers and the writer are different threads

    def run(self, run_id: str, *, whole: bool = True) -> RunView:
        """Return a run by its id, or by any unique start or end of it."""
        with self._db.reading() as connection:
            return self._run_view(connection, self._run_row(connection, run_id), whole=whole)

    def runs(
        self,
        *,
        namespace: str | None = None,
        graph: str | None = None,
        status: RunStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
        namespaces: Collection[str] | None = None,
    ) -> Page[RunView]:
        """List runs, newest first; see `StateManager.runs`.

        :param namespaces: only of graphs in these: what a key may see that is limited to them.
        """
        number = None if status is None else int(Run[status])
        before = None if cursor is None else number_in(cursor)
        check_limit(limit)
        with self._db.reading() as connection:
            rows = pages.runs(connection, namespace, graph, number, before, limit + 1, namespaces)
            found = tuple(self._run_view(connection, row, whole=False) for row in rows[:limit])
        return Page(found, str(rows[limit - 1][0]) if len(rows) > limit else None)

    def states(
        self,
        run_id: str,
        *,
        identifier: str | None = None,
        status: StateStatus | None = None,
        limit: int = 100,
        cursor: str | None = None,
        whole: bool = False,
    ) -> Page[StateView]:
        """List the states of a run: nodes in topological order, each in fanout order, then by attempt."""
        number = None if status is None else int(state_status(status))
        check_limit(limit)
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            node = None if identifier is None else node_key(run, identifier)
            rows = pages.states(connection, run.key, node, number, place_in(cursor), limit + 1)
            found = tuple(self._state_view(connection, run, row, whole=whole) for row in rows[:limit])
        return Page(found, spelled(rows[limit - 1][2:5]) if len(rows) > limit else None)

    def state(self, state_id: int, *, whole: bool = True) -> StateView:
        """Return one state."""
        with self._db.reading() as connection:
            row = self._state_row(connection, state_id)
            return self._state_view(connection, self._shelf.run(connection, row[1]), row, whole=whole)

    def gates(
        self,
        run_id: str,
        *,
        identifier: str | None = None,
        status: GateStatus | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[GateView]:
        """List the gates of a run: unites in topological order, each in fanout order."""
        number = None if status is None else int(Gate[status])
        check_limit(limit)
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            node = None if identifier is None else node_key(run, identifier)
            rows = pages.gates(connection, run.key, node, number, place_in(cursor), limit + 1)
        found = tuple(gate_view(run, row) for row in rows[:limit])
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(found, None if last is None else spelled((last[0], last[1], 0)))

    def progress(self, run_id: str) -> tuple[NodeProgress, ...]:
        """Return the counts of each node of a run, in topological order."""
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            return node_progress(connection, run)

    def _run_facts(self, connection: Any, run_id: str) -> RunFacts:
        self._shelf.trim()
        return self._shelf.run(connection, self._run_row(connection, run_id)[0])

    def _run_row(self, connection: Any, run_id: str, namespaces: Collection[str] | None = None) -> Row:
        part = run_id.lower()
        if not _ID.fullmatch(part):
            raise RunNotFound(run_id)
        found = pages.runs_starting(connection, part, namespaces) or pages.runs_ending(connection, part, namespaces)
        if len(found) != 1:
            raise RunNotFound(run_id, [full for _, full in found])
        return pages.run(connection, found[0][0])

    def _state_row(self, connection: Any, state_id: int) -> Row:
        row = pages.state(connection, state_id) if abs(state_id) < LARGEST_KEY else None
        if row is None:
            raise StateNotFound(state_id)
        return row

    def _run_view(self, connection: Any, row: Row, *, whole: bool = True) -> RunView:
        key, run_id, namespace, graph, version, status, inputs, cause, target, created, finished, *_ = row
        failed = status == Run.FAILED
        live = status in (Run.RUNNING, Run.PAUSED)
        names = served_names(connection, key, namespace, graph, self._clock()) if live else frozenset()
        return RunView(
            run_id=run_id,
            namespace=namespace,
            graph=graph,
            version=version,
            status=run_status(Run(status)),
            inputs=_fields(connection, key, inputs, whole=whole),
            error=self._cause(connection, cause) if failed else None,
            failed_state_id=cause if failed else None,
            target=target,
            served=bool(names),
            unserved=unserved(connection, self._shelf.run(connection, key), names) if names else (),
            created_at=moment(created),
            finished_at=None if finished is None else moment(finished),
        )

    def _cause(self, connection: Any, cause: int | None) -> str | None:
        row = None if cause is None else pages.state(connection, cause)
        if row is None:
            return None
        state = self._state_view(connection, self._shelf.run(connection, row[1]), row)
        if state.error is None:
            return f"{state.identifier}: {state.status}"
        return f"{state.identifier}: {state.error.type.rpartition('.')[2]}: {state.error.message}"

    def _state_view(self, connection: Any, run: RunFacts, row: Row, *, whole: bool = False) -> StateView:
        (
            key,
            _,
            node_id,
            path,
            attempt,
            retry_count,
            status,
            inputs,
            outputs,
            error,
            data,
            enqueue_after,
            created,
            queued,
            started,
            finished,
            cpu_us,
            peak_kib,
        ) = row
        node = run.plan.nodes[node_id - run.node_base]
        sibling = len(path) > node.depth
        if inputs is None and sibling:
            inputs = pages.inputs_of(connection, run.key, node_id, path[:-STEP], attempt)
        return StateView(
            state_id=key,
            run_id=run.run_id,
            identifier=node.identifier,
            node_name=node.node_name,
            status=cast("StateStatus", State(status).name),
            path=positions(path[: node.depth]),
            fanout_index=positions(path)[-1] if sibling else 0,
            retry_count=retry_count,
            attempt=attempt,
            inputs=_fields(connection, run.key, inputs or "{}", whole=whole),
            outputs=None if outputs is None else _fields(connection, run.key, outputs, whole=whole),
            data=None if data is None else from_json(data),
            error=None if error is None else ErrorInfo(**from_json(error)),
            created_at=moment(created),
            enqueue_after=moment(enqueue_after),
            queued_at=None if queued is None else moment(queued),
            started_at=None if started is None else moment(started),
            finished_at=None if finished is None else moment(finished),
            cpu_seconds=None if cpu_us is None else cpu_us / 1_000_000,
            peak_memory=None if peak_kib is None else peak_kib * 1024,
        )


def _fields(connection: Any, run: int, text: str, *, whole: bool) -> dict[str, Any]:
    """Return inputs or outputs, with large values loaded only if they are wanted."""
    if not whole:
        return large.at_a_glance(text, LargeValue)
    fields: dict[str, Any] = from_json(large.whole(connection, run, text))
    return fields


def gate_view(run: RunFacts, row: Row) -> GateView:
    """Return a gate from its row."""
    node, path, status, *counters = row
    plan = run.plan.nodes[node - run.node_base]
    return GateView(plan.identifier, positions(path), cast("GateStatus", Gate(status).name), *counters)


def state_status(status: str) -> State:
    """Return the status of this name; :raises InputInvalid: when there is none."""
    if status not in State.__members__:
        known = ", ".join(State.__members__)
        raise InputInvalid(f'"{status}" is no status of states: {known}.{did_you_mean(status, State.__members__)}')
    return State[status]


def node_key(run: RunFacts, identifier: str) -> int:
    """Return the database's id of a node; :raises InputInvalid: when the graph has none of this name."""
    names = [node.identifier for node in run.plan.nodes]
    if identifier not in names:
        known = ", ".join(f'"{name}"' for name in names)
        raise InputInvalid(
            f'Graph "{run.plan.template.name}" has no node "{identifier}". It has: {known}.'
            f"{did_you_mean(identifier, names)}"
        )
    return run.node_base + names.index(identifier)
