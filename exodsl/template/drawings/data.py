"""A template's picture as JSON, for programs that draw their own (semantics 2, 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from exodsl.template.drawings.scene import Counts, Scene
from exodsl.template.models import GraphTemplate
from exodsl.template.placeholders import references

_COUNTED = ("total", "live", "success", "errored", "next_created_error", "pruned", "retry_created")


def as_json(template: GraphTemplate, counts: Mapping[str, Counts] | None = None) -> str:
    """Describe a checked template as JSON: nodes in topological order, and edges with their mapping.

    A node's `within` names what opened the fanouts and arrivals that its states lie in, outermost first; an edge's
    `mapping` holds the inputs of its target that read its source, and `many` says whether many states take it.

    :param counts: how the states of a run stand, by identifier; adds `counts` to each node (`null`: not reached).
    """
    scene = Scene.of(template, counts)
    picture = {
        "graph": template.name,
        "namespace": template.namespace,
        "nodes": [_node(scene, name) for name in scene.structure.shape.order],
        "edges": [edge for name in scene.structure.shape.order for edge in _edges(scene, name)],
    }
    return json.dumps(picture, indent=2, ensure_ascii=False) + "\n"


def _node(scene: Scene, name: str) -> dict[str, Any]:
    node = scene.structure.nodes[name]
    found: dict[str, Any] = {
        "identifier": name,
        "node_name": node.node_name,
        "namespace": node.namespace or scene.structure.shape.template.namespace,
        "kind": scene.kind(name),
        "fans_out": node.fans_out,
        "within": [level.opener for level in scene.structure.levels[name]],
        "unites": node.unites.model_dump() if node.unites else None,
        "inputs": node.inputs,
    }
    if scene.counts is not None:
        found["counts"] = _counts(scene.of_run(name))
    return found


def _counts(counts: Counts | None) -> dict[str, int] | None:
    return None if counts is None else {field: getattr(counts, field) for field in _COUNTED}


def _edges(scene: Scene, source: str) -> Iterator[dict[str, Any]]:
    for target in scene.structure.nodes[source].next_nodes:
        inputs = scene.structure.nodes[target].inputs
        mapping = {field: value for field, value in inputs.items() if _reads(value, source)}
        yield {"source": source, "target": target, "many": scene.many(source), "mapping": mapping}


def _reads(value: object, source: str) -> bool:
    return any(found.source == source or found.kind == "previous" for found in references(value))
