"""What people look at: pages of runs and states, counts; only indexes, never a table walk."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from exodsl.database.belonging import among
from exodsl.database.rows import Row
from exodsl.engine.status import State

_RUN = (
    "SELECT r.id, r.run_id, t.namespace, t.name, t.version, r.status, r.inputs, r.cause, r.target, r.created_at,"
    " r.finished_at, r.template_id, r.store_cleaned FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"
)
_STATE = (
    "SELECT s.id, s.run_id, s.node, s.path, s.attempt, s.retry_count, s.status, s.inputs, s.outputs, s.error, s.data,"
    " s.enqueue_after, s.created_at, s.queued_at, s.started_at, s.finished_at, s.cpu_us, s.peak_kib FROM state AS s"
)
SHORT = 8
"""How many digits at the end of a run's id are shown as its short form."""
_NEWEST = 2**63 - 1
"""Greater than the key of every run."""
_BAD = (State.ERRORED, State.PRUNED, State.NEXT_CREATED_ERROR, State.CANCELLED)


def run(connection: Any, key: int) -> Row:
    """Return one run."""
    row: Row = connection.execute(f"{_RUN} WHERE r.id = ?", (key,)).fetchone()
    return row


def runs_starting(connection: Any, start: str, namespaces: Collection[str] | None = None) -> list[Row]:
    """Return (id, run_id) of the first few runs whose id starts like this; of all namespaces, or of these."""
    only, values = _of_graphs_in(namespaces)
    rows: list[Row] = connection.execute(
        f"SELECT id, run_id FROM run WHERE run_id >= ? AND run_id < ? AND NOT cleaning{only} LIMIT 10",
        (start, f"{start}~", *values),
    ).fetchall()
    return rows


def runs_ending(connection: Any, end: str, namespaces: Collection[str] | None = None) -> list[Row]:
    """Return (id, run_id) of the first few runs whose id ends like this; by the index for the short form."""
    only, values = _of_graphs_in(namespaces)
    tail = connection.dialect.tail
    short = "" if len(end) < SHORT else f" AND {tail('run_id', SHORT)} = ?"
    rows: list[Row] = connection.execute(
        f"SELECT id, run_id FROM run WHERE {tail('run_id', len(end))} = ?{short} AND NOT cleaning{only} LIMIT 10",
        (end, *([end[-SHORT:]] if short else []), *values),
    ).fetchall()
    return rows


def _of_graphs_in(namespaces: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return a condition on runs, and its values."""
    only, values = among("namespace", namespaces)
    return (f" AND template_id IN (SELECT id FROM graph_template WHERE TRUE{only})" if only else ""), values


def runs(
    connection: Any,
    namespace: str | None,
    graph: str | None,
    status: int | None,
    before: int | None,
    limit: int,
    namespaces: Collection[str] | None = None,
) -> list[Row]:
    """Return runs, newest first; of all namespaces, or of these."""
    older = _NEWEST if before is None else before
    wanted = {"t.namespace = ?": namespace, "t.name = ?": graph, "r.status = ?": status, "r.id < ?": older}
    given = {sql: value for sql, value in wanted.items() if value is not None}
    only, values = among("t.namespace", namespaces)
    where = " WHERE " + " AND ".join(["NOT r.cleaning", *given]) + only
    rows: list[Row] = connection.execute(
        f"{_RUN}{where} ORDER BY r.id DESC LIMIT ?", (*given.values(), *values, limit)
    ).fetchall()
    return rows


def state(connection: Any, key: int) -> Row | None:
    """Return one state; none of a run that is being cleaned away."""
    row: Row | None = connection.execute(
        f"{_STATE} WHERE s.id = ? AND NOT EXISTS (SELECT 1 FROM run WHERE id = s.run_id AND cleaning)", (key,)
    ).fetchone()
    return row


def states(
    connection: Any,
    run: int,
    node: int | None,
    status: int | None,
    after: tuple[int, bytes, int] | None,
    limit: int,
) -> list[Row]:
    """Return states of a run in the order of its fingerprints: node, path, attempt."""
    order: tuple[str, ...] = ("s.node", "s.path", "s.attempt")
    where, values = ["s.run_id = ?"], list[Any]([run])
    by = ""
    if status is not None:
        where.append(f"s.status = {status:d}")
    if node is not None:
        where.append("s.node = ?")
        values.append(node)
        order = order[1:]
    elif status in _BAD:  # there are few of them among many: never a walk over all of the run
        by = connection.dialect.by("state_bad")
        where.append(f"({' OR '.join(f's.status = {bad:d}' for bad in _BAD)})")
    if after is not None:
        where.append(f"({', '.join(order)}) > ({', '.join('?' * len(order))})")
        values.extend(after[-len(order) :])
    rows: list[Row] = connection.execute(
        f"{_STATE}{by} WHERE {' AND '.join(where)} ORDER BY {', '.join(order)} LIMIT ?", (*values, limit)
    ).fetchall()
    return rows


def gates(
    connection: Any,
    run: int,
    node: int | None,
    status: int | None,
    after: tuple[int, bytes, int] | None,
    limit: int,
) -> list[Row]:
    """Return gates of a run by node and path."""
    where, values = ["run_id = ?"], list[Any]([run])
    if node is not None:
        where.append("node = ?")
        values.append(node)
    if status is not None:
        where.append("status = ?")
        values.append(status)
    if after is not None:
        where.append("(node, path) > (?, ?)")
        values.extend(after[:2])
    rows: list[Row] = connection.execute(
        "SELECT node, path, status, pending, arrived, failed, pruned, state_id, cause FROM gate"
        f" WHERE {' AND '.join(where)} ORDER BY node, path LIMIT ?",
        (*values, limit),
    ).fetchall()
    return rows


def inputs_of(connection: Any, run: int, node: int, path: bytes, attempt: int) -> str | None:
    """Return the inputs kept by the state at one place."""
    row = connection.execute(
        "SELECT inputs FROM state WHERE run_id = ? AND node = ? AND path = ? AND attempt = ?",
        (run, node, path, attempt),
    ).fetchone()
    return None if row is None else row[0]


def node_counts(connection: Any, run: int) -> list[Row]:
    """Return (node, total, success, errored, next_created_error, pruned, retry_created, cancelled) of counted nodes."""
    rows: list[Row] = connection.execute(
        "SELECT node, total, success, errored, next_created_error, pruned, retry_created, cancelled"
        " FROM node_count"
        " WHERE run_id = ?",
        (run,),
    ).fetchall()
    return rows


def status_counts(connection: Any, run: int, nodes: list[int]) -> list[Row]:
    """Return (node, status, count) of nodes that have one state, or a few attempts of it."""
    if not nodes:
        return []
    marks = ",".join("?" * len(nodes))
    rows: list[Row] = connection.execute(
        f"SELECT node, status, count(*) FROM state WHERE run_id = ? AND node IN ({marks}) GROUP BY node, status",
        (run, *nodes),
    ).fetchall()
    return rows
