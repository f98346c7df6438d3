"""Outputs that are not as the run's version of the graph declares them: the code has changed since (semantics 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exodsl.engine.plan import NodePlan, Plan
from exodsl.engine.reports import ErrorInfo


def misfit(node: NodePlan, count: int) -> ErrorInfo | None:
    """Return what is wrong when a node that gives one output gave another number of them."""
    if node.opens or count == 1:
        return None
    message = (
        f'"{node.identifier}" is declared to give one output in the run\'s version of the graph, and gave {count}.'
        " If it fans out by now, start a new run."
    )
    return ErrorInfo("exodsl.errors.OutputInvalid", message, key="output-count")


def lost_field(plan: Plan, identifier: str, name: str, outputs: Mapping[str, Any]) -> str:
    """Return words on an output field of a node that is missing although it was declared; none for any other."""
    declared = plan.template.node(identifier).outputs_schema or {}
    if name in outputs or name not in declared.get("properties", {}):
        return ""
    return f'; the run\'s version of the graph declares "{name}", so the code of "{identifier}" has changed since'
