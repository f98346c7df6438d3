"""Secrets in tests: given by the test, asked for only where something reads them, stored nowhere (semantics 8)."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exodsl import DefinitionError, Graph, InputInvalid, RetryPolicy, StateManager, env, node, secret, stored
from exodsl.manager.sealing import new_key
from exodsl.testing import fail, run_inline, run_scheduled, step_inline


@node
def log_in(user: str, key: SecretStr = secret("key")) -> str:
    return f"{user}:{key.get_secret_value()}"


@node
def fetch(session: str, token: SecretStr = secret("token")) -> str:
    return f"{session}:{token.get_secret_value()}"


@pytest.fixture(autouse=True)
def _without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the key away that stored secrets are sealed with: tests need none."""
    monkeypatch.delenv("SECRETS_ENCRYPTION_KEY", raising=False)
    monkeypatch.delenv("FETCH_TOKEN", raising=False)


@pytest.fixture
def graph() -> Graph[Any, Any]:
    """Logs in with a stored secret, and fetches with one from the environment."""
    graph = Graph("pages", secrets={"key": stored(), "token": env("FETCH_TOKEN")}, retry=RetryPolicy(max_retries=0))
    graph.connect(log_in, fetch, session=log_in.outputs)
    return graph


def test_a_test_gives_secrets_of_either_kind(graph: Graph[Any, Any]) -> None:
    run = run_inline(graph, user="ada", secrets={"key": "abcd", "token": SecretStr("efgh")})

    assert run.output(fetch) == "ada:abcd:efgh"


def test_what_a_test_gives_goes_before_the_variable(graph: Graph[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETCH_TOKEN", "real")

    assert run_inline(graph, user="a", secrets={"key": "k", "token": "t"}).output(fetch) == "a:k:t"


def test_a_value_that_stands_in_the_graph_needs_no_key() -> None:
    graph = Graph("written", secrets={"key": "abcd"})
    graph.start(log_in)

    assert run_inline(graph, user="ada").output(log_in) == "ada:abcd"
    assert run_inline(graph, user="ada", secrets={"key": "other"}).output(log_in) == "ada:other"


def test_secrets_that_no_fake_asks_for_need_no_value(graph: Graph[Any, Any]) -> None:
    run = run_inline(graph, user="ada", fake={log_in: lambda user: user, fetch: lambda session: session})

    assert run.output(fetch) == "ada"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"token": "t"},
            r'"key" of graph "pages" is stored, and has no value in this test: give secrets=\{"key": "..."\}',
        ),
        ({"key": "k"}, r'is read from the variable "FETCH_TOKEN", and .*, or a fake to what asks for it, "fetch"\.'),
    ],
)
def test_a_secret_that_is_missing_is_named_with_its_reader(
    graph: Graph[Any, Any], given: dict[str, str], said: str
) -> None:
    with pytest.raises(DefinitionError, match=said):
        run_inline(graph, user="ada", secrets=given)


def test_a_fake_gets_the_secret_that_it_asks_for(graph: Graph[Any, Any]) -> None:
    def greet(user: str, key: SecretStr) -> str:
        return f"{user} has {key.get_secret_value()}"

    run = run_inline(graph, user="ada", secrets={"key": "abcd"}, fake={log_in: greet, fetch: lambda session: session})

    assert run.output(fetch) == "ada has abcd"


def test_a_node_that_fails_at_first_has_its_secrets_afterwards(graph: Graph[Any, Any]) -> None:
    once_more = Graph("again", secrets={"key": stored()})
    once_more.start(log_in)

    assert run_inline(once_more, user="a", secrets={"key": "k"}, fake={log_in: fail(log_in)}).output(log_in) == "a:k"


def test_what_a_test_gives_is_blotted_out_of_errors(graph: Graph[Any, Any]) -> None:
    def leak(session: str, token: SecretStr) -> str:
        raise ValueError(f"refused: {token.get_secret_value()}")

    run = run_inline(graph, user="a", secrets={"key": "abcd", "token": "much-too-open"}, fake={fetch: leak})

    assert run.error is not None
    assert "refused" in run.error
    assert "much-too-open" not in run.transcript()


def test_nothing_of_it_is_stored(graph: Graph[Any, Any], tmp_path: Path) -> None:
    given = {"key": "given", "token": "given"}
    with run_inline(graph, user="a", secrets=given, db=tmp_path / "runs.db", fake={fetch: lambda session: "x"}):
        manager = StateManager.open(tmp_path / "runs.db")

    assert [view.key_id for view in manager.secrets()] == [None, None]
    manager.close()


def test_what_a_database_has_stored_is_opened(
    graph: Graph[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_ENCRYPTION_KEY", new_key())
    manager = StateManager.open(tmp_path / "runs.db")
    manager.upsert(graph.compile())
    manager.set_secret("default", "pages", "key", SecretStr("sealed"))
    manager.close()

    with run_inline(graph, user="a", secrets={"token": "t"}, db=tmp_path / "runs.db") as run:
        assert run.output(fetch) == "a:sealed:t"


def test_steps_after_a_kill_have_them_too(graph: Graph[Any, Any]) -> None:
    with step_inline(graph, user="a", secrets={"key": "k", "token": "t"}) as step:
        step.until(fetch)
        step.kill()
        step.resume()

        assert step.finish().output(fetch) == "a:k:t"


def test_scheduled_runs_have_them_too() -> None:
    @node
    def sweep(key: SecretStr = secret("key")) -> str:
        return key.get_secret_value()

    graph = Graph("sweeping", secrets={"key": stored()})
    graph.start(sweep)
    graph.schedule("0 9 * * *")

    runs = run_scheduled(graph, until="2026-01-01T09:00:00Z", secrets={"key": "k"}).runs
    assert [run.output(sweep) for run in runs] == ["k"]
    with pytest.raises(DefinitionError, match='"key" of graph "sweeping" is stored, and has no value'):
        run_scheduled(graph, until="2026-01-01T09:00:00Z")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tokn": "x"}, 'Graph "pages" has no secret "tokn". It has: key, token. Did you mean "token"?'),
        ({"token": 4}, 'secrets={"token": ...} takes a text or a SecretStr, not int.'),
    ],
)
def test_what_cannot_be_a_secret_of_the_graph_is_refused(
    graph: Graph[Any, Any], given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputInvalid) as refused:
        run_inline(graph, user="a", secrets=given)

    assert str(refused.value) == said
