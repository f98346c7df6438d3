"""Nodes that runtimes announce over HTTP: what each takes, gives and needs (semantics 10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import from_json, to_json

from exodsl.database import registry
from exodsl.database.rows import Row
from exodsl.manager.registration import NodeSpec as NodeSpec
from exodsl.manager.viewing import Viewing
from exodsl.manager.views import moment

NodeName = tuple[str, str]
"""The namespace of a node and its name."""


@dataclass(frozen=True, slots=True)
class RegisteredNode:
    """A node as it was registered last, whoever did it."""

    namespace: str
    runtime_name: str
    spec: NodeSpec
    created_at: datetime
    updated_at: datetime


class Registering(Viewing):
    """Keeps what runtimes say of their nodes."""

    def register_nodes(self, namespace: str, runtime_name: str, nodes: Sequence[NodeSpec]) -> None:
        """Remember nodes of a runtime, in place of what was said of them before."""
        rows = [
            (namespace, node.name, runtime_name, *map(_text, (node.inputs_schema, node.outputs_schema, node.secrets)))
            for node in nodes
        ]
        with self._db.transaction(alone=True) as connection:
            registry.put_nodes(connection, rows, self._clock())

    def registered_nodes(self, namespace: str) -> tuple[RegisteredNode, ...]:
        """List the nodes registered in a namespace, by name."""
        with self._db.reading() as connection:
            return tuple(map(_view, registry.nodes_in(connection, namespace)))

    def namespaces(self) -> tuple[str, ...]:
        """List the namespaces that have registered nodes."""
        with self._db.reading() as connection:
            return tuple(registry.namespaces(connection))


def specs(connection: Any, names: Collection[NodeName]) -> dict[NodeName, NodeSpec]:
    """Return what was said of those of these nodes that are registered."""
    found = map(_view, registry.nodes_named(connection, names))
    return {(node.namespace, node.spec.name): node.spec for node in found}


def _text(value: Any) -> str:
    return to_json(value).decode()


def _view(row: Row) -> RegisteredNode:
    namespace, name, runtime_name, inputs, outputs, secrets, created, updated = row
    spec = NodeSpec(name, from_json(inputs), from_json(outputs), tuple(from_json(secrets)))
    return RegisteredNode(namespace, runtime_name, spec, moment(created), moment(updated))
