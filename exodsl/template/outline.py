"""A template as text that people review: the same for equal templates, one line for one thing (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterable

from exodsl.template.drawings.text import shown
from exodsl.template.models import GraphTemplate
from exodsl.template.structure import Structure
from exodsl.template.traits import Trait, traits_of_graph, traits_of_node

_INDENT = "  "


def as_outline(template: GraphTemplate) -> str:
    """Return the canonical text of a checked template: the graph, then each node in topological order.

    Each input stands on a line of its own with its type and where it comes from. There are no hashes, paths or times
    in it, and nothing that changes with the version of Python or pydantic.
    """
    structure = Structure.of(template)
    name, *traits = traits_of_graph(template)
    blocks = [[name.line, *_below(traits)]]
    blocks += [[f"node {node}", *_below(traits_of_node(structure, node))] for node in structure.shape.order]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _below(traits: Iterable[Trait]) -> list[str]:
    """Return indented lines; an input and where it comes from share one."""
    lines: list[str] = []
    typed: str | None = None
    for trait in traits:
        if trait.kind == "mapping" and trait.name == typed:
            lines[-1] += f" = {shown(trait.said)}"
        else:
            lines.append(f"{_INDENT}{trait.line}")
        typed = trait.name if trait.kind == "input" else None
    return lines
