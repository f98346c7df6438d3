"""Small templates, written as arrows."""

from collections.abc import Callable
from typing import Any

import pytest

from exodsl.template.models import GraphTemplate

Draw = Callable[..., GraphTemplate]


def _draw(
    arrows: str,
    *,
    unites: dict[str, str] | None = None,
    parts: dict[str, dict[str, Any]] | None = None,
    **template: Any,
) -> GraphTemplate:
    """Return the template of arrows such as `split* > a b, a b > c`.

    `*` marks a node that fans out, `?` one that does not say. `unites` gives the united node, with
    `/output` for once per output or `!` for ALL_DONE; `parts` any further fields of a node.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for arrow in arrows.split(","):
        before, _, behind = arrow.partition(">")
        sources = [_stand(nodes, word) for word in before.split()]
        targets = [_stand(nodes, word) for word in behind.split()]
        for source in sources:
            nodes[source]["next_nodes"] += targets
    for name, wanted in (unites or {}).items():
        identifier, _, per = wanted.partition("/")
        strategy = "ALL_DONE" if identifier.endswith("!") else "ALL_SUCCESS"
        nodes[name]["unites"] = {
            "identifier": identifier.rstrip("!"),
            "strategy": strategy,
            "per": per or "execution",
        }
    for name, fields in (parts or {}).items():
        nodes[name] |= fields
    return GraphTemplate.model_validate({"nodes": list(nodes.values()), **template})


def _stand(nodes: dict[str, dict[str, Any]], word: str) -> str:
    name = word.rstrip("*?")
    node = nodes.setdefault(name, {"node_name": name, "identifier": name, "next_nodes": [], "fans_out": False})
    if word != name:
        node["fans_out"] = True if word.endswith("*") else None
    return name


@pytest.fixture
def draw() -> Draw:
    """Draw a small template; see `_draw`."""
    return _draw


@pytest.fixture
def fields() -> Callable[..., dict[str, Any]]:
    """Return the JSON schema of an object: `fields(text="string", number="integer")`."""

    def schema(**types: Any) -> dict[str, Any]:
        described = {name: {"type": kind} if isinstance(kind, str) else kind for name, kind in types.items()}
        return {"type": "object", "properties": described, "required": list(described)}

    return schema
