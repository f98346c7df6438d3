"""A template as a Mermaid flowchart, for pages that draw one (semantics 2, 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from exodsl.template.drawings.scene import SIGNS, Counts, Kind, Scene, Standing
from exodsl.template.drawings.text import shown
from exodsl.template.models import GraphTemplate

_BOXES: Mapping[Kind, tuple[str, str]] = {
    "plain": ("[", "]"),
    "fanout": ("[[", "]]"),
    "arrival": ("([", "])"),
    "unite": ("{{", "}}"),
}
_STYLES: Mapping[Standing, str] = {
    "unreached": "stroke:#757575,color:#757575,stroke-dasharray:4",
    "live": "stroke:#0050B0,stroke-width:2px",
    "done": "stroke:#00884F,stroke-width:2px",
    "failed": "stroke:#DC1D13,stroke-width:3px",
}
_SAFE = frozenset(" _-.,()/:!")


def as_mermaid(template: GraphTemplate, counts: Mapping[str, Counts] | None = None) -> str:
    """Draw a checked template as a Mermaid flowchart; thick arrows are taken by many states.

    :param counts: how the states of a run stand, by identifier; adds numbers, and a colour for how each node stands.
    """
    scene = Scene.of(template, counts)
    ids = {name: f"n{number}" for number, name in enumerate(scene.structure.shape.order)}
    title = json.dumps(shown(template.name), ensure_ascii=False)
    lines = ["---", f"title: {title}", "---", "flowchart TD", *_nodes(scene, ids), *_edges(scene, ids)]
    return "\n".join([*lines, *_classes(scene, ids)]) + "\n"


def _nodes(scene: Scene, ids: Mapping[str, str]) -> Iterator[str]:
    for name, number in ids.items():
        start, end = _BOXES[scene.kind(name)]
        label = "<br/>".join(map(_escaped, scene.label(name, SIGNS)))
        yield f'    {number}{start}"{label}"{end}'


def _edges(scene: Scene, ids: Mapping[str, str]) -> Iterator[str]:
    for source, number in ids.items():
        arrow = "==>" if scene.many(source) else "-->"
        for target in scene.structure.nodes[source].next_nodes:
            yield f"    {number} {arrow} {ids[target]}"


def _classes(scene: Scene, ids: Mapping[str, str]) -> Iterator[str]:
    if scene.counts is None:
        return
    for standing, style in _STYLES.items():
        standing_so = [number for name, number in ids.items() if scene.standing(name) == standing]
        if standing_so:
            yield f"    classDef {standing} {style}"
            yield f"    class {','.join(standing_so)} {standing}"


def _escaped(text: str) -> str:
    """Return a text as it stands in a quoted label: what could mean something to Mermaid is a code."""
    return "".join(
        char if char.isalnum() or char in _SAFE or ord(char) > 127 else f"#{ord(char)};" for char in shown(text)
    )
