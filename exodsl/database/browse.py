"""What filters look at: light rows of states and runs in their order, each kind by the index that has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from exodsl.database.rows import Row
from exodsl.engine.lineage import behind
from exodsl.engine.status import State

Place = tuple[int, bytes, int]
"""Where a state stands in a run: the database's id of its node, its path, its attempt."""
Span = tuple[Place, int]
"""States behind a place, up to those of a node."""

BAD = (State.ERRORED, State.PRUNED, State.NEXT_CREATED_ERROR, State.CANCELLED)
"""Statuses that have an index of their own."""
_BAD = " OR ".join(f"s.status = {status:d}" for status in BAD)
_BY_PLACE = "(s.node, s.path, s.attempt) > (?, ?, ?) AND s.node <= ? ORDER BY s.node, s.path, s.attempt LIMIT ?"
_AT_ONCE = 500
_GATE = "SELECT node, path, status, pending, arrived, failed, pruned, state_id, cause FROM gate"


class Light(NamedTuple):
    """A state without its values; times in milliseconds."""

    key: int
    node: int
    path: bytes
    attempt: int
    retry_count: int
    status: int
    enqueue_after: int
    created: int
    queued: int | None
    started: int | None
    finished: int | None

    @property
    def begun(self) -> int | None:
        """When its body began; of one that runs, when a runtime got it."""
        return self.queued if self.started is None else self.started


_LIGHT = (
    "s.id, s.node, s.path, s.attempt, s.retry_count, s.status, s.enqueue_after, s.created_at, s.queued_at,"
    " s.started_at, s.finished_at"
)
LIGHT = len(Light._fields)
"""How many values stand before those of further columns in a row."""


def _select(columns: Sequence[str]) -> str:
    return f"SELECT {', '.join([_LIGHT, *(f's.{column}' for column in columns)])} FROM state AS s"


def states_behind(connection: Any, run: int, span: Span, limit: int, columns: Sequence[str] = ()) -> list[Row]:
    """Return states of a run behind a place, in the order of places.

    :param columns: further columns of the table, behind those of `Light`.
    """
    place, last = span
    rows: list[Row] = connection.execute(
        f"{_select(columns)} WHERE s.run_id = ? AND {_BY_PLACE}", (run, *place, last, limit)
    ).fetchall()
    return rows


def bad_states_behind(
    connection: Any, run: int, status: State, span: Span, limit: int, columns: Sequence[str] = ()
) -> list[Row]:
    """Do what `states_behind` does, for one of the `BAD` statuses: few among very many."""
    place, last = span
    rows: list[Row] = connection.execute(
        f"{_select(columns)}{connection.dialect.by('state_bad')}"
        f" WHERE s.run_id = ? AND s.status = {status:d} AND ({_BAD}) AND {_BY_PLACE}",
        (run, *place, last, limit),
    ).fetchall()
    return rows


def states_of(connection: Any, run: int, keys: Sequence[int], columns: Sequence[str] = ()) -> list[Row]:
    """Return those of these states that are of a run, in the order of places."""
    found: list[Row] = []
    for at in range(0, len(keys), _AT_ONCE):
        part = keys[at : at + _AT_ONCE]
        marks = ",".join("?" * len(part))
        found += connection.execute(
            f"{_select(columns)} WHERE s.id IN ({marks}) AND +s.run_id = ?", (*part, run)
        ).fetchall()
    found.sort(key=lambda row: row[1:4])
    return found


def created_keys(connection: Any, run: int, node: int, most: int) -> list[int] | None:
    """Return the keys of a run's CREATED states of a node; `None` when too many of all runs would be looked at."""
    rows = connection.execute(
        f"SELECT id, run_id FROM state WHERE status = {State.CREATED:d} AND node = ? LIMIT ?", (node, most + 1)
    ).fetchall()
    return None if len(rows) > most else [key for key, owner in rows if owner == run]


def queued_keys(connection: Any, run: int, most: int) -> list[int] | None:
    """Do what `created_keys` does for QUEUED states, of all nodes: by the leases of those that hold them."""
    rows = connection.execute(
        f"SELECT id, run_id FROM state{connection.dialect.by('state_held')}"
        f" WHERE status = {State.QUEUED:d} AND lease > 0 LIMIT ?",
        (most + 1,),
    ).fetchall()
    return None if len(rows) > most else [key for key, owner in rows if owner == run]


def executed_keys(connection: Any, run: int) -> list[int]:
    """Return the keys of a run's EXECUTED states: wide fanouts, parts of which wait to be made into states."""
    rows = connection.execute(
        # The plus sign keeps the index of a run out of it: there are few spilled parts, and very many states.
        "SELECT id FROM state WHERE id IN (SELECT state_id FROM spill) AND +run_id = ?",
        (run,),
    ).fetchall()
    return [row[0] for row in rows]


def place_at(connection: Any, run: int, node: int, offset: int, *, from_end: bool) -> Place | None:
    """Return the place of a node's state at an offset from its first, or from its last; by the index alone."""
    order = "DESC" if from_end else "ASC"
    row: Place | None = connection.execute(
        "SELECT node, path, attempt FROM state WHERE run_id = ? AND node = ?"
        f" ORDER BY path {order}, attempt {order} LIMIT 1 OFFSET ?",
        (run, node, offset),
    ).fetchone()
    return row


def attempts_at(connection: Any, run: int, node: int, path: bytes, limit: int) -> list[int]:
    """Return the keys of the states of one place, the newest first."""
    rows = connection.execute(
        "SELECT id FROM state WHERE run_id = ? AND node = ? AND path = ? ORDER BY attempt DESC LIMIT ?",
        (run, node, path, limit),
    ).fetchall()
    return [row[0] for row in rows]


def arrived_of(connection: Any, run: int, node: int, prefix: bytes, limit: int) -> list[int]:
    """Return the keys of states of a node below a path whose output went on, in fanout order."""
    where, values = "", list[Any]([run, node])
    if prefix:
        where = " AND path >= ? AND path < ?"
        values += [prefix, behind(prefix)]
    rows = connection.execute(
        f"SELECT id FROM state WHERE run_id = ? AND node = ?{where} AND status = {State.SUCCESS:d}"
        " AND outputs IS NOT NULL ORDER BY path LIMIT ?",
        (*values, limit),
    ).fetchall()
    return [row[0] for row in rows]


def lineage_of(connection: Any, key: int) -> Row:
    """Return (parent_id, whether it has outputs) of a state."""
    row: Row = connection.execute("SELECT parent_id, outputs IS NOT NULL FROM state WHERE id = ?", (key,)).fetchone()
    return row


def gate_at(connection: Any, run: int, node: int, path: bytes) -> Row | None:
    """Return one gate, as `pages.gates` does."""
    row: Row | None = connection.execute(
        f"{_GATE} WHERE run_id = ? AND node = ? AND path = ?", (run, node, path)
    ).fetchone()
    return row
