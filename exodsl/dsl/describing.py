"""A template written by hand, with what its nodes say of themselves (semantics 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exodsl.dsl.body import Body
from exodsl.template.models import GraphTemplate, NodeTemplate


def described(template: GraphTemplate, bodies: Mapping[str, Body]) -> GraphTemplate:
    """Return the template with the schemas and secrets of its nodes, where it leaves them out.

    Whether a node fans out stays as it is declared: in a template that does not say so, a single value is no list.
    """
    nodes = tuple(_described(template, node, bodies.get(node.node_name)) for node in template.nodes)
    return template.model_copy(update={"nodes": nodes})


def _described(template: GraphTemplate, node: NodeTemplate, body: Body | None) -> NodeTemplate:
    if body is None:
        return node
    own: dict[str, Any] = {
        "inputs_schema": body.code.inputs.schema(),
        "outputs_schema": body.code.outputs.schema(),
        "secrets": body.code.secrets_of(template.secrets),
    }
    return node.model_copy(update={name: value for name, value in own.items() if not getattr(node, name)})
