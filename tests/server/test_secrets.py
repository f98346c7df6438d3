"""Secrets over HTTP: they come with a graph, and go to states of the nodes that declare them (semantics 8)."""

from __future__ import annotations

import pytest

from exodsl.manager.sealing import KEY_VARIABLE, new_key
from tests.server.conftest import Caller, node, place


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key to seal with."""
    monkeypatch.setenv(KEY_VARIABLE, new_key())


@pytest.fixture
def state(caller: Caller, sealed: None) -> str:
    """A claimed state of a node that declares one of three secrets."""
    secrets = {"key": "of this node", "token": "of another", "variable": "env:HOME"}
    caller.ready(place("a"), nodes=(node("A", secrets="key variable"),), secrets=secrets)
    caller.trigger()
    return caller.one("A")


def test_a_node_gets_the_secrets_that_it_declares(caller: Caller, state: str) -> None:
    """A value is a value, even one that would name a variable in a module."""
    assert caller.get(f"state/{state}/secrets") == {"secrets": {"key": "of this node", "variable": "env:HOME"}}


@pytest.mark.usefixtures("state")
def test_values_are_in_no_answer_about_a_graph(caller: Caller) -> None:
    assert caller.get("graph/graph")["secrets"] == {"key": True, "token": True, "variable": True}
    assert "of this node" not in caller.client.get(caller.url("graphs/")).text


def test_secrets_of_an_unknown_state_are_404(caller: Caller, state: str) -> None:
    for asked in (caller, Caller(caller.client, "elsewhere")):
        missing = asked.client.get(asked.url(f"state/{'999' if asked is caller else state}/secrets"))
        assert (missing.status_code, missing.json()) == (404, {"detail": "State not found"})


def test_without_a_key_to_seal_them_nothing_is_stored(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    body = {"nodes": [place("a")], "secrets": {"key": "value"}}
    answer = caller.client.put(caller.url("graph/graph"), json=body)

    assert answer.status_code == 400
    assert KEY_VARIABLE in answer.json()["detail"]
    assert caller.client.get(caller.url("graph/graph")).status_code == 404


@pytest.mark.usefixtures("sealed")
def test_a_secret_that_has_no_value_yet_is_refused_at_the_trigger(caller: Caller) -> None:
    caller.ready(place("a"), nodes=(node("A", secrets="key"),), secrets={"key": ""})
    answer = caller.client.post(caller.url("graph/graph/trigger"), json={})

    assert answer.status_code == 400
    assert '"key"' in answer.json()["detail"]
