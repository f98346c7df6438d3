"""Executors by name: those of `concurrent.futures` that a program gives, and those that a text names (semantics 10)."""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import (
    Context,
    DefinitionError,
    ExodslError,
    Graph,
    Requeue,
    RetryPolicy,
    Runtime,
    StateManager,
    Store,
    collect,
    env,
    inject,
    node,
    resume,
    secret,
)
from exodsl.api.running import begin
from exodsl.dsl import Env, Node
from exodsl.errors import ExecutorUnusable, ExtraMissing, SettingInvalid
from exodsl.manager.protocol import StateManager as Manager

ONCE = RetryPolicy(max_retries=0)
TWICE = RetryPolicy(max_retries=1, backoff_factor=1)
LET_GO = threading.Event()
"""Lets go on what waits on a thread of this process."""
SPAWN = multiprocessing.get_context("spawn")
new_pool = partial(ProcessPoolExecutor, 1, mp_context=SPAWN)


class Tally(BaseModel):
    seen: int = 0


class Odd(Exception):
    """Takes two arguments, so that it cannot be unpickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")
        self.lock = threading.Lock()


@node
def numbers(count: int) -> list[int]:
    return list(range(count))


@node(executor="pool")
def process_id() -> int:
    return os.getpid()


@node(executor="pool")
async def doubled(number: int) -> int:
    return number * 2


@node
def total(found: list[int]) -> int:
    return sum(found)


@node(executor="pool")
def tells(ctx: Context = inject()) -> None:
    for number in range(300):
        ctx.log.warning("line %s", number)
    ctx.progress(2, 3, "nearly")


@node(executor="pool", retry=ONCE)
def is_odd() -> None:
    raise Odd("one", "two")


@node(executor="pool", retry=ONCE)
def spills(key: SecretStr = secret("key")) -> None:
    raise ValueError(f"the key is {key.get_secret_value()}")


@node(executor="pool")
def comes_back(store: Store[Tally] = inject()) -> int:
    seen = store.read().seen
    store.add("seen", 1)
    if seen < 2:
        raise Requeue(after=timedelta(milliseconds=1))
    return seen


@node(executor="pool", retry=TWICE)
def dies_once(number: int, ctx: Context = inject()) -> int:
    if ctx.retry_count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@node(executor="pool", retry=TWICE, timeout=timedelta(milliseconds=50))
def takes_long_once(number: int, ctx: Context = inject()) -> int:
    if number == 0 and ctx.retry_count == 0:
        LET_GO.wait(60)
    return number


@node
def lets_go(found: list[int]) -> int:
    return len(found)


def graph_of(start: Node, secrets: dict[str, Env] | None = None, **options: Any) -> Graph:
    """A graph of one node."""
    graph = Graph("executors", secrets=secrets, **options)
    graph.start(start)
    return graph


def doubling() -> Graph:
    """A fanout of work for the executor, and its sum."""
    graph = Graph("doubling")
    graph.connect(numbers, doubled, number=numbers.outputs)
    graph.connect(doubled, total, found=collect(doubled.outputs)).unites(numbers)
    return graph


@pytest.fixture
def manager() -> Iterator[Manager]:
    """A state manager of this process alone."""
    opened = StateManager.open(":memory:")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Two processes that are there for all tests that do not break them."""
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        yield pool


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """One thread, that nothing of a test holds any more at its end."""
    LET_GO.clear()
    with ThreadPoolExecutor(1) as threads:
        yield threads
        LET_GO.set()


def test_a_body_runs_in_the_executor_that_its_node_names(manager: Manager, pool: ProcessPoolExecutor) -> None:
    run = graph_of(process_id).run(db=manager, executors={"pool": pool})

    assert run.output(process_id) != os.getpid()


def test_an_executor_of_threads_runs_bodies_in_this_process(manager: Manager, threads: ThreadPoolExecutor) -> None:
    run = graph_of(process_id).run(db=manager, executors={"pool": threads})

    assert run.output(process_id) == os.getpid()


def test_a_text_names_child_processes(manager: Manager) -> None:
    run = graph_of(dies_once).run(number=7, db=manager, executors={"pool": "process:2"})

    assert (run.output(dies_once), len(run.states(status="RETRY_CREATED"))) == (7, 1)


def test_the_executor_that_every_runtime_has_can_be_another(manager: Manager, threads: ThreadPoolExecutor) -> None:
    run = graph_of(process_id.options(executor="process")).run(db=manager, executors={"process": threads})

    assert run.output(process_id) == os.getpid()


def test_a_fanout_is_worked_on_in_an_executor(manager: Manager, pool: ProcessPoolExecutor) -> None:
    run = doubling().run(count=50, db=manager, executors={"pool": pool})

    assert run.output(total) == 2450


