"""What every request meets first: the key, its id, the limit of its size, pages of other origins, and faults."""

from __future__ import annotations

from socket import IPPROTO_TCP
from typing import Any
from uuid import UUID, uuid4

import pytest

from exodsl.manager.embedded import EmbeddedManager
from exodsl.server.settings import LOCAL_ORIGINS, Settings, listen, settings_from
from tests.server.conftest import KEY, Caller, Client, Serve, node, place

ID = "x-exosphere-request-id"
GRAPH = "/v0/namespace/space/graph/graph"


@pytest.mark.parametrize("key", ["", "wrong", KEY + " ", KEY[:-1], "k\xe9y"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v0/namespaces"), ("PUT", GRAPH), ("GET", "/nowhere"), ("DELETE", GRAPH), ("GET", "/metrics")],
)
def test_nothing_is_done_without_the_key(client: Client, key: str, method: str, path: str) -> None:
    answer = client.request(method, path, headers={"x-api-key": key.encode("latin-1")}, content=b"{")

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


def test_everybody_may_ask_how_it_is_and_what_it_can_do(client: Client) -> None:
    answers = {path: client.get(path, headers={"x-api-key": ""}) for path in ("/health", "/docs", "/openapi.json")}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert answers["/health"].json() == {"message": "OK"}


def test_a_server_without_a_key_takes_any(serve: Serve) -> None:
    assert serve(key=None).get("/v0/namespaces", headers={"x-api-key": "any"}).json() == {"namespaces": [], "count": 0}


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("DELETE", GRAPH, 405, "Method Not Allowed"),
        ("GET", "/v0", 404, "Not Found"),
    ],
)
def test_unknown_paths_and_methods_are_answered_in_json(
    client: Client, method: str, path: str, status: int, detail: str
) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


def test_an_id_of_a_request_comes_back(client: Client) -> None:
    given = str(uuid4())

    assert client.get("/health", headers={ID: given}).headers[ID] == given


@pytest.mark.parametrize("given", [None, "", "not a uuid"])
@pytest.mark.parametrize("key", [KEY, "wrong"])
def test_a_request_without_an_id_gets_one(client: Client, given: str | None, key: str) -> None:
    headers = {"x-api-key": key} | ({} if given is None else {ID: given})

    assert UUID(client.get("/v0/namespaces", headers=headers).headers[ID]).version == 4


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b'{"inputs": NaN}',
        b'{"store": {"k": "\\ud800"}}',
        b"[" * 5_000,
        b"null",
        b'"text"',
        b"[]",
    ],
)
def test_a_body_that_is_no_json_of_this_shape_is_422(client: Client, body: bytes) -> None:
    answer = client.post(f"{GRAPH}/trigger", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert {"type", "loc", "msg", "input"} <= answer.json()["detail"][0].keys()


def test_what_does_not_fit_is_said_without_the_secrets_beside_it(client: Client) -> None:
    bodies: list[dict[str, Any]] = [{"secrets": {"key": "hidden"}}, {"nodes": [], "secrets": {"key": ["hidden"]}}]
    answers = [client.put(GRAPH, json=body) for body in bodies]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "hidden" not in "".join(answer.text for answer in answers)


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "multipart/form-data; boundary=x"])
def test_a_body_of_another_kind_is_422(client: Client, kind: str) -> None:
    answer = client.post(f"{GRAPH}/trigger", content=b"\xff{}", headers={"content-type": kind})

    assert answer.status_code == 422


def test_a_body_that_is_too_large_is_413(serve: Serve) -> None:
    """Whether it says so or not: one that is sent in pieces is not read further than the limit."""
    client = serve(body_bytes=1_000)

    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 100

    answers = [client.post(f"{GRAPH}/trigger", content=content) for content in (b" " * 1_001, pieces())]
    assert [answer.status_code for answer in answers] == [413, 413]
    assert answers[0].json() == {"detail": "The body is larger than 1000 bytes"}
    assert client.post(f"{GRAPH}/trigger", json={"inputs": {"a": "b" * 900}}).status_code == 404


def test_five_mebibytes_pass(caller: Caller) -> None:
    caller.ready(place("a", "b"), place("b", y="${{ a.outputs.y }}"), nodes=(node("A", "x", "y"), node("B", "y")))
    caller.trigger(x="x" * 5 * 1024 * 1024)
    (state,) = caller.claim("A")
    caller.executed(state["state_id"], {"y": state["inputs"]["x"]})

    assert len(caller.claim("B")[0]["inputs"]["y"]) == 5 * 1024 * 1024


