"""A key that is limited to one namespace reaches nothing of another on any route of Exosphere's API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Client
from tests.server.isolation.conftest import MIXED, NODES, OURS, THEIRS, Space, dump

Body = Callable[[str], dict[str, Any]]
NODE = {"name": "Split", "inputs_schema": {}, "outputs_schema": {}, "secrets": []}
GRAPH = "/v0/namespace/{namespace}/graph/{graph}"
STATE = "/v0/namespace/{namespace}/state/{state_id}"
V0: dict[tuple[str, str], tuple[str, Body | None]] = {
    ("PUT", "/v0/namespace/{namespace}/nodes/"): ("", lambda _: {"runtime_name": "r", "nodes": [NODE]}),
    ("GET", "/v0/namespace/{namespace}/nodes/"): ("", None),
    ("PUT", GRAPH): ("", lambda namespace: _graph(namespace)),
    ("GET", GRAPH): ("", None),
    ("GET", "/v0/namespace/{namespace}/graphs/"): ("", None),
    ("POST", f"{GRAPH}/trigger"): ("", lambda namespace: {"inputs": {"x": namespace}}),
    ("POST", "/v0/namespace/{namespace}/states/enqueue"): ("", lambda _: {"nodes": [*NODES], "batch_size": 5}),
    ("POST", f"{STATE}/executed"): ("lent", lambda _: {"outputs": [{"x": "1"}]}),
    ("POST", f"{STATE}/errored"): ("lent", lambda _: {"error": "broken"}),
    ("POST", f"{STATE}/prune"): ("lent", lambda _: {"data": {}}),
    ("POST", f"{STATE}/re-enqueue-after"): ("lent", lambda _: {"enqueue_after": 1}),
    ("POST", f"{STATE}/manual-retry"): ("broken", lambda _: {"fanout_id": "once"}),
    ("GET", f"{STATE}/secrets"): ("lent", None),
    ("GET", "/v0/namespace/{namespace}/runs/{page}/{size}"): ("", None),
    ("GET", "/v0/namespace/{namespace}/states/run/{run_id}/graph"): ("", None),
    ("GET", GRAPH + "/run/{run_id}/node/{state_id}"): ("broken", None),
}
"""Every route of a namespace: which state it is about, and what it is sent."""
OPEN = {("GET", "/health")}
OF_ALL = {("GET", "/v0/namespaces"), ("GET", "/metrics")}
OWN = "/exodsl/v1"
"""Those below it are calls of the protocol; it says what the server is."""


def _graph(namespace: str, home: str | None = None) -> dict[str, Any]:
    node = {"node_name": "Total", "identifier": "total", "namespace": home or namespace}
    return {"nodes": [node], "secrets": {"key": "another"}}


def _ask(client: Client, route: tuple[str, str], namespace: str, space: Space, shown: str = OURS) -> Any:
    state, body = V0[route]
    ids = {"graph": "graph", "run_id": space.failed, "state_id": getattr(space, state, ""), "page": 1, "size": 50}
    url = route[1].format(namespace=namespace, **ids)
    return client.request(route[0], url, headers={"x-api-key": shown}, **({"json": body(namespace)} if body else {}))


def test_every_route_has_a_case(client: Client) -> None:
    described = client.app.openapi()["paths"].items()
    found = {(method.upper(), path) for path, methods in described for method in methods if not path.startswith(OWN)}

    assert found == V0.keys() | OPEN | OF_ALL


@pytest.mark.parametrize("route", V0, ids=" ".join)
def test_a_route_of_another_namespace_is_403(
    client: Client, file: Path, theirs: Space, route: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    before = dump(file)
    answers = [_ask(client, route, namespace, theirs) for namespace in (THEIRS, f"%20{THEIRS} ")]

    refused = 'The key is not for namespace "theirs". Show one that is: whoever runs the server makes them.'
    assert [(one.status_code, one.json()) for one in answers] == [(403, {"detail": refused})] * 2
    assert dump(file) == before
    assert 'Key "for ours" was refused at' in caplog.text


@pytest.mark.parametrize("route", [route for route in V0 if "_id}" in route[1]], ids=" ".join)
def test_what_is_of_another_namespace_is_not_found_in_ones_own(
    client: Client, file: Path, theirs: Space, route: tuple[str, str]
) -> None:
    before = dump(file)
    answer = _ask(client, route, OURS, theirs)

    empty = answer.status_code == 200 and answer.json()["nodes"] == []
    assert answer.status_code == 404 or empty
    assert (THEIRS in answer.text, dump(file) == before) == (False, True)


@pytest.mark.parametrize("route", V0, ids=" ".join)
def test_a_route_of_ones_own_namespace_works(
    client: Client, ours: Space, theirs: Space, route: tuple[str, str]
) -> None:
    answer = _ask(client, route, OURS, ours)

    assert answer.status_code in (200, 201), answer.text
    assert [word for word in (f" {THEIRS}", theirs.failed, theirs.running, theirs.mixed) if word in answer.text] == []


def test_only_namespaces_of_the_key_are_listed(client: Client) -> None:
    listed = [client.get("/v0/namespaces", headers=shown).json() for shown in ({"x-api-key": OURS}, {})]

    assert listed == [{"namespaces": [OURS], "count": 1}, {"namespaces": [OURS, THEIRS], "count": 2}]


def test_counters_of_all_namespaces_want_the_key_without_limits(client: Client) -> None:
    shown = [{"x-api-key": OURS}, {"x-api-key": "", "authorization": f"Bearer {OURS}"}, {}]

    assert [client.get("/metrics", headers=headers).status_code for headers in shown] == [403, 403, 200]


def test_no_work_is_handed_to_another_namespace(client: Client, file: Path, ours: Space) -> None:
    """Neither by a graph that names a node of it, nor by one that somebody else stored."""
    before, headers = dump(file), {"x-api-key": OURS}
    stored = client.put(f"/v0/namespace/{OURS}/graph/new", json=_graph(OURS, THEIRS), headers=headers)
    started = client.post(f"/v0/namespace/{OURS}/graph/{MIXED}/trigger", json={}, headers=headers)
    state = f"/v0/namespace/{OURS}/state/{ours.mixed_state}"
    retried = client.post(f"{state}/manual-retry", json={"fanout_id": "once"}, headers=headers)

    assert [answer.status_code for answer in (stored, started, retried)] == [403, 403, 403]
    assert dump(file) == before
