"""Scripts that use process executors, started as users start them."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODES = """
import os
from exodsl import Graph, node

print("imported", __name__)


class Refused(Exception):
    pass


@node(executor="process")
def square(number: int) -> int:
    return number * number


graph = Graph("squares")
graph.start(square)
"""


def ran(script: Path) -> "subprocess.CompletedProcess[str]":
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Where the script goes."""
    return tmp_path / "squares.py"


def test_the_nodes_of_a_script_run_in_processes(script: Path) -> None:
    guard = 'if __name__ == "__main__":\n    print(graph.run(number=7, db=":memory:").output(square))\n'
    script.write_text(NODES + guard, "utf-8")

    done = ran(script)

    assert (done.stdout, done.stderr) == ("imported __main__\nimported squares\n49\n", "")


def test_a_script_that_runs_its_graph_when_imported_is_told_what_to_do(script: Path) -> None:
    script.write_text(f'{NODES}\nprint(graph.run(number=7, db=":memory:").error)\n', "utf-8")

    done = ran(script)

    assert 'Put it below `if __name__ == "__main__":`' in done.stdout


def test_a_script_whose_executor_is_in_its_own_process_is_not_executed_again(script: Path) -> None:
    start = """
from concurrent.futures import ThreadPoolExecutor

print(graph.run(number=7, db=":memory:", executors={"process": partial(ThreadPoolExecutor, 2)}).output(square))
"""
    script.write_text(f"from functools import partial\n{NODES}{start}", "utf-8")

    done = ran(script)

    assert (done.stdout, done.stderr) == ("imported __main__\n49\n", "")


HOLDS = """
import fcntl
import time
from pathlib import Path
from exodsl import Graph, node


@node(executor="process")
def holds() -> None:
    with open("held", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        Path("begun").touch()
        time.sleep(3600)


graph = Graph("holds")
graph.start(holds)
if __name__ == "__main__":
    graph.run(db=":memory:")
"""


def test_the_process_of_a_body_ends_with_a_parent_that_is_killed(script: Path) -> None:
    script.write_text(HOLDS, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(script)], cwd=script.parent, env=environment) as parent:
        while not (script.parent / "begun").exists():
            assert parent.poll() is None
            time.sleep(0.01)
        parent.kill()

    with (script.parent / "held").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # given only when the process that has it ends
