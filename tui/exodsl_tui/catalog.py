"""The nodes of a database: what they take and give, where they stand, and who can run them. Pure but for `read`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exodsl.errors import GraphNotFound
from exodsl.manager.inspection import GraphSummary, RuntimeView
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate, JsonSchema, NodeTemplate
from exodsl.template.schema_types import ValueType, properties, required

MOST_GRAPHS = 1_000


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a node stands."""

    namespace: str
    graph: str
    identifier: str


@dataclass(frozen=True, slots=True)
class CatalogNode:
    """A node by its name, as the newest versions of graphs have it.

    :param runtimes: names of the runtimes that are there and have its code.
    :param templates: how each use of it is set up, in the order of `uses`.
    """

    namespace: str
    name: str
    uses: tuple[Use, ...]
    templates: tuple[NodeTemplate, ...] = field(repr=False)
    runtimes: tuple[str, ...]

    @property
    def inputs(self) -> JsonSchema | None:
        """The schema of its inputs, if one of its graphs has it."""
        return next((node.inputs_schema for node in self.templates if node.inputs_schema is not None), None)

    @property
    def outputs(self) -> JsonSchema | None:
        """The schema of its outputs, if one of its graphs has it."""
        return next((node.outputs_schema for node in self.templates if node.outputs_schema is not None), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets it declares."""
        return tuple(sorted({secret for node in self.templates for secret in node.secrets}))


class CatalogReader:
    """Reads the nodes; templates never change, so each is read once."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, str, int], GraphTemplate] = {}

    def read(self, manager: StateManager) -> tuple[CatalogNode, ...]:
        """Return the nodes of the newest versions of all graphs, by name."""
        graphs = manager.graphs(limit=MOST_GRAPHS).items
        found = [template for graph in graphs if (template := self._template(manager, graph)) is not None]
        return nodes_of(found, manager.runtimes())

    def _template(self, manager: StateManager, graph: GraphSummary) -> GraphTemplate | None:
        key = graph.namespace, graph.name, graph.version
        if key not in self._templates:
            try:
                self._templates[key] = manager.template(*key)
            except GraphNotFound:  # it was cleaned away a moment ago
                return None
        return self._templates[key]


def nodes_of(templates: Iterable[GraphTemplate], runtimes: Sequence[RuntimeView]) -> tuple[CatalogNode, ...]:
    """Return the nodes that stand in some templates, by namespace and name."""
    found: dict[tuple[str, str], list[tuple[Use, NodeTemplate]]] = {}
    for template in templates:
        for node in template.nodes:
            use = Use(template.namespace, template.name, node.identifier)
            found.setdefault((node.namespace or template.namespace, node.node_name), []).append((use, node))
    return tuple(
        CatalogNode(
            namespace,
            name,
            tuple(use for use, _ in uses),
            tuple(node for _, node in uses),
            tuple(sorted({runtime.name for runtime in runtimes if _serves(runtime, name, uses)})),
        )
        for (namespace, name), uses in sorted(found.items())
    )


def _serves(runtime: RuntimeView, name: str, uses: Iterable[tuple[Use, NodeTemplate]]) -> bool:
    for use, _ in uses:
        for key in (f"{use.namespace}/{use.graph}", f"{use.namespace}/*"):
            names = runtime.serves.get(key, ())
            if name in names or "*" in names:
                return True
    return False


def fields_of(schema: JsonSchema | None) -> list[tuple[str, str, bool]]:
    """Return the fields of a schema: name, type, and whether it has to be there."""
    kind = ValueType.of(schema or {})
    needed = required(kind)
    return [(name, str(part), name in needed) for name, part in properties(kind).items()]
