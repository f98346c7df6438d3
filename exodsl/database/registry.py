"""What runtimes say of the nodes that they have, and which graphs a namespace holds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from exodsl.database.rows import Row, Statement, write, write_returning

_NODE = "namespace, name, runtime_name, inputs_schema, outputs_schema, secrets, created_at, updated_at"
_PUT = Statement(
    f"INSERT INTO registered_node ({_NODE}) VALUES {{rows}} ON CONFLICT (namespace, name) DO UPDATE SET"
    " runtime_name = excluded.runtime_name, inputs_schema = excluded.inputs_schema,"
    " outputs_schema = excluded.outputs_schema, secrets = excluded.secrets, updated_at = excluded.updated_at",
    "ttttttii",
)
_FOUND = Statement(
    f"SELECT {_NODE} FROM (VALUES {{rows}}) AS v JOIN registered_node ON namespace = v.column1 AND name = v.column2",
    "tt",
)


def put_nodes(connection: Any, nodes: Collection[Row], now: int) -> None:
    """Register nodes in place of what was said of them before.

    :param nodes: (namespace, name, runtime_name, inputs_schema, outputs_schema, secrets) of each.
    """
    newest = {node[:2]: (*node, now, now) for node in nodes}
    write(connection, _PUT, list(newest.values()))


def nodes_in(connection: Any, namespace: str) -> list[Row]:
    """Return the registered nodes of a namespace, by name."""
    rows: list[Row] = connection.execute(
        f"SELECT {_NODE} FROM registered_node WHERE namespace = ? ORDER BY name", (namespace,)
    ).fetchall()
    return rows


def nodes_named(connection: Any, names: Collection[tuple[str, str]]) -> list[Row]:
    """Return those of these nodes, given as (namespace, name), that are registered."""
    return write_returning(connection, _FOUND, tuple(names))


def namespaces(connection: Any) -> list[str]:
    """Return the namespaces that have registered nodes."""
    rows = connection.execute("SELECT DISTINCT namespace FROM registered_node ORDER BY namespace").fetchall()
    return [row[0] for row in rows]


def graphs(connection: Any, namespace: str, name: str | None) -> list[Row]:
    """Return (id, version, created_at, when the first version was) of the newest versions of graphs, by name."""
    which = "namespace = ?" if name is None else "namespace = ? AND name = ?"
    rows: list[Row] = connection.execute(
        "SELECT t.id, t.version, t.created_at, g.first FROM"
        f" (SELECT max(version) AS newest, min(created_at) AS first, name FROM graph_template WHERE {which}"
        " GROUP BY name) AS g JOIN graph_template AS t"
        " ON t.namespace = ? AND t.name = g.name AND t.version = g.newest ORDER BY t.name",
        (namespace, *(() if name is None else (name,)), namespace),
    ).fetchall()
    return rows
