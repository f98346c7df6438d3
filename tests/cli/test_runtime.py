"""`exodsl runtime`: a process that serves workflows until it is asked to end."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exodsl.api.running import begin
from exodsl.dsl.loader import load
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import StateView
from tests.cli.conftest import WORDS, Call

Process = subprocess.Popen[str]
Serve = Callable[..., Process]

WAITS = '''
"""A body that says when it has begun, and ends when a file lets it go."""
import asyncio
import time
from pathlib import Path
from exodsl import Graph, node

HERE = Path(__file__).parent


def wait() -> str:
    (HERE / "begun").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return "finished"


@node
def on_a_thread() -> str:
    return wait()


@node
async def in_the_loop() -> str:
    while not (HERE / "go").exists():
        (HERE / "begun").touch()
        await asyncio.sleep(0.01)
    return "finished"


@node
async def on_a_thread_of_its_own() -> str:
    return await asyncio.to_thread(wait)


@node
async def holds_up_the_loop() -> str:
    return wait()


@node(executor="process")
def in_a_process() -> str:
    return wait()


on_a_thread_graph, in_the_loop_graph, in_a_process_graph = Graph("a"), Graph("b"), Graph("c")
on_a_thread_of_its_own_graph, holds_up_the_loop_graph = Graph("d"), Graph("e")
on_a_thread_graph.start(on_a_thread)
in_the_loop_graph.start(in_the_loop)
in_a_process_graph.start(in_a_process)
on_a_thread_of_its_own_graph.start(on_a_thread_of_its_own)
holds_up_the_loop_graph.start(holds_up_the_loop)
'''
BODIES = ["on_a_thread", "in_the_loop", "in_a_process", "on_a_thread_of_its_own", "holds_up_the_loop"]


@pytest.fixture
def serve(start: Callable[..., Process], folder: Path) -> Iterator[Serve]:
    """Starts a runtime and waits until it serves."""
    (folder / "waits.py").write_text(WAITS)
    started: list[Process] = []

    def serve(*words: str) -> Process:
        process = start("runtime", *words, start_new_session=True)
        started.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith('runtime "') or "WARNING" in line, line
        return process

    yield serve
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def manager(folder: Path) -> Iterator[StateManager]:
    """The database of the folder, which no other call of the test opens."""
    manager = open_manager(str(folder / ".exodsl" / "exodsl.db"))
    yield manager
    manager.close()


def trigger(manager: StateManager, target: str, **inputs: object) -> str:
    """Trigger a run and return its id."""
    return begin(manager, load(target), inputs).run_id


def until_begun(serve: Serve, manager: StateManager, folder: Path, body: str, grace: str) -> tuple[Process, str]:
    """Start a runtime, trigger a run, and wait until its body has begun; return the process and the run's id."""
    target = f"waits.py:{body}_graph"
    process = serve(target, "--grace", grace)
    run_id = trigger(manager, target)
    while not (folder / "begun").exists():
        assert process.poll() is None
        time.sleep(0.01)
    return process, run_id


def only_state(manager: StateManager, run_id: str) -> StateView:
    """Return the only state of a run."""
    (state,) = manager.states(run_id).items
    return state


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_runtime_serves_until_a_signal_and_exits_with_0(
    serve: Serve, manager: StateManager, number: signal.Signals
) -> None:
    process = serve("words.py", "broken.py", "--name", "tester")
    good = trigger(manager, "words.py", document="One. Two words.")
    bad = trigger(manager, "broken.py", highest=0)
    while any(manager.run(run_id).status == "RUNNING" for run_id in (good, bad)):
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    said = sorted(line.partition(" after ")[0] for line in err.splitlines())
    assert (process.returncode, out) == (0, "")
    assert said == sorted(
        [
            "counting One",
            "counting Two words",
            f'run {good[-8:]} of graph "word-count" SUCCESS',
            f'run {bad[-8:]} of graph "divide" FAILED',
        ]
    )
    assert ": divide: ZeroDivisionError: division by zero" in err or ": divide: division by zero" in err


def test_the_first_line_names_runtime_graphs_and_database(start: Callable[..., Process], folder: Path) -> None:
    with start("runtime", "words.py", "broken.py", "--name", "tester") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.terminate()

    assert line == 'runtime "tester" serves word-count, divide, kept in .exodsl/exodsl.db\n'


def test_a_file_stays_young_as_long_as_the_state_manager_answers(serve: Serve, folder: Path) -> None:
    alive = folder / "alive"
    process = serve("words.py", "--alive", str(alive))
    os.utime(alive, (0, 0))
    while alive.stat().st_mtime == 0:
        assert process.poll() is None
        time.sleep(0.01)

    assert alive.stat().st_mtime > time.time() - 60


def test_a_file_that_cannot_be_touched_is_refused(cli: Call) -> None:
    answer = cli("runtime", "words.py", "--alive", "nowhere/alive")

    assert (answer.code, answer.err) == (2, '--alive "nowhere/alive" cannot be written: No such file or directory.\n')


@pytest.mark.parametrize("body", BODIES)
def test_what_does_not_finish_in_time_is_handed_back(
    serve: Serve, folder: Path, manager: StateManager, body: str
) -> None:
    process, run_id = until_begun(serve, manager, folder, body, "0")
    process.terminate()
    process.communicate(timeout=30)

    state = only_state(manager, run_id)
    assert process.returncode == 0
    assert (state.status, state.retry_count, state.attempt) == ("CREATED", 0, 0)


