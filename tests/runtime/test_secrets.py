"""Stored secrets where bodies run: handed to who declares them, missed before anything runs (semantics 8)."""

import logging

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import BaseNode, DefinitionError, Graph, RetryPolicy, Runtime, node, resume, secret, stored
from exodsl.dsl import Node
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.protocol import Trigger
from exodsl.manager.sealing import KEY_VARIABLE, new_key

OTHER_KEY = "A" * 43
VALUE = 'hunter2\n"it\'s"'


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the tests' secrets."""
    text = new_key()
    monkeypatch.setenv(KEY_VARIABLE, text)
    return text


@node
def in_a_thread(key: SecretStr = secret("key")) -> int:
    return len(key.get_secret_value())


@node
async def in_the_loop(key: SecretStr = secret("key")) -> int:
    return len(key.get_secret_value())


@node(executor="process")
def in_a_process(key: SecretStr = secret("key")) -> int:
    return len(key.get_secret_value())


def secretive(start: Node, value: str | SecretStr = VALUE, name: str = "secretive") -> Graph:
    """A graph of one node, which declares `key`."""
    graph = Graph(name, secrets={"key": value}, retry=RetryPolicy(max_retries=0))
    graph.start(start)
    return graph


@pytest.mark.parametrize("start", [in_a_thread, in_the_loop, in_a_process])
@pytest.mark.parametrize("value", [VALUE, SecretStr(VALUE)])
def test_a_stored_secret_reaches_the_body_that_declares_it(
    manager: Manager, start: Node, value: str | SecretStr
) -> None:
    assert secretive(start, value).run(db=manager).output(start) == len(VALUE)


def test_a_class_node_finds_it_among_its_secrets(manager: Manager) -> None:
    class Asks(BaseNode):
        class Secrets(BaseModel):
            key: str

        class Outputs(BaseModel):
            length: int

        async def execute(self) -> Outputs:
            return self.Outputs(length=len(self.secrets.key))

    graph = Graph("asks", secrets={"key": VALUE})
    graph.start(Asks)

    assert graph.run(db=manager).output(Asks).length == len(VALUE)


def test_a_body_is_handed_nothing_that_its_node_does_not_declare(manager: Manager) -> None:
    graph = Graph("two", secrets={"key": VALUE, "other": stored()})  # which has no value, and nobody misses it
    graph.start(in_a_thread)

    assert graph.run(db=manager).output(in_a_thread) == len(VALUE)


def test_a_stored_value_is_read_once_and_changes_with_the_next_runtime(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    @node
    def changes_it(key: SecretStr = secret("key")) -> int:
        manager.set_secret("default", "changes", "key", SecretStr("another"))
        return len(key.get_secret_value())

    graph = Graph("changes", secrets={"key": stored()})
    graph.connect(changes_it, in_a_thread)
    manager.upsert(graph.compile(), {"key": SecretStr(VALUE)})
    first, second = graph.run(db=manager), graph.run(db=manager)

    assert [run.output(in_a_thread) for run in (first, second)] == [len(VALUE), len("another")]


@pytest.mark.parametrize(("text", "wrong"), [("", "is not set"), (OTHER_KEY, "was sealed with key")])
def test_a_run_does_not_begin_without_the_right_key(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, text: str, wrong: str
) -> None:
    secretive(in_a_thread).run(db=manager)
    graph = Graph("secretive", secrets={"key": stored()})
    graph.start(in_a_thread)
    monkeypatch.setenv(KEY_VARIABLE, text)

    with pytest.raises(DefinitionError, match=wrong):
        graph.run(db=manager)
    assert len(manager.runs().items) == 1


def triggered(manager: Manager, graph: Graph) -> str:
    """Store a graph and trigger a run that nobody works on yet."""
    manager.upsert(graph.compile(), graph.secret_values)
    return manager.trigger([Trigger("default", graph.name)])[0]


def test_a_run_does_not_go_on_without_the_right_key(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = secretive(in_a_thread)
    run_id = triggered(manager, graph)
    manager.pause(run_id)
    monkeypatch.setenv(KEY_VARIABLE, new_key())

    with pytest.raises(DefinitionError, match="was sealed with key"):
        resume(run_id, graph, manager)
    assert manager.run(run_id).status == "PAUSED"


def test_a_runtime_does_not_start_without_the_key_of_its_graphs(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = triggered(manager, secretive(in_a_thread))
    graph = Graph("secretive", secrets={"key": stored()})
    graph.start(in_a_thread)
    monkeypatch.delenv(KEY_VARIABLE)

    for serves in (Runtime(graphs=[graph], manager=manager), Runtime(nodes=[in_a_thread], manager=manager)):
        with pytest.raises(DefinitionError, match="is not set"):
            serves.start()
    assert manager.progress(run_id)[0].live == 1


def test_a_runtime_needs_no_key_for_graphs_of_others(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    triggered(manager, secretive(in_a_thread))
    monkeypatch.delenv(KEY_VARIABLE)
    runtime = Runtime(nodes=[in_the_loop], manager=manager, serving=lambda: runtime.stop())
    runtime.start()

    assert runtime.left


@node
def tells(key: SecretStr = secret("key")) -> None:
    value = key.get_secret_value()
    try:
        raise KeyError(value)
    except KeyError as error:
        error.add_note(f"the note says {value!r}")
        raise ExceptionGroup(f"both {value}", [ValueError(value), error]) from error


@node
async def tells_in_the_loop(key: SecretStr = secret("key")) -> None:
    tells(key)


@node(executor="process")
def tells_in_a_process(key: SecretStr = secret("key")) -> None:
    tells(key)


@pytest.mark.parametrize("start", [tells, tells_in_the_loop, tells_in_a_process])
def test_no_error_tells_a_secret(manager: Manager, start: Node, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    run = secretive(start).run(db=manager)
    (state,) = run.states(start)

    assert run.status == "FAILED"
    assert state.error is not None
    assert "the note says" in state.error.traceback
    told = f"{state}{run.view}{caplog.text}"
    assert "hunter2" not in told
    assert "it's" not in told
    assert "it\\'s" not in told
