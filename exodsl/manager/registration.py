"""What programs written for Exosphere ask of a state manager: nodes that say what they are, graphs of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import SecretStr

from exodsl.template.models import GraphTemplate


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """What a runtime says of one of its nodes; the schemas are those of pydantic models."""

    name: str
    inputs_schema: Mapping[str, Any]
    outputs_schema: Mapping[str, Any]
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """The newest version of a graph, and what does not fit the nodes that are registered; nothing when it is valid.

    :param created_at: when its first version was stored; `updated_at` when this one was.
    """

    template: GraphTemplate
    created_at: datetime
    updated_at: datetime
    misfits: tuple[str, ...]


class Registration(Protocol):
    """Keeps what runtimes say of their nodes, and takes graphs and triggers in Exosphere's terms (semantics 10)."""

    def register_nodes(self, namespace: str, runtime_name: str, nodes: Sequence[NodeSpec]) -> None:
        """Remember nodes of a runtime, in place of what was said of them before."""
        ...

    def accept(self, template: GraphTemplate, secrets: Mapping[str, SecretStr]) -> GraphRecord:
        """Store a template, with what registered nodes say of themselves if it fits them; else it has no schedules.

        :raises GraphInvalid: when it is not sound in itself; nothing is stored then.
        """
        ...

    def graph_record(self, namespace: str, graph: str) -> GraphRecord:
        """Return the newest version of a graph; :raises GraphNotFound: when there is none."""
        ...

    def begin(
        self, namespace: str, graph: str, inputs: Mapping[str, str], store: Mapping[str, str], start_delay_ms: int
    ) -> str:
        """Start a run from texts, and return its id.

        Inputs and store keys that the graph does not know are left out; a text that an input of a run does not take
        is read as JSON.

        :raises GraphNotFound: when there is no such graph.
        :raises GraphNotReady: when it does not fit the nodes that are registered.
        :raises InputInvalid: when something is missing.
        """
        ...
