"""Stored templates, runs and sessions: the rows that an exchange needs once, not per state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from exodsl.database.large import LARGE, keep_apart, whole
from exodsl.database.rows import Row, Statement, write
from exodsl.engine.status import Run, State

_NODES = Statement(
    "INSERT INTO template_node (id, template_id, identifier, node_name, namespace) VALUES {rows}", "iittt"
)
_NEW_RUNS = Statement(
    "INSERT INTO run (id, run_id, template_id, pending, inputs, target, idempotency_key, status, failed, created_at)"
    f" SELECT v.*, {Run.RUNNING:d}, 0, ? FROM (VALUES {{rows}}) AS v",
    "itiittt",
)
RunRow = tuple[int, str, int, int, str, str | None, str | None]
"""Key, run id, template, what is pending, inputs, target, idempotency key."""
_HELD = f"status = {State.QUEUED:d} AND lease >= ? AND lease < ?"


def newest(connection: Any, namespace: str, name: str) -> Row | None:
    """Return (id, version, content_hash) of the newest version of a graph."""
    row: Row | None = connection.execute(
        "SELECT id, version, content_hash FROM graph_template WHERE namespace = ? AND name = ?"
        " ORDER BY version DESC LIMIT 1",
        (namespace, name),
    ).fetchone()
    return row


def numbered(connection: Any, namespace: str, name: str, version: int) -> Row | None:
    """Return (id, version, content_hash) of one version of a graph."""
    row: Row | None = connection.execute(
        "SELECT id, version, content_hash FROM graph_template WHERE namespace = ? AND name = ? AND version = ?",
        (namespace, name, version),
    ).fetchone()
    return row


def names(connection: Any, namespace: str) -> list[str]:
    """Return the names of the graphs in a namespace."""
    rows = connection.execute("SELECT DISTINCT name FROM graph_template WHERE namespace = ?", (namespace,)).fetchall()
    return [row[0] for row in rows]


def body(connection: Any, template: int) -> str:
    """Return the JSON of a template."""
    text: str = connection.execute("SELECT body FROM graph_template WHERE id = ?", (template,)).fetchone()[0]
    return text


def first_node(connection: Any, template: int) -> int:
    """Return the id of a template's first node; the others follow it."""
    found: int = connection.execute("SELECT min(id) FROM template_node WHERE template_id = ?", (template,)).fetchone()[
        0
    ]
    return found


def insert(connection: Any, namespace: str, name: str, version: int, content_hash: str, text: str, now: int) -> int:
    """Store a template; return its id."""
    dialect = connection.dialect
    cursor = connection.execute(
        "INSERT INTO graph_template (namespace, name, version, content_hash, body, created_at)"
        f" VALUES (?,?,?,?,?,?){dialect.keyed}",
        (namespace, name, version, content_hash, text, now),
    )
    key: int = dialect.key_of(cursor)
    return key


def insert_nodes(connection: Any, template: int, nodes: list[tuple[str, str, str]]) -> None:
    """Store the (identifier, node_name, namespace) of a template's nodes, in topological order."""
    start: int = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM template_node").fetchone()[0]
    write(connection, _NODES, [(number, template, *node) for number, node in enumerate(nodes, start)])


def served_nodes(connection: Any, namespace: str, graph: str | None, node_names: frozenset[str]) -> list[int]:
    """Return the ids of the nodes of these names in every version of a graph.

    :param graph: `None` for all graphs; `namespace` is then that of the nodes.
    """
    marks = ",".join("?" * len(node_names))
    which = "n.namespace = ?" if graph is None else "t.namespace = ? AND t.name = ?"
    rows = connection.execute(
        "SELECT n.id FROM template_node AS n JOIN graph_template AS t ON t.id = n.template_id"
        f" WHERE {which} AND n.node_name IN ({marks})",
        (namespace, *(() if graph is None else (graph,)), *node_names),
    ).fetchall()
    return [row[0] for row in rows]


def insert_runs(connection: Any, runs: Sequence[RunRow], now: int) -> None:
    """Store new runs."""
    rows: list[Row] = []
    for key, run_id, template, pending, inputs, *rest in runs:
        kept = inputs if len(inputs) <= LARGE else keep_apart(connection, key, inputs)
        rows.append((key, run_id, template, pending, kept, *rest))
    write(connection, _NEW_RUNS, rows, now)


def run_of(connection: Any, idempotency_key: str) -> int | None:
    """Return the key of the run that was triggered with this key."""
    row = connection.execute("SELECT id FROM run WHERE idempotency_key = ?", (idempotency_key,)).fetchone()
    return None if row is None else row[0]


def run_facts(connection: Any, key: int) -> Row | None:
    """Return (run_id, template_id, inputs, revised) of a run, if it is still there."""
    row = connection.execute("SELECT run_id, template_id, inputs, revised FROM run WHERE id = ?", (key,)).fetchone()
    if row is None:
        return None
    run_id, template, inputs, revised = row
    return run_id, template, whole(connection, key, inputs), revised


