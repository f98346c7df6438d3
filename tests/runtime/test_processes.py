"""Bodies with executor="process": one process each, plain data between them, a crash fails its state only."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import (
    Context,
    DefinitionError,
    Graph,
    Prune,
    Requeue,
    RetryPolicy,
    StateManager,
    Store,
    collect,
    env,
    inject,
    node,
    secret,
)
from exodsl.dsl import Env, Node
from exodsl.manager.protocol import StateManager as Manager

ONCE = RetryPolicy(max_retries=0)


class Tally(BaseModel):
    seen: int = 5


class Odd(Exception):
    """Takes two arguments, so that it cannot be unpickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")
        self.lock = threading.Lock()


@node
def numbers(count: int) -> list[int]:
    return list(range(count))


@node(executor="process")
def process_id(number: int) -> int:
    return os.getpid()


@node(executor="process")
def session_id() -> int:
    return os.getsid(0)


@node(executor="process")
async def doubled(number: int) -> int:
    return number * 2


@node(executor="process", retry=ONCE)
def dies(number: int) -> int:
    if number == 1:
        os._exit(3)
    return number


@node(executor="process", retry=ONCE)
def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@node(executor="process", retry=ONCE, timeout=timedelta(seconds=0.3))
def never_ends() -> None:
    time.sleep(60)


@node(executor="process")
def talks() -> None:
    print("printed by the body")
    subprocess.run([sys.executable, "-c", "print('printed by a program')"], check=True)
    print("complained", file=sys.stderr)


@node(executor="process")
def logs(ctx: Context = inject()) -> None:
    ctx.log.warning("careful with %s", "that")


@node(executor="process", retry=ONCE)
def is_odd() -> None:
    raise Odd("one", "two")


@node(executor="process", retry=RetryPolicy(max_retries=1, backoff_factor=1, retry_on=(Odd,)))
def is_odd_once(ctx: Context = inject()) -> int:
    if ctx.retry_count == 0:
        raise Odd("one", "two")
    return ctx.retry_count


@node(executor="process")
def prunes() -> None:
    raise Prune("no need", size=3)


@node(executor="process")
def comes_back(store: Store[Tally] = inject()) -> int:
    seen = store.read().seen
    store.add("seen", 1)
    if seen < 7:
        raise Requeue(after=timedelta(milliseconds=1))
    return seen


@node(executor="process", retry=ONCE)
def tells_its_secret(key: SecretStr = secret("key")) -> None:
    raise ValueError(f"the key is {key.get_secret_value()}")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """A state manager over a file: the process of a body sees none, wherever the states are."""
    with closing(StateManager.open(tmp_path / "exodsl.db")) as manager:
        yield manager


@pytest.fixture
def shared_manager(shared: str) -> Iterator[Manager]:
    """One over each database that processes share."""
    with closing(StateManager.open(shared)) as manager:
        yield manager


def graph_of(start: Node, secrets: dict[str, Env] | None = None) -> Graph:
    """A graph of one node."""
    graph = Graph("processes", secrets=secrets)
    graph.start(start)
    return graph


def test_a_body_runs_in_another_process(manager: Manager) -> None:
    run = graph_of(process_id).run(number=1, db=manager)

    assert run.output(process_id) != os.getpid()


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal's sessions are POSIX's")
def test_a_terminal_does_not_reach_the_process_of_a_body(manager: Manager) -> None:
    run = graph_of(session_id).run(db=manager)

    assert run.output(session_id) != os.getsid(0)


def test_an_async_body_runs_in_another_process(manager: Manager) -> None:
    run = graph_of(doubled).run(number=4, db=manager)

    assert run.output(doubled) == 8


def test_a_crash_fails_its_state_and_not_the_others(shared_manager: Manager) -> None:
    graph = Graph("crash")
    graph.connect(numbers, dies, number=numbers.outputs)

    run = graph.run(count=4, db=shared_manager)

    assert run.outputs(dies) == [0, 2, 3]
    assert run.error is not None
    assert "exit code 3" in run.error


def test_a_crash_is_absorbed_by_a_tolerant_unite(manager: Manager) -> None:
    @node
    def total(found: list[int]) -> int:
        return sum(found)

    graph = Graph("tolerant")
    graph.connect(numbers, dies, number=numbers.outputs)
    graph.connect(dies, total, found=collect(dies.outputs)).unites(numbers, strategy="ALL_DONE")

    run = graph.run(count=4, db=manager)

    assert (run.status, run.output(total)) == ("SUCCESS", 5)


def test_a_killed_process_names_the_signal(manager: Manager) -> None:
    run = graph_of(is_killed).run(db=manager)

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert (state.error.type, "SIGKILL" in state.error.message) == ("exodsl.errors.BodyCrashed", True)


def test_a_body_that_takes_too_long_is_killed(manager: Manager) -> None:
    run = graph_of(never_ends).run(db=manager)

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert (state.error.type, state.error.message) == (
        "builtins.TimeoutError",
        '"never_ends" took longer than 0.3 s.',
    )


def test_what_a_body_prints_is_printed_whole(manager: Manager, capfd: pytest.CaptureFixture[str]) -> None:
    graph_of(talks).run(db=manager)

    assert capfd.readouterr() == ("printed by the body\nprinted by a program\n", "complained\n")


def test_what_a_body_logs_is_logged_here(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        run = graph_of(logs).run(db=manager)

    (record,) = caplog.records
    assert (record.name, record.getMessage(), record.__dict__["run_id"]) == (
        "exodsl.runtime.logs",
        "careful with that",
        run.run_id,
    )


def test_an_exception_that_cannot_be_pickled_arrives_as_text(manager: Manager) -> None:
    run = graph_of(is_odd).run(db=manager)

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert state.error.message == "one and two"
    assert 'raise Odd("one", "two")' in state.error.traceback


def test_a_policy_knows_the_exception_types_of_a_process(manager: Manager) -> None:
    run = graph_of(is_odd_once).run(db=manager)

    assert run.output(is_odd_once) == 1


def test_a_prune_in_a_process_is_a_prune(manager: Manager) -> None:
    run = graph_of(prunes).run(db=manager)

    assert [state.data for state in run.states(status="PRUNED")] == [{"reason": "no need", "size": 3}]


def test_a_process_reads_and_writes_the_store(shared_manager: Manager) -> None:
    graph = Graph("store", store=Tally, keep_store=True)
    graph.start(comes_back)

    run = graph.run(db=shared_manager)

    assert (run.output(comes_back), run.store()) == (7, {"seen": 8})


def test_a_secret_reaches_a_process_and_no_error(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_KEY", "open-sesame")

    run = graph_of(tells_its_secret, secrets={"key": env("PROCESS_KEY")}).run(db=manager)

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert "open-sesame" not in str(state.error)
    assert state.error.message == "the key is [secret]"


def test_a_node_inside_a_function_is_refused_at_the_start(manager: Manager) -> None:
    @node(executor="process")
    def local() -> None:
        return None

    with pytest.raises(DefinitionError, match="E140 node `local`"):
        graph_of(local).run(db=manager)
