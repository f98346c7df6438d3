"""What of a unite Exosphere's state manager can do: which it creates, when, and what they read (semantics 4)."""

from __future__ import annotations

from collections.abc import Iterator

from exodsl.template.models import NodeTemplate
from exodsl.template.shape import Shape


def lets_read(shape: Shape, identifier: str) -> frozenset[str]:
    """Return the nodes whose outputs Exosphere lets a node read."""
    unites = shape.nodes[identifier].unites
    if unites is not None:
        return lets_read(shape, unites.identifier) | {unites.identifier}
    found: frozenset[str] = frozenset()
    for parent in shape.parents[identifier]:
        before = lets_read(shape, parent)
        found |= before if shape.nodes[parent].unites is not None else before | {parent}
    return found


def of_unite(shape: Shape, node: NodeTemplate) -> Iterator[str]:
    """Say why Exosphere would not run a uniting node as it is meant."""
    if node.unites is None:
        return
    opener = node.unites.identifier
    if shape.nodes[opener].fans_out:
        yield (
            f"it unites `{opener}`, which fans out. Exosphere starts it once for each output, and its documents say"
            f" once for all. Unite a node before `{opener}` that gives one output."
        )
    region = shape.region(node.identifier)
    inner = [name for name in shape.unites if name in region]
    if inner:
        yield (
            f"`{inner[0]}` unites in its region, and Exosphere may take that for ended before it starts."
            " Leave one of the two out."
        )
    side = sorted(shape.descendants[opener] - region - shape.descendants[node.identifier] - {node.identifier})
    if side:
        yield (
            f"`{side[0]}` lies behind `{opener}` and does not lead to it; Exosphere waits for it all the same, and may"
            f" never start what waits. Let `{side[0]}` lead to it, or follow it."
        )


def unite_remark(shape: Shape, node: NodeTemplate) -> Iterator[str]:
    """Say what to know of a unite that Exosphere takes."""
    if node.unites is None:
        return
    yield "Exosphere does not start it where the branch that ends last fails or is pruned."
    opener = node.unites.identifier
    if shape.nodes[opener].fans_out is None:
        yield f"where `{opener}` gives several outputs, Exosphere starts it once for each of them."