def hold_runs(connection: Any, keys: Collection[int]) -> None:
    """Keep everybody else from changing these runs, their gates and counters, until the transaction ends.

    Always in the same order, so that two who want the same runs do not wait for each other.
    """
    locked = connection.dialect.locked
    if locked and keys:
        marks = ",".join("?" * len(keys))
        connection.execute(f"SELECT id FROM run WHERE id IN ({marks}) ORDER BY id{locked}", tuple(keys)).fetchall()


def end_runs(connection: Any, keys: Sequence[int], status: Run, now: int, *, clean_store: bool) -> None:
    """Give runs their last status, and their stores away if they are not kept."""
    marks = ",".join("?" * len(keys))
    connection.execute(
        f"UPDATE run SET status = ?, finished_at = ?, store_cleaned = ? WHERE id IN ({marks})",
        (int(status), now, clean_store, *keys),
    )
    if clean_store:
        connection.execute(f"DELETE FROM store_entry WHERE run_id IN ({marks})", tuple(keys))


def last_template(connection: Any) -> int:
    """Return the greatest key of a template."""
    key: int = connection.execute("SELECT coalesce(max(id), 0) FROM graph_template").fetchone()[0]
    return key


def last_state(connection: Any) -> int:
    """Return the greatest key of a state that there is or was."""
    return _last(connection, "state")


def last_run(connection: Any) -> int:
    """Return the greatest key of a run that there is or was."""
    return _last(connection, "run")


def _last(connection: Any, table: str) -> int:
    key: int = connection.execute(
        f"SELECT max(key) FROM (SELECT last_{table} AS key FROM schema_version UNION ALL SELECT max(id) FROM {table})"
        " AS keys"
    ).fetchone()[0]
    return key


def next_session(connection: Any) -> int:
    """Return a key that no runtime has had: leases are made of it, so it must never come again."""
    ((key,),) = connection.execute("UPDATE schema_version SET sessions = sessions + 1 RETURNING sessions").fetchall()
    return int(key)


def insert_session(
    connection: Any,
    key: int,
    name: str,
    place: tuple[str, str],
    run: int | None,
    graphs: str,
    lease: tuple[int, int],
) -> None:
    """Announce a runtime.

    :param place: its machine and its process.
    :param lease: until when it is, and for how long it was given.
    """
    connection.execute(
        "INSERT INTO session (id, name, host, process, run_id, graphs, lease_until, lease_ms) VALUES (?,?,?,?,?,?,?,?)",
        (key, name, *place, run, graphs, *lease),
    )


def sessions(connection: Any) -> list[Row]:
    """Return (id, host, process, lease_until, run_id, graphs) of every announced runtime."""
    rows: list[Row] = connection.execute(
        "SELECT id, host, process, lease_until, run_id, graphs FROM session"
    ).fetchall()
    return rows


def extend_session(connection: Any, key: int, lease_until: int) -> bool:
    """Renew the lease of all that a runtime holds; False when it was given up for gone."""
    cursor = connection.execute("UPDATE session SET lease_until = ? WHERE id = ?", (lease_until, key))
    return bool(cursor.rowcount)


def renew_sessions(connection: Any, now: int) -> None:
    """Let the leases of all runtimes begin anew."""
    connection.execute("UPDATE session SET lease_until = lease_ms + ?", (now,))


def latest_lease(connection: Any) -> int:
    """Return when the latest lease was given; 0 when there is none."""
    at: int = connection.execute("SELECT coalesce(max(lease_until - lease_ms), 0) FROM session").fetchone()[0]
    return at


def bring_forward(connection: Any, by: int, now: int) -> None:
    """Let what waits for a time wait `by` milliseconds less, as far as that is not past; also what may be put back."""
    for status in (State.CREATED, State.QUEUED):  # each has an index of its own
        connection.execute(
            "UPDATE state SET enqueue_after = CASE WHEN enqueue_after - ? > ? THEN enqueue_after - ? ELSE ? END"
            f" WHERE status = {status:d} AND enqueue_after > ?",
            (by, now, by, now, now),
        )


def end_session(connection: Any, key: int) -> None:
    """Forget a runtime that takes leave, and put back what it still holds."""
    connection.execute(
        f"UPDATE state SET status = {State.CREATED:d}, lease = 0, queued_at = NULL WHERE {_HELD}", _held(key)
    )
    connection.execute("DELETE FROM session WHERE id = ?", (key,))


def lose_session(connection: Any, key: int, most: int) -> tuple[int, list[int]]:
    """Forget a runtime that is gone, and put back what it held, but for what was lost too often.

    :param most: how often a state may be lost.
    :return: how many states were put back, and the keys of those that were lost too often.
    """
    if not connection.execute("DELETE FROM session WHERE id = ?", (key,)).rowcount:
        return 0, []  # another was faster
    connection.execute(f"UPDATE state SET lost = lost + 1 WHERE {_HELD}", _held(key))
    rows = connection.execute(f"SELECT id FROM state WHERE {_HELD} AND lost >= ?", (*_held(key), most)).fetchall()
    cursor = connection.execute(
        f"UPDATE state SET status = {State.CREATED:d}, lease = 0, queued_at = NULL WHERE {_HELD} AND lost < ?",
        (*_held(key), most),
    )
    return cursor.rowcount, [row[0] for row in rows]


def _held(session: int) -> tuple[int, int]:
    return session << 32, (session + 1) << 32
