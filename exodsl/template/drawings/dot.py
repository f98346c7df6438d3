"""A template in Graphviz's DOT language (semantics 2, 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exodsl.template.drawings.scene import SIGNS, Counts, Kind, Scene, Standing
from exodsl.template.drawings.text import shown
from exodsl.template.models import GraphTemplate

_BOXES: Mapping[Kind, str] = {
    "plain": "",
    "fanout": ", peripheries=2",
    "arrival": ", style=rounded",
    "unite": ", shape=hexagon",
}
_COLOURS: Mapping[Standing, str] = {
    "unreached": ', color="#757575", fontcolor="#757575"',
    "live": ', color="#0050B0", penwidth=2',
    "done": ', color="#00884F", penwidth=2',
    "failed": ', color="#DC1D13", penwidth=3',
}


def as_dot(template: GraphTemplate, counts: Mapping[str, Counts] | None = None) -> str:
    """Draw a checked template in DOT; thick arrows are taken by many states.

    :param counts: how the states of a run stand, by identifier; adds numbers, and a colour for how each node stands.
    """
    scene = Scene.of(template, counts)
    lines = [
        f"digraph {_quoted(template.name)} {{",
        "    node [shape=box];",
        *_nodes(scene),
        *_edges(scene),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _nodes(scene: Scene) -> Iterator[str]:
    for name in scene.structure.shape.order:
        label = "\\n".join(_escaped(line).replace("&", "&amp;") for line in scene.label(name, SIGNS))
        colour = "" if scene.counts is None else _COLOURS[scene.standing(name)]
        yield f'    {_quoted(name)} [label="{label}"{_BOXES[scene.kind(name)]}{colour}];'


def _edges(scene: Scene) -> Iterator[str]:
    for source in scene.structure.shape.order:
        thick = " [penwidth=3]" if scene.many(source) else ""
        for target in scene.structure.nodes[source].next_nodes:
            yield f"    {_quoted(source)} -> {_quoted(target)}{thick};"


def _quoted(name: str) -> str:
    return f'"{_escaped(name)}"'


def _escaped(text: str) -> str:
    """Return a text as it stands between quotes; in a label, `&` would begin an HTML entity as well."""
    return shown(text).replace("\\", "\\\\").replace('"', '\\"')
