"""A template and what registered nodes say of themselves: does the one fit the others (semantics 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exodsl.manager.exosphere.registering import NodeName, NodeSpec
from exodsl.template.checks import check
from exodsl.template.models import GraphTemplate, JsonSchema, NodeTemplate

TOLERATED = frozenset({"E163"})
"""Exosphere takes schedules that can start no run, and lets each of their ticks fail."""
_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})


def home_of(template: GraphTemplate, node: NodeTemplate) -> NodeName:
    """Return the name under which the node of a place is registered."""
    return node.namespace or template.namespace, node.node_name


def undescribed(template: GraphTemplate) -> frozenset[NodeName]:
    """Return the nodes that the template says nothing of: those of one that was written by hand."""
    return frozenset(home_of(template, node) for node in template.nodes if node.inputs_schema is None)


def describe(template: GraphTemplate, known: Mapping[NodeName, NodeSpec]) -> tuple[GraphTemplate, list[str]]:
    """Return a template with the schemas and secrets of its nodes, and all that does not fit.

    What it says of a node itself stays as it is.
    """
    wanted = undescribed(template)
    if not wanted:
        return template, []
    missing = sorted(wanted - known.keys())
    if missing:
        return template, [f"Node {name} in namespace {namespace} does not exist." for namespace, name in missing]
    nodes = [_described(node, known[home_of(template, node)]) for node in template.nodes]
    described = template.model_copy(update={"nodes": tuple(nodes)})
    findings = [str(finding) for finding in check(described) if finding.code not in TOLERATED]
    return described, [*_no_texts(template, known), *findings]


def gives_nothing(node: NodeTemplate, spec: NodeSpec | None) -> bool:
    """Say whether a node has no output fields, as far as anything says which it has."""
    said = None if spec is None else spec.outputs_schema
    schema = said if node.outputs_schema is None else node.outputs_schema
    return schema is not None and not schema.get("properties")


def _described(node: NodeTemplate, spec: NodeSpec) -> NodeTemplate:
    if node.inputs_schema is not None:
        return node
    inputs = {**_fields(spec.inputs_schema), "additionalProperties": True}  # inputs that it does not know do no harm
    outputs = _fields(spec.outputs_schema)
    return node.model_copy(
        update={"inputs_schema": inputs, "outputs_schema": outputs, "secrets": tuple(dict.fromkeys(spec.secrets))}
    )


def _fields(schema: Mapping[str, Any]) -> JsonSchema:
    """Return which fields there are, of which plain type, and which are needed: all that counts for texts."""
    fields = schema.get("properties", {})
    required = [name for name in schema.get("required", ()) if name in fields]
    return {
        "type": "object",
        "properties": {name: _plain_type(field) for name, field in fields.items()},
        **({"required": required} if required else {}),
    }


def _plain_type(field: Any) -> JsonSchema:
    kind = field.get("type") if isinstance(field, dict) else None
    return {"type": kind} if isinstance(kind, str) and kind in _TYPES else {}


def _no_texts(template: GraphTemplate, known: Mapping[NodeName, NodeSpec]) -> list[str]:
    """Say which inputs of registered nodes are no texts: nothing else comes over Exosphere's HTTP API."""
    return [
        f"Input {name} in node {node} in namespace {namespace} is not a string"
        for namespace, node in sorted(undescribed(template))
        for name, field in _fields(known[namespace, node].inputs_schema)["properties"].items()
        if field != {"type": "string"}
    ]
