"""A run whose process is gone goes on from what was recorded."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from exodsl import Graph, RetryPolicy, RunFailed, StateManager, TargetError, node, resume
from exodsl.api.running import begin
from exodsl.dsl.loader import load
from exodsl.errors import RunNotFound
from exodsl.manager.protocol import StateManager as Manager

ROOT = Path(__file__).parents[2]
ONCE = RetryPolicy(max_retries=0)
FLOW = """
import os, sys, time
from pathlib import Path
from exodsl import Graph, collect, node

HERE = Path(__file__).parent


@node
def numbers(count: int) -> list[int]:
    return list(range(count))


@node
def note(number: int) -> int:
    with (HERE / "notes.txt").open("a") as notes:
        notes.write(f"{number}\\n")
    if number == 5 and not (HERE / "go-on").exists():
        print("there", flush=True)
        time.sleep(600)
    return number


@node
def total(found: list[int]) -> int:
    return sum(found)


graph = Graph("flow")
graph.connect(numbers, note, number=numbers.outputs)
graph.connect(note, total, found=collect(note.outputs)).unites(numbers)

if __name__ == "__main__":
    graph.run(count=10, db=str(HERE / "exodsl.db"), workers=1)
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A script whose sixth body hangs until the file `go-on` is there."""
    file = tmp_path / "interrupted_flow.py"
    file.write_text(FLOW, "utf-8")
    return file


def interrupted(flow: Path, number: signal.Signals) -> tuple[str, str]:
    """Start the script, and end it by a signal in the middle; return the run's id, and what it said."""
    process = subprocess.Popen(
        [sys.executable, str(flow)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    process.send_signal(number)
    _, complaints = process.communicate(timeout=60)
    (flow.parent / "go-on").touch()
    manager = StateManager.open(flow.parent / "exodsl.db")
    run_id = manager.runs().items[0].run_id
    manager.close()
    return run_id, complaints


def test_a_run_whose_process_was_killed_ends_as_an_undisturbed_one(flow: Path) -> None:
    run_id, _ = interrupted(flow, signal.SIGKILL)

    run = resume(run_id, load(str(flow)), db=flow.parent / "exodsl.db")

    assert (run.status, run.output("total")) == ("SUCCESS", 45)


def test_after_ctrl_c_a_run_goes_on_and_no_body_of_a_recorded_state_runs_again(flow: Path) -> None:
    run_id, complaints = interrupted(flow, signal.SIGINT)

    run = resume(run_id, load(str(flow)), db=flow.parent / "exodsl.db")

    ran = Counter(int(line) for line in (flow.parent / "notes.txt").read_text().split())
    assert complaints.rstrip().endswith("KeyboardInterrupt")
    assert (run.status, run.output("total")) == ("SUCCESS", 45)
    assert ran == {**dict.fromkeys(range(10), 1), 5: 2}


def test_a_run_can_be_named_by_the_end_of_its_id(manager: Manager) -> None:
    @node
    def one() -> int:
        return 1

    graph = Graph("short")
    graph.start(one)
    run = begin(manager, graph)

    assert resume(run.run_id[-8:], graph, db=manager).output(one) == 1


def test_the_target_that_started_a_run_is_found_again(flow: Path) -> None:
    (flow.parent / "go-on").touch()
    manager = StateManager.open(":memory:")
    run = begin(manager, load(str(flow)), {"count": 3}, target=f"{flow}:graph")

    assert resume(run.run_id, db=manager).output("total") == 3
    manager.close()


def test_a_run_without_a_target_asks_for_the_graph(manager: Manager) -> None:
    @node
    def one() -> int:
        return 1

    graph = Graph("nowhere")
    graph.start(one)
    run = begin(manager, graph)

    with pytest.raises(TargetError, match=r"Give it: resume\(run_id, graph\)"):
        resume(run.run_id, db=manager)


def test_a_run_that_has_ended_stays_as_it_is(manager: Manager) -> None:
    @node
    def fails() -> int:
        raise RuntimeError("once and for all")

    graph = Graph("ended", retry=None)
    graph.start(fails.options(retry=ONCE))
    run = graph.run(db=manager)

    with pytest.raises(RunFailed, match="once and for all"):
        resume(run.run_id, graph, db=manager).raise_if_failed()


def test_code_that_lacks_a_node_of_the_run_is_refused(manager: Manager) -> None:
    @node
    def old_name() -> int:
        return 1

    @node
    def new_name() -> int:
        return 1

    before, after = Graph("renamed"), Graph("renamed")
    before.start(old_name)
    after.start(new_name)
    run = begin(manager, before)

    with pytest.raises(TargetError, match="needs old_name"):
        resume(run.run_id, after, db=manager)


def test_another_graph_is_refused_although_it_has_the_nodes(manager: Manager) -> None:
    @node
    def only() -> int:
        return 1

    mine, other = Graph("mine"), Graph("other")
    mine.start(only)
    other.start(only)
    run = begin(manager, mine)

    with pytest.raises(TargetError, match=f'Run "{run.run_id}" is of graph "mine"; the one given is "other".'):
        resume(run.run_id, other, db=manager)


def test_an_unknown_run_is_not_found(manager: Manager) -> None:
    with pytest.raises(RunNotFound):
        resume("no-such-run", db=manager)
