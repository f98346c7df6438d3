"""Whatever is sent to whichever endpoint, by the server's own description of them: a 4xx, and nothing half written."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded
from exodsl.server.app import make_app
from exodsl.server.settings import Settings
from tests.server.conftest import Caller, Client, node, place

FUZZ = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["space", "graph", "A", "B", "a", "b", "x", "y", "k", "ALL_DONE", "FIXED", "CRON", "* * * * *",
     "${{ a.outputs.y }}",
     "${{ store.k }}", "${{", "", " ", "store", "1", "2", "3", "4", "5-1", "65f0c0ffee65f0c0ffee1234"]
)  # fmt: skip
TEXTS = WORDS | st.text(max_size=12)
NUMBERS = st.sampled_from([0, 1, 2, 16, -1, 10**6, 10**18, 10**30])


def _described() -> dict[str, Any]:
    manager = open_embedded(":memory:")
    try:
        return make_app(manager, Settings()).openapi()
    finally:
        manager.close()


API = _described()
ENDPOINTS = [
    (method.upper(), path, operation) for path, methods in API["paths"].items() for method, operation in methods.items()
]


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what fits a part of the description, and now and then anything else."""
    return st.one_of(fitting(schema), fitting(schema), fitting(schema), JSON)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what fits a part of the description, as far as its types go."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return st.deferred(lambda: fitting(API["components"]["schemas"][name]))
    if "anyOf" in schema:
        return st.one_of(*map(fitting, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "string":
            return TEXTS
        case "integer":
            return NUMBERS
        case "null":
            return st.none()
        case "array":
            return st.lists(values(schema["items"]), max_size=4)
        case "object" if "properties" in schema:
            fields = {name: values(part) for name, part in schema["properties"].items()}
            needed = {name: fields.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional=fields)
        case "object":
            more = schema.get("additionalProperties")
            return st.dictionaries(TEXTS, values(more if isinstance(more, dict) else {}), max_size=3)
    return JSON


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Return method, path and body of a request to some endpoint; most go to a place that is there."""
    method, path, operation = draw(st.sampled_from(ENDPOINTS))
    for parameter in operation.get("parameters", ()):
        mark = f"{{{parameter['name']}}}"
        usual = {"namespace": "space", "graph": "graph"}.get(parameter["name"])
        word = usual if usual and draw(st.booleans()) else draw(TEXTS | NUMBERS)
        path = path.replace(mark, quote(str(word).encode("utf-8", "replace"), safe=""))
    body = operation.get("requestBody")
    schema = body and body["content"]["application/json"]["schema"]
    return method, path, None if schema is None else draw(values(schema))


@pytest.fixture
def busy(caller: Caller) -> Caller:
    """A caller of a server that has a graph, and runs of it that have begun."""
    caller.ready(
        place("a", "b"),
        place("b", z="${{ a.outputs.y }}"),
        nodes=(node("A", "x", "y"), node("B", "z")),
        retry_policy={"max_retries": 1, "backoff_factor": 1},
    )
    for number in range(4):
        caller.trigger(x=str(number))
    caller.executed(caller.claim("A", count=3)[0]["state_id"], {"y": "1"}, {"y": "2"})
    return caller


@FUZZ
@given(asked=st.lists(requests(), min_size=1, max_size=10))
def test_whatever_is_asked_is_answered(
    busy: Caller, manager: EmbeddedManager, asked: list[tuple[str, str, Any]]
) -> None:
    for method, path, body in asked:
        answer = busy.client.request(method, path, json=body)
        assert answer.status_code < 500, answer.text
        if answer.headers["content-type"] == "application/json":
            answer.json()

    for run in manager.runs(limit=1_000).items:
        live = sum(node.live for node in manager.progress(run.run_id))
        assert (live > 0) == (run.status in ("RUNNING", "PAUSED"))


@FUZZ
@given(
    endpoints=st.lists(st.sampled_from([one for one in ENDPOINTS if "requestBody" in one[2]]), max_size=10),
    body=st.binary(max_size=60),
    kind=st.sampled_from(["application/json", "text/plain", "application/x+json", "?"]),
)
def test_whatever_bytes_are_sent_are_answered(
    client: Client, endpoints: list[tuple[str, str, Any]], body: bytes, kind: str
) -> None:
    for method, path, _ in endpoints:
        answer = client.request(method, path, content=body, headers={"content-type": kind})
        assert answer.status_code in (404, 422), answer.text
