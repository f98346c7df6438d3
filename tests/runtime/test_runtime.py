"""Runtimes: Exosphere's ways to start one, what it serves, what it refuses, how it stops."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from exodsl import BaseNode, DefinitionError, Graph, Run, Runtime, StateManager, node
from exodsl.api.running import begin
from exodsl.errors import SettingInvalid
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.protocol import Trigger
from exodsl.template.models import GraphTemplate

ROOT = Path(__file__).parents[2]


class SampleNode(BaseNode):
    class Inputs(BaseModel):
        name: str

    class Outputs(BaseModel):
        message: str

    async def execute(self) -> Outputs:
        return self.Outputs(message=f"Hello, {self.inputs.name}")


class GivenInputs(BaseNode):
    class Inputs(BaseModel):
        name: str

    class Outputs(BaseModel):
        message: str

    async def execute(self, inputs: Inputs) -> Outputs:
        return self.Outputs(message=f"Welcome, {inputs.name}")


def template(name: str, node_name: str, namespace: str = "MyProject") -> GraphTemplate:
    """A graph of one node, as it is written by hand."""
    return GraphTemplate.model_validate(
        {
            "name": name,
            "namespace": namespace,
            "nodes": [{"node_name": node_name, "identifier": "greet", "inputs": {"name": "Ada"}}],
        }
    )


def trigger(manager: Manager, name: str, node_name: str = "SampleNode", namespace: str = "MyProject") -> Run:
    """Store a graph of one node and trigger it."""
    manager.upsert(template(name, node_name, namespace))
    return Run(manager, manager.trigger([Trigger(namespace, name)])[0])


@pytest.fixture
def serving(manager: Manager) -> Iterator[Runtime]:
    """A runtime in a daemon thread, which may leave a minute between two polls."""
    runtime = Runtime(
        namespace="MyProject", name="Greeter", nodes=[SampleNode, GivenInputs], manager=manager, poll_interval=60
    )
    thread = threading.Thread(target=runtime.start, daemon=True)
    thread.start()
    yield runtime
    runtime.stop()
    thread.join(30)


def until_ended(run: Run) -> Run:
    """Wait for a run that a runtime works on elsewhere."""
    ended = threading.Event()
    quiet = run.manager.wake_on_work(ended.set)
    while run.status == "RUNNING":
        ended.wait(0.01)
    quiet()
    return run


def test_a_runtime_in_a_daemon_thread_serves_stored_graphs(serving: Runtime, manager: Manager) -> None:
    run = until_ended(trigger(manager, "greeting"))

    assert run.output("greet") == {"message": "Hello, Ada"}


def test_graphs_stored_after_the_start_are_served_too(serving: Runtime, manager: Manager) -> None:
    until_ended(trigger(manager, "first"))

    assert until_ended(trigger(manager, "second", "GivenInputs")).output("greet") == {"message": "Welcome, Ada"}


def test_what_others_trigger_in_the_same_database_is_found_without_waiting_for_a_poll(
    serving: Runtime, manager: Manager, shared: str
) -> None:
    until_ended(trigger(manager, "greeting"))
    other = StateManager.open(shared)

    run = until_ended(trigger(other, "greeting"))

    assert run.output("greet") == {"message": "Hello, Ada"}
    other.close()


def test_a_runtime_leaves_other_namespaces_alone(serving: Runtime, manager: Manager) -> None:
    foreign = trigger(manager, "greeting", namespace="Elsewhere")
    until_ended(trigger(manager, "greeting"))

    assert [state.status for state in foreign.states()] == ["CREATED"]


def test_a_runtime_as_a_task_runs_until_it_is_cancelled(manager: Manager) -> None:
    run = trigger(manager, "task")

    async def main() -> None:
        runtime_task = asyncio.create_task(
            Runtime(namespace="MyProject", name="Greeter", nodes=[SampleNode], manager=manager)._start()
        )
        while run.status == "RUNNING":
            await asyncio.sleep(0)
        runtime_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await runtime_task

    asyncio.run(main())

    assert run.output("greet") == {"message": "Hello, Ada"}


def test_start_in_a_running_loop_returns_a_task(manager: Manager) -> None:
    run = trigger(manager, "started")

    async def main() -> bool:
        runtime = Runtime("MyProject", "Greeter", [SampleNode], manager=manager)
        task = runtime.start()
        assert task is not None
        while run.status == "RUNNING":
            await asyncio.sleep(0)
        runtime.stop()
        await task
        return task.done()

    assert asyncio.run(main())


def test_a_runtime_stores_its_graphs_when_it_starts(manager: Manager) -> None:
    @node
    def stops() -> None:
        runtime.stop()

    graph = Graph("own")
    graph.start(stops)
    runtime = Runtime(graphs=[graph], manager=manager)
    run = begin(manager, graph)
    runtime.start()

    assert run.status == "SUCCESS"
    assert manager.template("default", "own") == graph.compile()


def test_a_runtime_can_be_stopped_before_it_has_started(manager: Manager) -> None:
    runtime = Runtime(nodes=[SampleNode], manager=manager)
    runtime.stop()

    assert runtime.start() is None


def test_two_functions_of_one_name_are_refused_with_both_places() -> None:
    def one() -> object:
        @node(name="same")
        def first() -> None:
            return None

        return first

    def two() -> object:
        @node(name="same")
        def second() -> None:
            return None

        return second

    with pytest.raises(DefinitionError, match=r'called "same": .*test_runtime\.py:\d+ and .*test_runtime\.py:\d+'):
        Runtime(nodes=[one(), two()])  # type: ignore[list-item]


def test_two_graphs_of_one_name_are_refused(manager: Manager) -> None:
    @node
    def only() -> None:
        return None

    first, second = Graph("same"), Graph("same")
    first.start(only)
    second.start(only)

    with pytest.raises(DefinitionError, match='Two graphs of one runtime are called "same" in namespace "default"'):
        Runtime(graphs=[first, second], manager=manager).start()


def test_ended_runs_are_told_with_their_status(manager: Manager) -> None:
    @node
    def only() -> None:
        return None

    def stop(runs: Mapping[str, str]) -> None:
        told.update(runs)
        runtime.stop()

    graph, told = Graph("told"), dict[str, str]()
    graph.start(only)
    runtime = Runtime(graphs=[graph], manager=manager, runs_ended=stop)
    run = begin(manager, graph)
    runtime.start()

    assert told == {run.run_id: "SUCCESS"}


def test_one_function_under_several_identifiers_is_no_conflict() -> None:
    @node
    def clean(text: str) -> str:
        return text.strip()

    assert Runtime(nodes=[clean, clean.named("clean_title")]).name == "runtime"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"poll_interval": 0}, "poll_interval must be more than 0"),
        ({"grace": -1}, "grace must be at least 0"),
        ({"state_manage_version": "v9"}, '"v9" is unknown'),
        ({"nodes": []}, "has nothing to serve"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(options: dict, message: str) -> None:
    with pytest.raises(SettingInvalid, match=message):
        Runtime(**{"nodes": [SampleNode], **options})


def test_something_that_is_no_node_is_refused() -> None:
    with pytest.raises(DefinitionError, match="put `@node` above `until_ended`"):
        Runtime(nodes=[until_ended])  # type: ignore[list-item]


SCRIPT = """
from pydantic import BaseModel
from exodsl import BaseNode, Runtime


