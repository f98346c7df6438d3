"""What lies in the region of a unite, and which of it decides whether and when its gate opens (semantics 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from exodsl.engine.plan import GateRef, NodePlan, Plan

_SEVERAL = 2
"""Stands for any number but none and one."""


@dataclass(frozen=True, slots=True)
class Region:
    """The region of one unite; nodes are numbers of the plan, in topological order.

    :param nodes: what lies in it, the inner `unites` among them.
    :param dooming: nodes whose failure a strict gate of this unite counts, at once or through strict inner unites.
    :param dooming_outputs: the same of an output whose children cannot be created.
    :param growing: nodes of which one live state, or gate, may still become several branches of the unite's gate.
    """

    nodes: tuple[int, ...]
    unites: tuple[int, ...]
    dooming: tuple[int, ...]
    dooming_outputs: tuple[int, ...]
    growing: frozenset[int]


def region_of(plan: Plan, unite: int) -> Region:
    """Return the region of a unite, by its number in the plan."""
    inside = [node for node in plan.nodes if _refers(node.enclosing, unite)]
    dooms = _dooms(plan, unite)
    grows = _grows(plan, unite, inside)
    return Region(
        nodes=tuple(node.index for node in inside),
        unites=tuple(node.index for node in inside if node.source is not None),
        dooming=tuple(node.index for node in plan.nodes if dooms(node.blamed)),
        dooming_outputs=tuple(node.index for node in plan.nodes if dooms(node.blamed_outputs)),
        growing=frozenset(node.index for node in inside if grows(node.index)),
    )


def _refers(refs: tuple[GateRef, ...], unite: int) -> bool:
    return any(ref.node == unite for ref in refs)


def _dooms(plan: Plan, unite: int) -> Callable[[tuple[GateRef, ...]], bool]:
    """Return what says whether a failure that counts at these gates comes to count at the unite."""

    @cache
    def dooms(refs: tuple[GateRef, ...]) -> bool:
        passed_on = (plan.nodes[ref.node] for ref in refs)
        return _refers(refs, unite) or any(inner.strict and dooms(inner.blamed) for inner in passed_on)

    return dooms


def _grows(plan: Plan, unite: int, inside: list[NodePlan]) -> Callable[[int], bool]:
    """Return what says whether one live state of a node, or gate of a unite, may become several branches."""

    def follows(nodes: tuple[int, ...]) -> list[int]:
        """Keep the nodes whose states, or gates, are live at the unite's gate itself."""
        return [other for other in nodes if _refers(plan.nodes[other].counted, unite)]

    def is_exit(node: NodePlan) -> bool:
        """Say whether a node that waits at the gate of an inner unite leads on past that one, too."""
        return not _refers(node.counted, unite) and _refers(node.blamed, unite)

    exits = {node.index for node in inside if is_exit(node)}

    @cache
    def grows(index: int) -> bool:
        node = plan.nodes[index]
        if exits.intersection((index, *node.behind)):
            return True
        each_time = follows(node.gates)
        each = follows((*(follower.node for follower in node.followers), *node.output_gates))
        per_output = len(each) + _refers(node.reaches, unite)
        branches = len(each_time) + per_output * (_SEVERAL if node.opens else 1)
        return branches >= _SEVERAL or any(grows(other) for other in (*each_time, *each))

    return grows
