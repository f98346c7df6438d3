"""Which namespace what belongs to: runs, states, schedules and sessions, and the nodes of graphs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from exodsl.database.rows import Row

_RUN = "SELECT r.run_id, t.namespace, t.id FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"


def among(column: str, namespaces: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return a condition, with its AND, that a column has one of these values, and the values; `None`: any."""
    if namespaces is None:
        return "", ()
    if not namespaces:
        return " AND FALSE", ()
    return f" AND {column} IN ({','.join('?' * len(namespaces))})", tuple(namespaces)


def of_run(connection: Any, key: int) -> Row:
    """Return (public id, namespace, key of its template) of a run."""
    row: Row = connection.execute(f"{_RUN} WHERE r.id = ?", (key,)).fetchone()
    return row


def of_state(connection: Any, key: int) -> Row | None:
    """Do what `of_run` does, for the run of a state; none of a run that is being cleaned away."""
    row: Row | None = connection.execute(
        f"{_RUN} JOIN state AS s ON s.run_id = r.id WHERE s.id = ? AND NOT r.cleaning", (key,)
    ).fetchone()
    return row


def called_in(connection: Any, run_ids: Collection[str], namespaces: Collection[str]) -> set[str]:
    """Return those of these public ids of runs that are of graphs in these namespaces; at least one id is given."""
    only, values = among("t.namespace", namespaces)
    marks = ",".join("?" * len(run_ids))
    rows = connection.execute(f"{_RUN} WHERE r.run_id IN ({marks}){only}", (*run_ids, *values)).fetchall()
    return {row[0] for row in rows}


def homes(connection: Any, template: int) -> frozenset[str]:
    """Return the namespaces of the nodes of a template."""
    rows = connection.execute("SELECT DISTINCT namespace FROM template_node WHERE template_id = ?", (template,))
    return frozenset(row[0] for row in rows.fetchall())


def homes_of(connection: Any, namespace: str, graph: str, node_names: Collection[str]) -> frozenset[str]:
    """Return the namespaces of the nodes of these names in every version of a graph."""
    named, values = among("n.node_name", node_names)
    rows = connection.execute(
        "SELECT DISTINCT n.namespace FROM template_node AS n JOIN graph_template AS t ON t.id = n.template_id"
        f" WHERE t.namespace = ? AND t.name = ?{named}",
        (namespace, graph, *values),
    )
    return frozenset(row[0] for row in rows.fetchall())


def graphs_of(connection: Any, session: int) -> str | None:
    """Return which nodes a session serves, by graph, as JSON; `None` when it is not there."""
    row = connection.execute("SELECT graphs FROM session WHERE id = ?", (session,)).fetchone()
    return None if row is None else row[0]
