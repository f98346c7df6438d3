"""What a run cannot start without (semantics 2)."""

from __future__ import annotations

from exodsl.template.models import GraphTemplate, NodeTemplate


def root_of(template: GraphTemplate) -> NodeTemplate:
    """Return the node at which runs of a checked template start."""
    behind = {name for node in template.nodes for name in node.next_nodes}
    return next(node for node in template.nodes if node.identifier not in behind and node.unites is None)


def needed_inputs(template: GraphTemplate) -> list[str]:
    """Return the inputs that a trigger must give: of those declared, else of the root's own that nothing maps."""
    if template.inputs_schema:
        return list(template.inputs_schema.get("required", ()))
    root = root_of(template)
    return [name for name in (root.inputs_schema or {}).get("required", ()) if name not in root.inputs]