class SampleNode(BaseNode):
    class Inputs(BaseModel):
        name: str

    class Outputs(BaseModel):
        message: str

    async def execute(self, inputs: Inputs) -> Outputs:
        print(f"Hello, {inputs.name}", flush=True)
        return self.Outputs(message="done")


if __name__ == "__main__":
    Runtime(
        namespace="MyProject",
        name="DataProcessor",
        nodes=[SampleNode]
    ).start()  # Blocks and runs forever
"""


@pytest.fixture
def script(tmp_path: Path, shared: str) -> Iterator["subprocess.Popen[str]"]:
    """Exosphere's script, running over the database of the test."""
    file = tmp_path / "runtime.py"
    file.write_text(textwrap.dedent(SCRIPT), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EXOSPHERE_STATE_MANAGER_URI": shared}
    process = subprocess.Popen(
        [sys.executable, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_script_serves_until_a_signal_and_exits_with_0(
    manager: Manager, script: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    run = trigger(manager, "scripted")
    assert script.stdout is not None
    greeting = script.stdout.readline()
    until_ended(run)
    script.send_signal(number)
    _, complaints = script.communicate(timeout=60)

    assert (greeting, script.returncode, complaints) == ("Hello, Ada\n", 0, "")


def test_a_killed_runtime_strands_nothing(manager: Manager, script: "subprocess.Popen[str]") -> None:
    run = trigger(manager, "stranded")
    assert script.stdout is not None
    script.stdout.readline()
    script.kill()
    script.wait()
    runtime = Runtime(namespace="MyProject", nodes=[SampleNode], manager=manager)
    thread = threading.Thread(target=runtime.start)
    thread.start()
    until_ended(run)
    runtime.stop()
    thread.join()

    assert run.status == "SUCCESS"