@pytest.mark.parametrize("body", BODIES)
def test_bodies_may_finish_within_the_grace_time(serve: Serve, folder: Path, manager: StateManager, body: str) -> None:
    process, run_id = until_begun(serve, manager, folder, body, "60")
    process.terminate()
    (folder / "go").touch()
    process.communicate(timeout=30)

    assert process.returncode == 0
    assert (only_state(manager, run_id).status, manager.run(run_id).status) == ("SUCCESS", "SUCCESS")


@pytest.mark.parametrize("body", BODIES)
def test_a_second_signal_stops_at_once(serve: Serve, folder: Path, manager: StateManager, body: str) -> None:
    process, run_id = until_begun(serve, manager, folder, body, "60")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, "Traceback" in err) == (0, False)
    assert only_state(manager, run_id).status == "CREATED"


def test_a_node_of_an_earlier_version_that_has_gone_is_named_and_the_rest_is_served(
    serve: Serve, folder: Path, manager: StateManager
) -> None:
    run_id = trigger(manager, "words.py", document="One. Two words.")
    (folder / "renamed.py").write_text(WORDS.replace("count_words", "count_them"))
    serve("renamed.py")
    while {state.status for state in manager.states(run_id, identifier="split").items} != {"SUCCESS"}:
        time.sleep(0.01)

    assert {state.status for state in manager.states(run_id, identifier="count_words").items} == {"CREATED"}


def test_the_warning_names_graph_version_and_node(cli: Call, start: Callable[..., Process], folder: Path) -> None:
    cli("trigger", "words.py", "--input", "document=One.")
    (folder / "renamed.py").write_text(WORDS.replace("count_words", "count_them"))
    with start("runtime", "renamed.py") as process:
        assert process.stderr is not None
        warning, line = process.stderr.readline(), process.stderr.readline()
        process.terminate()

    assert 'graph "word-count", version 1: there is no node "count_words" in this code' in warning
    assert line.startswith('runtime "')


def test_an_earlier_version_is_served_by_nodes_that_the_file_still_has(
    serve: Serve, folder: Path, manager: StateManager
) -> None:
    run_id = trigger(manager, "words.py", document="One. Two words.")
    code, cut, graph = WORDS.partition("graph = ")
    kept = '@node(name="count_words")\ndef before(text: str) -> int:\n    return len(text.split())\n\n\n'
    (folder / "renamed.py").write_text(
        code.replace("count_words", "count_them") + kept + cut + graph.replace("count_words", "count_them")
    )
    serve("renamed.py")
    while manager.run(run_id).status == "RUNNING":
        time.sleep(0.01)

    assert manager.run(run_id).status == "SUCCESS"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["words.py", "words.py"], 'Two graphs of one runtime are called "word-count" in namespace "default".'),
        (["words.py", "other.py"], 'Two nodes of one runtime are called "split"'),
        (["nothing.py"], 'There is no file "nothing.py".'),
        (["words.json"], "Name the module that holds them: --nodes file.py"),
    ],
)
def test_what_cannot_be_served_is_refused(cli: Call, folder: Path, targets: list[str], message: str) -> None:
    (folder / "other.py").write_text(WORDS.replace('Graph("word-count")', 'Graph("other")'))
    (folder / "words.json").write_text(cli("export", "words.py", "--whole").out)

    answer = cli("runtime", *targets)

    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


POOLED = """
import os
from exodsl import Graph, node


@node(executor="pool")
def process_id() -> int:
    return os.getpid()


graph = Graph("pooled")
graph.start(process_id)
"""


def test_a_runtime_uses_the_executors_that_it_is_given(serve: Serve, folder: Path, manager: StateManager) -> None:
    (folder / "pooled.py").write_text(POOLED)
    process = serve("pooled.py", "--executor", "pool=process:1")
    run_id = begin(manager, load("pooled.py"), executors=["pool"]).run_id
    while manager.run(run_id).status == "RUNNING":
        time.sleep(0.01)

    outputs = only_state(manager, run_id).outputs
    assert outputs is not None
    assert outputs["result"] not in (os.getpid(), process.pid)


@pytest.mark.parametrize("command", ["run", "runtime"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], 'Give it: executors={"pool": ...}, or --executor pool=process:4'),
        (["--executor", "pool"], '--executor "pool": write NAME=WHERE, where WHERE is process:4, dask:tcp://host:8786'),
        (["--executor", "pool=process:no"], 'Executor "pool" cannot be "process:no". Write process:4, dask:'),
        (["--executor", "pool=process", "--executor", "pool=process"], '"pool" is given twice'),
    ],
    ids=["none", "no place", "no number", "twice"],
)
def test_an_executor_that_cannot_be_meant_is_refused(
    cli: Call, folder: Path, command: str, options: list[str], message: str
) -> None:
    (folder / "pooled.py").write_text(POOLED)

    answer = cli(command, "pooled.py", *options)

    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_a_run_and_a_resume_take_executors(cli: Call, folder: Path) -> None:
    (folder / "pooled.py").write_text(POOLED)
    run_id = cli("trigger", "pooled.py").out.strip()

    ran, resumed = (cli(*words, "--executor", "pool=process:1") for words in (("run", "pooled.py"), ("resume", run_id)))

    assert (ran.code, resumed.code) == (0, 0)


def test_a_check_says_which_executors_a_workflow_needs(cli: Call, folder: Path) -> None:
    (folder / "pooled.py").write_text(POOLED)

    assert (
        cli("check", "pooled.py").out
        == 'pooled.py: graph "pooled" with 1 nodes is fine, and needs --executor pool=...\n'
    )
    assert json.loads(cli("check", "pooled.py", "--json").out)[0]["executors"] == ["pool"]
