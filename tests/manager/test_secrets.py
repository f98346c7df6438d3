"""Secrets that the state manager keeps: sealed, checked before a run exists, and never shown (semantics 8)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exodsl.errors import GraphNotFound, InputInvalid, SecretUnavailable
from exodsl.manager.protocol import Rotated, StateManager, Trigger
from exodsl.manager.sealing import KEY_VARIABLE, new_key
from exodsl.manager.views import SecretView
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import draw

VALUES = {"llm_key": SecretStr("hunter2")}


def research(secrets: Mapping[str, Any] = {"llm_key": True}, **more: Any) -> GraphTemplate:
    """A graph whose one node declares `llm_key`."""
    return draw("ask", parts={"ask": {"secrets": ["llm_key"]}}, name="research", secrets=secrets, **more)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the tests' secrets."""
    text = new_key()
    monkeypatch.setenv(KEY_VARIABLE, text)
    return text


def read(manager: StateManager) -> dict[str, SecretStr]:
    """Return what a runtime is given."""
    return manager.read_secrets("default", "research", ["llm_key"])


def key_ids(manager: StateManager) -> list[str | None]:
    """Return which keys open the stored secrets."""
    return [view.key_id for view in manager.secrets()]


def test_a_value_comes_with_its_template_and_is_read_by_name(manager: StateManager) -> None:
    manager.upsert(research(), VALUES)

    assert read(manager) == VALUES
    assert manager.template("default", "research").secrets == {"llm_key": True}


def test_no_file_of_the_database_has_a_value_or_the_key(manager: StateManager, tmp_path: Path, key: str) -> None:
    manager.upsert(research(), VALUES)
    trigger(manager)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert not any(text in kept for text in (b"hunter2", key.encode(), base64.urlsafe_b64decode(key)))


def test_another_value_is_the_same_version(manager: StateManager) -> None:
    versions = [manager.upsert(research(), {"llm_key": SecretStr(value)}) for value in ("hunter2", "hunter3")]

    assert versions == [1, 1]
    assert read(manager) == {"llm_key": SecretStr("hunter3")}


def test_a_template_without_values_leaves_those_that_are_stored(manager: StateManager) -> None:
    manager.upsert(research(), VALUES)
    manager.upsert(research(keep_store=True))

    assert read(manager) == VALUES


def test_what_a_template_does_not_declare_any_more_is_forgotten(manager: StateManager) -> None:
    manager.upsert(research(), VALUES)
    manager.upsert(research({"llm_key": "env:LLM_KEY"}))
    manager.upsert(research())

    with pytest.raises(SecretUnavailable, match=r'"llm_key" of graph "research" has no value yet'):
        read(manager)


def test_the_secrets_of_another_graph_stay(manager: StateManager) -> None:
    manager.upsert(research(), VALUES)
    manager.upsert(research(namespace="other"), {"llm_key": SecretStr("theirs")})
    manager.upsert(draw("ask", namespace="other", name="research"))

    assert read(manager) == VALUES


@pytest.mark.parametrize(
    ("secrets", "wrong"),
    [
        ({}, 'has no secret "llm_key". It has: none'),
        ({"llm_kye": True}, 'It has: "llm_kye". Did you mean "llm_kye"?'),
        ({"llm_key": "env:LLM_KEY"}, 'is read from the environment variable "LLM_KEY"'),
    ],
)
def test_a_value_that_the_graph_has_no_place_for_is_refused(
    manager: StateManager, secrets: dict[str, Any], wrong: str
) -> None:
    template = draw("ask", name="research", secrets=secrets)
    with pytest.raises(InputInvalid) as given:
        manager.upsert(template, VALUES)
    manager.upsert(template)
    with pytest.raises(InputInvalid) as stored:
        manager.set_secret("default", "research", "llm_key", VALUES["llm_key"])

    assert wrong in str(given.value)
    assert str(given.value) == str(stored.value)


def test_a_value_is_stored_by_hand(manager: StateManager) -> None:
    manager.upsert(research())
    manager.set_secret("default", "research", "llm_key", VALUES["llm_key"])

    assert read(manager) == VALUES


