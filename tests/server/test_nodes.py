"""Nodes over HTTP: registered by runtimes, listed by namespace."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manager.byhand import Clock
from tests.server.conftest import Caller, Client, node

SPLIT = node("Split", "text", "word", secrets="key")


def told(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a node, without what is ignored."""
    return {name: value for name, value in spec.items() if name != "namespace"}


def test_nodes_are_registered_in_the_order_of_the_request(caller: Caller) -> None:
    count = node("Count")

    assert caller.register(SPLIT, count) == {
        "runtime_name": "tests",
        "registered_nodes": [told(SPLIT), told(count)],
    }


def test_registered_nodes_are_listed(caller: Caller, clock: Clock) -> None:
    caller.register(SPLIT)
    clock.now_ms += 1_000
    caller.register({**SPLIT, "secrets": []})
    listed = caller.get("nodes/")
    (known,) = listed.pop("nodes")

    assert listed == {"namespace": "space", "count": 1}
    assert known["created_at"] < known["updated_at"]
    assert known | {"created_at": "", "updated_at": ""} == {
        **told(SPLIT),
        "_id": "space/Split",
        "created_at": "",
        "updated_at": "",
        "namespace": "space",
        "runtime_name": "tests",
        "runtime_namespace": "space",
        "secrets": [],
    }


def test_namespaces_are_those_of_registered_nodes(client: Client) -> None:
    for namespace in ("second", "first"):
        Caller(client, namespace).register(SPLIT)

    assert client.get("/v0/namespaces").json() == {"namespaces": ["first", "second"], "count": 2}


def test_an_unknown_namespace_has_no_nodes(caller: Caller) -> None:
    assert caller.get("nodes/") == {"namespace": "space", "count": 0, "nodes": []}


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"name": 5}, "name"),
        ({"name": " "}, "name"),
        ({"inputs_schema": []}, "inputs_schema"),
        ({"inputs_schema": {"properties": 5}}, "inputs_schema"),
        ({"outputs_schema": {"required": [5]}}, "outputs_schema"),
        ({"secrets": [""]}, "secrets"),
    ],
)
def test_a_node_of_another_shape_is_refused(caller: Caller, broken: dict[str, Any], where: str) -> None:
    body = {"runtime_name": "tests", "nodes": [told(SPLIT) | broken]}
    answer = caller.client.put(caller.url("nodes/"), json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:4] == ["body", "nodes", 0, where]
    assert caller.get("nodes/")["count"] == 0


def test_a_namespace_is_not_blank(client: Client) -> None:
    assert client.get("/v0/namespace/%20/nodes/").status_code == 400
