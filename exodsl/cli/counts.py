"""Counts in words, those of a node above all; attempts that were tried again count once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exodsl.manager.views import NodeProgress


def counted(count: int, what: str) -> str:
    """Return how many of something there are."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def done(node: NodeProgress) -> int:
    """Return how many states of a node have ended."""
    return places(node) - node.live


def places(node: NodeProgress) -> int:
    """Return how many states of a node there are so far."""
    return node.total - node.retry_created


def failed(node: NodeProgress) -> int:
    """Return how many states of a node have failed for good."""
    return node.errored + node.next_created_error


def fraction(node: NodeProgress) -> str:
    """Return how many of how many."""
    return f"{done(node):,}/{places(node):,}"


def notes(node: NodeProgress) -> list[str]:
    """Return what else there is to say of a node."""
    said = [(failed(node), "failed"), (node.pruned, "pruned"), (node.retry_created, "tried again")]
    return [f"{count:,} {word}" for count, word in said if count]


def totals(nodes: Iterable[NodeProgress]) -> dict[str, int]:
    """Return how many states of all nodes came to what; together they are all that `exodsl states` lists."""
    found: dict[str, int] = dict.fromkeys(("succeeded", "failed", "pruned", "cancelled", "tried again", "not ended"), 0)
    for node in nodes:
        found["succeeded"] += node.success
        found["failed"] += failed(node)
        found["pruned"] += node.pruned
        found["cancelled"] += node.cancelled
        found["tried again"] += node.retry_created
        found["not ended"] += node.live
    return found
