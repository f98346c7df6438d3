"""Scripts that use process executors, started as users start them."""

import os
import subprocess
import sys
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
