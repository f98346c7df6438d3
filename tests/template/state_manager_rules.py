"""What Exosphere's state manager takes, written from its rules alone, so that it can contradict the export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Body = Mapping[str, Any]
Fields = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""Inputs and outputs of the registered nodes, by their names."""

_PLACEHOLDER = re.compile(r"\$\{\{\s*([^\s.{}]+)\s*\.\s*([^\s.{}]+)(?:\s*\.\s*([^\s.{}]+))?\s*\}\}")
_STRATEGIES = {
    f"{shape}{jitter}"
    for shape in ("EXPONENTIAL", "LINEAR", "FIXED")
    for jitter in ("", "_FULL_JITTER", "_EQUAL_JITTER")
}


def complaints(body: Body, registered: Fields) -> list[str]:
    """Return what a state manager has against the body of an upsert."""
    shape = list(_of_shape(body))
    return shape or [*_of_references(body), *_of_registered(body, registered)]


def parents(body: Body) -> dict[str, frozenset[str]]:
    """Return what Exosphere calls the parents of each node: all that its inputs may refer to."""
    nodes = {node["identifier"]: node for node in body["nodes"]}
    found: dict[str, frozenset[str]] = {}

    def of(name: str) -> frozenset[str]:
        if name not in found:
            unites = nodes[name]["unites"]
            before = [one for one, node in nodes.items() if name in node["next_nodes"]]
            found[name] = (
                of(unites["identifier"]) | {unites["identifier"]}
                if unites
                else frozenset().union(
                    *(of(one) | ({one} if nodes[one]["unites"] is None else set()) for one in before)
                )
            )
        return found[name]

    return {name: of(name) for name in nodes}


def _of_shape(body: Body) -> Iterator[str]:
    nodes = body["nodes"]
    names = [node["identifier"] for node in nodes]
    followers = [name for node in nodes for name in node["next_nodes"]]
    roots = [name for name, node in zip(names, nodes, strict=True) if name not in followers and not node["unites"]]
    if len(set(names)) < len(names):
        yield "identifiers are not unique"
    if not set(followers) <= set(names):
        yield "a next node does not exist"
    if len(roots) != 1:
        yield f"there are {len(roots)} roots"
    for node in nodes:
        yield from _of_node(node, set(names))
    policy, store = body["retry_policy"], body["store_config"]
    delay = policy["max_delay"]
    if policy["max_retries"] < 0 or min(policy["backoff_factor"], policy["exponent"], delay or 1) < 1:
        yield "a number of the retry policy is out of range"
    if policy["strategy"] not in _STRATEGIES:
        yield "the retry strategy is unknown"
    keys = [*store["required_keys"], *store["default_values"]]
    if any(not key.strip() or "." in key for key in keys) or not all(_is_text(store["default_values"].values())):
        yield "a store key or its default is wrong"
    if not all(name.strip() and isinstance(value, str) for name, value in body["secrets"].items()):
        yield "a secret is wrong"


def _is_text(values: Any) -> Iterator[bool]:
    return (isinstance(value, str) for value in values)


def _of_node(node: Mapping[str, Any], names: set[str]) -> Iterator[str]:
    unites = node["unites"]
    if unites and (
        unites["identifier"] not in names - {node["identifier"]} or set(unites) != {"identifier", "strategy"}
    ):
        yield "what it unites does not exist"
    if unites and unites["strategy"] not in ("ALL_SUCCESS", "ALL_DONE"):
        yield "its strategy is unknown"
    if (
        not all(node[name].strip() for name in ("node_name", "namespace", "identifier"))
        or node["identifier"] == "store"
    ):
        yield "a name is wrong"
    if len(set(node["next_nodes"])) < len(node["next_nodes"]):
        yield "a next node is repeated"
    if not all(_is_text(node["inputs"].values())):
        yield "an input is not a string"


def _of_references(body: Body) -> Iterator[str]:
    allowed, config = parents(body), body["store_config"]
    keys = {*config["required_keys"], *config["default_values"]}
    for node in body["nodes"]:
        for value in node["inputs"].values():
            if value.count("${{") != len(_PLACEHOLDER.findall(value)):
                yield f"{value} has a malformed placeholder"
            for source, middle, name in _PLACEHOLDER.findall(value):
                if source == "store":
                    if name or middle not in keys:
                        yield f"{value} depends on a key that is not declared"
                elif middle != "outputs" or not name:
                    yield f"{value} has a malformed placeholder"
                elif source not in allowed[node["identifier"]]:
                    yield f"{value} depends on {source}, which is not a parent of {node['identifier']}"


def _of_registered(body: Body, registered: Fields) -> Iterator[str]:
    names = {node["identifier"]: node["node_name"] for node in body["nodes"]}
    for node in body["nodes"]:
        missing = registered[node["node_name"]][0] - set(node["inputs"])
        if missing:
            yield f"input {min(missing)} of {node['identifier']} is not present"
        for value in node["inputs"].values():
            for source, _, name in _PLACEHOLDER.findall(value):
                if source in names and name not in registered[names[source]][1]:
                    yield f"field {name} of {source} does not exist"