def test_a_run_in_an_event_loop_uses_executors(manager: Manager, pool: ProcessPoolExecutor) -> None:
    run = asyncio.run(doubling().arun(count=3, db=manager, executors={"pool": pool}))

    assert run.output(total) == 6


def test_what_a_body_tells_is_kept_and_logged_here(
    manager: Manager, pool: ProcessPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    run = graph_of(tells).run(db=manager, executors={"pool": pool})

    notes = run.notes(run.states(tells)[0])
    assert (len(notes.lines), notes.dropped, notes.lines[-1].message) == (200, 100, "line 299")
    assert notes.progress is not None
    assert (notes.progress.done, notes.progress.note) == (2, "nearly")
    assert {(record.name, record.__dict__["run_id"]) for record in caplog.records} == {
        ("exodsl.runtime.tells", run.run_id)
    }
    assert len(caplog.records) == 300


def test_an_exception_that_cannot_be_unpickled_comes_with_its_traceback(
    manager: Manager, pool: ProcessPoolExecutor
) -> None:
    run = graph_of(is_odd).run(db=manager, executors={"pool": pool})

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert state.error.message == "one and two"
    assert 'raise Odd("one", "two")' in state.error.traceback
    assert graph_of(process_id).run(db=manager, executors={"pool": pool}).status == "SUCCESS"


def test_a_secret_reaches_the_executor_and_no_error(
    manager: Manager, pool: ProcessPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOL_KEY", "open-sesame")

    run = graph_of(spills, {"key": env("POOL_KEY")}).run(db=manager, executors={"pool": pool})

    (state,) = run.states(status="ERRORED")
    assert state.error is not None
    assert (state.error.message, "open-sesame" in state.error.traceback) == ("the key is [secret]", False)


def test_a_body_reads_and_writes_the_store_and_comes_back(manager: Manager, pool: ProcessPoolExecutor) -> None:
    run = graph_of(comes_back, store=Tally, keep_store=True).run(db=manager, executors={"pool": pool})

    assert (run.output(comes_back), run.store()) == (2, {"seen": 3})


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_an_executor_that_is_made_is_made_anew_when_a_worker_is_killed(manager: Manager) -> None:
    run = graph_of(dies_once).run(number=7, db=manager, executors={"pool": new_pool})

    (lost,) = run.states(status="RETRY_CREATED")
    assert run.output(dies_once) == 7
    assert lost.error is not None
    assert lost.error.type == "exodsl.errors.BodyCrashed"
    assert lost.error.message.startswith('Executor "pool" gave no answer for "dies_once": BrokenProcessPool')


def test_an_executor_that_was_given_and_broke_ends_the_work_here_and_no_state(
    manager: Manager, threads: ThreadPoolExecutor
) -> None:
    graph, broken = doubling(), ThreadPoolExecutor(1)
    broken.shutdown()
    run_id = begin(manager, graph, {"count": 3}, executors=["pool"]).run_id

    with pytest.raises(ExecutorUnusable) as refused:
        resume(run_id, graph, manager, executors={"pool": broken})
    run = resume(run_id, graph, manager, executors={"pool": threads})

    assert str(refused.value) == (
        'Executor "pool" cannot be used: RuntimeError: cannot schedule new futures after shutdown. An executor that'
        " was given is not made anew: give a function that makes one instead."
    )
    assert (run.output(total), {state.retry_count for state in run.states()}) == (6, {0})


def test_what_was_given_stays_open_and_what_was_made_does_not(manager: Manager, threads: ThreadPoolExecutor) -> None:
    made: list[Executor] = []

    def make() -> Executor:
        made.append(ThreadPoolExecutor(1))
        return made[-1]

    doubling().run(count=2, db=manager, executors={"pool": make, "other": threads})

    assert threads.submit(int).result() == 0
    with pytest.raises(RuntimeError, match="shutdown"):
        made[0].submit(int)


def test_an_executor_that_cannot_be_made_is_one_clear_error(manager: Manager) -> None:
    def make() -> Executor:
        raise OSError("nobody is at host:8786")

    with pytest.raises(ExecutorUnusable, match=r'"pool" cannot be used: OSError: nobody is at host:8786\. Start again'):
        doubling().run(count=1, db=manager, executors={"pool": make})


def test_a_body_that_takes_too_long_keeps_its_worker_and_no_other_state_pays(
    manager: Manager, threads: ThreadPoolExecutor
) -> None:
    """The second state has to wait for the only thread; its time begins when it gets it."""
    graph = Graph("late")
    graph.connect(numbers, takes_long_once, number=numbers.outputs)
    threading.Timer(0.3, LET_GO.set).start()

    run = graph.run(count=3, db=manager, executors={"pool": threads})

    (late,) = run.states(status="RETRY_CREATED")
    assert late.error is not None
    assert late.error.message == (
        '"takes_long_once" took longer than 0.05 s. Executor "pool" may not be able to end it; what it returns is'
        " dropped."
    )
    assert run.outputs(takes_long_once) == [0, 1, 2]


def test_a_runtime_that_stops_hands_back_what_an_executor_cannot_end(
    manager: Manager, threads: ThreadPoolExecutor
) -> None:
    graph = graph_of(takes_long_once.options(timeout=None))
    begun = begin(manager, graph, {"number": 0}, executors=["pool"])
    runtime = Runtime(graphs=[graph], manager=manager, executors={"pool": threads}, grace=0)

    def stop_when_begun() -> None:
        while begun.states()[0].status != "QUEUED":
            pass
        runtime.stop()

    stopper = threading.Thread(target=stop_when_begun)
    stopper.start()
    runtime.start()
    stopper.join()

    (state,) = begun.states()
    assert (state.status, state.retry_count) == ("CREATED", 0)


def runs(graph: Graph, manager: Manager) -> object:
    """Run a graph."""
    return graph.run(number=1, db=manager)


def serves(graph: Graph, manager: Manager) -> object:
    """Serve a graph."""
    return Runtime(graphs=[graph], manager=manager).start()


def serves_a_node(graph: Graph, manager: Manager) -> object:
    """Serve a node of its own."""
    return Runtime(nodes=[doubled.options(executor="gpu")], manager=manager)


@pytest.mark.parametrize("start", [runs, serves, serves_a_node])
def test_an_executor_that_is_not_there_is_refused_at_the_start(
    manager: Manager, start: Callable[[Graph, Manager], object]
) -> None:
    graph = graph_of(doubled.options(executor="gpu"))

    with pytest.raises(DefinitionError) as refused:
        start(graph, manager)

    assert str(refused.value) == (
        'Node "doubled" asks for executor "gpu", which this runtime does not have. There is: process, thread.'
        ' Give it: executors={"gpu": ...}, or --executor gpu=process:4'
    )


def test_a_state_that_names_an_executor_that_is_not_there_fails_for_good(manager: Manager) -> None:
    begin(manager, graph_of(numbers.options(executor="gpu")), {"count": 1}, executors=["gpu"])
    runtime = Runtime(nodes=[numbers], manager=manager, runs_ended=lambda runs: runtime.stop())

    runtime.start()

    (run,) = manager.runs().items
    (state,) = manager.states(run.run_id).items
    assert (state.status, state.retry_count) == ("ERRORED", 0)
    assert state.error is not None
    assert state.error.message.startswith('Node "numbers" asks for executor "gpu", which this runtime does not have.')


def test_a_node_that_cannot_be_imported_is_refused_with_its_name(manager: Manager, threads: ThreadPoolExecutor) -> None:
    @node(executor="pool")
    def local() -> None:
        return None

    with pytest.raises(DefinitionError, match=r'E140 node `local` .* or leave executor="pool" out\.'):
        graph_of(local).run(db=manager, executors={"pool": threads})


class Client:
    """Has the shape of a Dask client, which is no executor."""

    def get_executor(self) -> None:
        """Return one."""


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("pool", "process:0", 'Executor "pool" cannot be "process:0". Write process:4, dask:'),
        ("pool", "dask:", "--executor pool=process:4"),
        ("pool", "slurm:4", 'Executor "pool" cannot be "slurm:4".'),
        ("pool", 4, 'Executor "pool" is of type int. It takes an executor of `concurrent.futures`, a function'),
        ("pool", Client(), "Give its executor: client.get_executor(pure=False)."),
        ("thread", "process:2", 'No executor can be called "thread"'),
        ("proces", "process:2", 'Executor "proces" reads like "process"'),
        (" ", "process:2", "An executor needs a name"),
    ],
)
def test_what_cannot_be_an_executor_is_refused(name: str, given: Any, message: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        Runtime(nodes=[total], executors={name: given})

    assert message in str(refused.value)


@pytest.mark.parametrize(("text", "library"), [("dask:tcp://host:8786", "distributed"), ("ray:auto", "ray")])
def test_an_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, text: str, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ExtraMissing, match=rf'pip install "exodsl\[{text.partition(":")[0]}\]"'):
        Runtime(nodes=[total], executors={"pool": text})


def test_a_misspelt_executor_is_found_when_the_graph_is_compiled() -> None:
    with pytest.raises(ExodslError, match=r'E142 .* executor "proces", which reads like "process"\.'):
        graph_of(doubled.options(executor="proces")).compile()
