"""Sealed secrets: rows that nobody can read without the key (semantics 8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Whose secret it is; no two have the same place."""

    namespace: str
    graph: str
    name: str


class Sealed(NamedTuple):
    """A value that was sealed, and the name of the key that opens it."""

    key_id: str
    body: bytes


def of_graph(connection: Any, namespace: str, graph: str) -> dict[str, Sealed]:
    """Return the sealed values of a graph, by the names of the secrets."""
    rows = connection.execute(
        "SELECT name, key_id, sealed FROM secret WHERE namespace = ? AND graph = ?", (namespace, graph)
    ).fetchall()
    return {name: Sealed(key_id, body) for name, key_id, body in rows}


def all_sealed(connection: Any) -> dict[Place, Sealed]:
    """Return every sealed value."""
    rows = connection.execute("SELECT namespace, graph, name, key_id, sealed FROM secret").fetchall()
    return {Place(*place): Sealed(key_id, body) for *place, key_id, body in rows}


def put(connection: Any, place: Place, sealed: Sealed) -> None:
    """Store a sealed value in place of the one before, if there is one."""
    connection.execute(
        "INSERT INTO secret (namespace, graph, name, key_id, sealed) VALUES (?,?,?,?,?) ON CONFLICT"
        " (namespace, graph, name) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed",
        (*place, *sealed),
    )


def delete(connection: Any, places: Iterable[Place]) -> None:
    """Forget sealed values."""
    for place in places:
        connection.execute("DELETE FROM secret WHERE namespace = ? AND graph = ? AND name = ?", tuple(place))


def newest_templates(connection: Any, namespace: str | None, graph: str | None) -> list[int]:
    """Return the keys of the newest versions of graphs, by namespace and name."""
    rows = connection.execute(
        "SELECT id FROM graph_template AS t"
        " WHERE namespace = coalesce(?, namespace) AND name = coalesce(?, name) AND version ="
        " (SELECT max(version) FROM graph_template WHERE namespace = t.namespace AND name = t.name)"
        " ORDER BY namespace, name",
        (namespace, graph),
    ).fetchall()
    return [row[0] for row in rows]