def test_a_fault_is_answered_and_logged(manager: EmbeddedManager, serve: Serve, caplog: Any) -> None:
    client = serve()
    manager.close()
    closed = client.get("/v0/namespaces", headers={"origin": LOCAL_ORIGINS[0]})
    del client.app.state.parts
    broken = client.get("/v0/namespaces", headers={"origin": LOCAL_ORIGINS[0]})

    assert (closed.status_code, broken.status_code) == (503, 500)
    assert broken.json() == {"success": False, "detail": "The server failed; its log says why."}
    for answer in (closed, broken):
        assert answer.json()["success"] is False
        assert answer.headers["access-control-allow-origin"] == LOCAL_ORIGINS[0]
        assert ID in answer.headers
    assert "GET /v0/namespaces failed" in caplog.text


# Pages of other origins


def preflight(client: Client, origin: str) -> Any:
    asked = {"origin": origin, "access-control-request-method": "PUT", "access-control-request-headers": "x-api-key"}
    return client.request("OPTIONS", GRAPH, headers={**asked, "x-api-key": ""})


def test_a_page_of_an_allowed_origin_may_call(client: Client) -> None:
    answer = preflight(client, "http://127.0.0.1:3000")

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:3000"
    assert answer.headers["access-control-allow-credentials"] == "true"
    called = client.get("/health", headers={"origin": "http://127.0.0.1:3000"})
    assert called.headers["access-control-expose-headers"].lower() == ID


def test_a_page_of_another_origin_may_not(client: Client) -> None:
    answer = preflight(client, "http://evil.example")

    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        (" https://a.example ,, http://b.example", ("https://a.example", "http://b.example")),
        ("", LOCAL_ORIGINS),
        (" , ", LOCAL_ORIGINS),
        (None, LOCAL_ORIGINS),
    ],
)
def test_origins_come_from_the_environment(given: str | None, origins: tuple[str, ...]) -> None:
    environment = {} if given is None else {"CORS_ORIGINS": given}

    assert settings_from(environment, lease_ms=1, body_bytes=1).origins == origins


def test_the_key_comes_from_the_environment() -> None:
    keys = [settings_from({"STATE_MANAGER_SECRET": key}, lease_ms=1, body_bytes=1).key for key in ("secret", "")]

    assert [key and key.get_secret_value() for key in keys] == ["secret", None]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_alone_needs_no_key(host: str) -> None:
    try:
        listen(host, 0, Settings()).close()
    except Exception as error:
        assert "cannot be served" in str(error), error  # noqa: PT017 - a machine without IPv6 has no ::1


def test_answers_do_not_wait_for_more_to_send() -> None:
    """The event loop turns off what holds small packets back where a socket says that it is one of TCP."""
    with listen("127.0.0.1", 0, Settings()) as listening:
        assert listening.proto == IPPROTO_TCP


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_others_need_one(host: str) -> None:
    with pytest.raises(Exception, match="STATE_MANAGER_SECRET"):
        listen(host, 0, Settings())


# Metrics


def test_metrics_count_what_went_through(caller: Caller) -> None:
    caller.ready(place("a"), nodes=(node("A"),))
    caller.trigger()
    state = caller.one("A")
    caller.executed(state)
    caller.tell(state, "prune", data={})
    caller.client.get("/nowhere")
    scraped = caller.client.get("/metrics", headers={"x-api-key": "", "authorization": f"Bearer {KEY}"})
    lines = set(scraped.text.splitlines())

    assert scraped.headers["content-type"].startswith("text/plain")
    assert {
        "exodsl_runs_triggered_total 1.0",
        "exodsl_states_claimed_total 1.0",
        'exodsl_reports_total{outcome="executed"} 1.0',
        "exodsl_reports_refused_total 1.0",
        'exodsl_http_requests_total{method="any",route="none",status="404"} 1.0',
        "exodsl_http_requests_under_way 1.0",
    } <= lines
    executed = 'method="POST",route="/v0/namespace/{namespace}/state/{state_id}/executed"'
    assert f'exodsl_http_requests_total{{{executed},status="200"}} 1.0' in lines
    assert f"exodsl_http_request_seconds_count{{{executed}}} 1.0" in lines
