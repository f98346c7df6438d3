"""Light rows of runs, newest first, and how they stand; graphs and runtimes as lists show them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from exodsl.database.belonging import among
from exodsl.database.pages import SHORT
from exodsl.database.rows import Row
from exodsl.engine.status import State

_SESSION = 1 << 32
"""Leases of a session have its key above these bits."""
MOST_ALIKE = 1_000
"""Runs whose ids begin alike are found by that if there are no more of them."""


class RunRow(NamedTuple):
    """A run without its values; times in milliseconds."""

    key: int
    run_id: str
    template: int
    status: int
    created: int
    finished: int | None


_RUN = "SELECT id, run_id, template_id, status, created_at, finished_at FROM run WHERE NOT cleaning AND"
_NEWEST = "id < ? ORDER BY id DESC LIMIT ?"


def runs_before(connection: Any, before: int, limit: int) -> list[RunRow]:
    """Return runs older than one, newest first."""
    return _rows(connection, f"{_RUN} {_NEWEST}", before, limit)


def runs_of_status(connection: Any, status: int, before: int, limit: int) -> list[RunRow]:
    """Do what `runs_before` does, for runs of one status."""
    return _rows(connection, f"{_RUN} status = ? AND {_NEWEST}", status, before, limit)


def runs_of_template(connection: Any, template: int, before: int, limit: int) -> list[RunRow]:
    """Do what `runs_before` does, for runs of one version of a graph."""
    return _rows(connection, f"{_RUN} template_id = ? AND {_NEWEST}", template, before, limit)


def runs_called(connection: Any, part: str) -> list[RunRow] | None:
    """Return the runs whose id starts or ends like this, newest first; `None` when an index cannot tell."""
    if len(part) < SHORT:
        return None
    starting = _rows(connection, f"{_RUN} run_id >= ? AND run_id < ? LIMIT ?", part, f"{part}~", MOST_ALIKE + 1)
    if len(starting) > MOST_ALIKE:
        return None
    tail = connection.dialect.tail
    ending = _rows(
        connection,
        f"{_RUN} {tail('run_id', SHORT)} = ? AND {tail('run_id', len(part))} = ? LIMIT ?",
        part[-SHORT:],
        part,
        MOST_ALIKE,
    )
    return sorted({*starting, *ending}, reverse=True)


def _rows(connection: Any, sql: str, *values: Any) -> list[RunRow]:
    return [RunRow._make(row) for row in connection.execute(sql, values).fetchall()]


def graph_versions(connection: Any) -> list[tuple[int, str, str, int]]:
    """Return (id, namespace, name, version) of every version of every graph."""
    rows: list[tuple[int, str, str, int]] = connection.execute(
        "SELECT id, namespace, name, version FROM graph_template ORDER BY namespace, name, version"
    ).fetchall()
    return rows


def counts_of(connection: Any, runs: Sequence[int]) -> list[Row]:
    """Return the sums of what is counted by node, for each of these runs.

    They are (run, total, success, errored, next_created_error, pruned, retry_created, cancelled).
    """
    marks = ",".join("?" * len(runs))
    rows: list[Row] = connection.execute(
        "SELECT run_id, sum(total), sum(success), sum(errored), sum(next_created_error), sum(pruned),"
        f" sum(retry_created), sum(cancelled) FROM node_count WHERE run_id IN ({marks}) GROUP BY run_id",
        tuple(runs),
    ).fetchall()
    return rows


def statuses_of(connection: Any, run: int, nodes: Collection[int]) -> dict[State, int]:
    """Return how many states of these nodes of a run have each status."""
    marks = ",".join("?" * len(nodes))
    rows = connection.execute(
        f"SELECT status, count(*) FROM state WHERE run_id = ? AND node IN ({marks}) GROUP BY status", (run, *nodes)
    ).fetchall()
    return {State(status): count for status, count in rows}


def newest_graphs(
    connection: Any, behind: tuple[str, str], limit: int, namespaces: Collection[str] | None = None
) -> list[Row]:
    """Return (namespace, name, id, version, created_at) of the newest versions of graphs, by namespace and name.

    :param namespaces: only of graphs in these.
    """
    only, values = among("namespace", namespaces)
    rows: list[Row] = connection.execute(
        "SELECT namespace, name, id, version, created_at FROM graph_template AS t WHERE (namespace, name) > (?, ?)"
        f"{only} AND NOT EXISTS (SELECT 1 FROM graph_template WHERE namespace = t.namespace AND name = t.name"
        " AND version > t.version) ORDER BY namespace, name LIMIT ?",
        (*behind, *values, limit),
    ).fetchall()
    return rows


def count_nodes(connection: Any, template: int) -> int:
    """Return how many nodes a version of a graph has."""
    count: int = connection.execute("SELECT count(*) FROM template_node WHERE template_id = ?", (template,)).fetchone()[
        0
    ]
    return count


def run_statuses(connection: Any, namespace: str, graph: str) -> list[Row]:
    """Return (status, how many runs of a graph have it, the key of the newest of these)."""
    rows: list[Row] = connection.execute(
        "SELECT r.status, count(*), max(r.id) FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"
        " WHERE t.namespace = ? AND t.name = ? AND NOT r.cleaning GROUP BY r.status",
        (namespace, graph),
    ).fetchall()
    return rows


def run_id_of(connection: Any, key: int) -> str:
    """Return the public id of a run."""
    found: str = connection.execute("SELECT run_id FROM run WHERE id = ?", (key,)).fetchone()[0]
    return found


def runtimes(connection: Any, namespaces: Collection[str] | None = None) -> list[Row]:
    """Return (id, name, host, process, run_id, graphs, lease_until, held) of every runtime that was announced.

    `run_id` is the public id of the only run that it works on; `held` is how many states it holds.

    :param namespaces: count only states of runs in these.
    """
    only, values = among("t.namespace", namespaces)
    seen = (
        " AND EXISTS (SELECT 1 FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"
        f" WHERE r.id = state.run_id{only})"
    )
    rows: list[Row] = connection.execute(
        "SELECT s.id, s.name, s.host, s.process, (SELECT run_id FROM run WHERE id = s.run_id), s.graphs,"
        f" s.lease_until, (SELECT count(*) FROM state WHERE status = {State.QUEUED:d}"
        f" AND lease >= s.id * {_SESSION:d} AND lease < (s.id + 1) * {_SESSION:d}{seen if only else ''})"
        " FROM session AS s ORDER BY s.id",
        values,
    ).fetchall()
    return rows