def test_a_value_by_hand_is_for_a_graph_that_is_there(manager: StateManager) -> None:
    with pytest.raises(GraphNotFound):
        manager.set_secret("default", "research", "llm_key", VALUES["llm_key"])


def test_an_empty_text_is_no_value(manager: StateManager) -> None:
    manager.upsert(research())

    with pytest.raises(InputInvalid, match="the text is empty"):
        manager.set_secret("default", "research", "llm_key", SecretStr(""))


def test_a_view_says_where_a_secret_comes_from(manager: StateManager) -> None:
    manager.upsert(research({"a": "env:A", "llm_key": True, "later": True}), VALUES)
    (key_id,) = {view.key_id for view in manager.secrets() if view.key_id}

    assert manager.secrets(namespace="default", graph="research") == (
        SecretView("default", "research", "a", "A", None),
        SecretView("default", "research", "later", None, None),
        SecretView("default", "research", "llm_key", None, key_id),
    )
    assert manager.secrets(graph="other") == manager.secrets(namespace="other") == ()


def trigger(manager: StateManager) -> list[str]:
    """Trigger a run of the graph."""
    return manager.trigger([Trigger("default", "research")])


def test_a_run_is_triggered_when_its_secrets_are_there(manager: StateManager) -> None:
    manager.upsert(research(), VALUES)

    assert trigger(manager)


def test_a_secret_without_a_value_is_refused_before_a_run_exists(manager: StateManager) -> None:
    manager.upsert(research(namespace="a b"))

    with pytest.raises(SecretUnavailable, match="exodsl secrets set research llm_key --namespace 'a b'"):
        manager.trigger([Trigger("a b", "research")])
    assert manager.runs().items == ()


def test_a_secret_that_no_node_declares_holds_nothing_up(manager: StateManager) -> None:
    manager.upsert(draw("ask", name="research", secrets={"llm_key": True}))

    assert trigger(manager)


@pytest.mark.parametrize(
    ("text", "wrong"), [(None, "is not set"), ("x", "base64|bytes"), ("A" * 43, "was sealed with")]
)
def test_a_wrong_or_missing_key_is_refused_before_a_run_exists(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch, text: str | None, wrong: str
) -> None:
    manager.upsert(research(), VALUES)
    monkeypatch.setenv(KEY_VARIABLE, text or "")

    with pytest.raises(SecretUnavailable, match=wrong):
        trigger(manager)
    assert manager.runs().items == ()


def test_without_a_key_no_value_is_taken_and_no_template_stored(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)

    with pytest.raises(SecretUnavailable, match="exodsl secrets key"):
        manager.upsert(research(), VALUES)
    with pytest.raises(GraphNotFound):
        manager.template("default", "research")


def test_a_rotation_seals_everything_with_the_first_key(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    manager.upsert(research(), VALUES)
    manager.upsert(research(namespace="other"), VALUES)
    new = new_key()
    monkeypatch.setenv(KEY_VARIABLE, f"{new},{key}")
    first = manager.rotate_secrets()
    again = manager.rotate_secrets()
    monkeypatch.setenv(KEY_VARIABLE, new)

    assert read(manager) == VALUES
    assert key_ids(manager) == [first.key_id, first.key_id]
    assert (first, again) == (Rotated(first.key_id, 2, 0), Rotated(first.key_id, 0, 2))


def test_a_rotation_that_lacks_a_key_changes_nothing(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    manager.upsert(research(), VALUES)
    monkeypatch.setenv(KEY_VARIABLE, f"{new_key()},{key}")
    manager.upsert(research(namespace="a"), VALUES)
    before = key_ids(manager)
    monkeypatch.setenv(KEY_VARIABLE, new_key())

    with pytest.raises(SecretUnavailable):
        manager.rotate_secrets()
    assert key_ids(manager) == before


def test_an_upsert_seals_its_values_with_the_first_key(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    manager.upsert(research(), VALUES)
    old = key_ids(manager)
    monkeypatch.setenv(KEY_VARIABLE, f"{new_key()},{key}")
    manager.upsert(research(), VALUES)
    new = key_ids(manager)
    monkeypatch.setenv(KEY_VARIABLE, key)
    manager.upsert(research(), VALUES)  # what that key sealed cannot be opened any more: it is given anew

    assert new != old == key_ids(manager)
