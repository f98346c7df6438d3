"""On a terminal: a line for each node, drawn in place; what bodies say stands above it, whole."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import read_all

TALKING = """
import logging, os, subprocess, sys
from pydantic import BaseModel
from exodsl import Context, Graph, collect, inject, node


class Item(BaseModel):
    number: int


@node
def items() -> list[Item]:
    return [Item(number=number) for number in range(20)]


@node
def work(number: int, ctx: Context = inject()) -> int:
    print("a line of", number, end=" ", flush=True)
    print("in two parts")
    print(f"complaint of {number}", file=sys.stderr)
    ctx.log.info("logged by %s", number)
    if number == 7:
        subprocess.run(["echo", "from a program"])
        os.write(2, b"without an end")
    return number


@node(executor="process")
def total(numbers: list[int]) -> str:
    print("said in a process")
    return f"sum {sum(numbers)}"


graph = Graph("talking")
graph.connect(items, work, number=items.outputs.number)
graph.connect(work, total, numbers=collect(work.outputs)).unites(items)
"""


def written(seen: str) -> list[str]:
    """Return every line that was written to a terminal; going up, or clearing a line, begins another."""
    return re.sub(r"\x1b\[[0-9;?]*[a-z]", "", re.sub(r"\x1b\[[0-9]*[AK]", "\n", seen)).replace("\r", "").splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_what_bodies_say_stands_whole_above_the_counts(
    start: Callable[..., "subprocess.Popen[str]"], folder: Path
) -> None:
    (folder / "talking.py").write_text(TALKING)
    terminal, theirs = pty.openpty()
    with start("run", "talking.py", stderr=theirs) as process:
        os.close(theirs)
        seen = read_all(terminal)
        out, _ = process.communicate(timeout=60)
    os.close(terminal)
    lines = written(seen)

    assert (process.returncode, out) == (0, "sum 190\n")
    for number in range(20):
        assert lines.count(f"a line of {number} in two parts") == 1
        assert lines.count(f"complaint of {number}") == 1
        assert sum(line.endswith(f"INFO work: logged by {number}") for line in lines) == 1
    assert lines.count("from a program") == 1
    assert [line for line in lines if "without an end" in line] == ["without an end"]
    assert lines.count("said in a process") == 1
    assert any(re.fullmatch(r"work +━+ +20/20 *", line) for line in lines), lines


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_terminal_shows_the_cursor_again_after_an_error(
    start: Callable[..., "subprocess.Popen[str]"], folder: Path
) -> None:
    terminal, theirs = pty.openpty()
    with start("run", "broken.py", "--input", "highest=0", stderr=theirs) as process:
        os.close(theirs)
        seen = read_all(terminal)
        process.communicate(timeout=60)
    os.close(terminal)

    assert process.returncode == 1
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_bar_is_dim_as_long_as_more_states_may_come(
    start: Callable[..., "subprocess.Popen[str]"], folder: Path
) -> None:
    (folder / "grows.py").write_text(
        "import time\nfrom exodsl import Graph, node\n\n"
        "@node\ndef first() -> list[int]:\n    return [0, 1]\n\n"
        "@node\ndef second(n: int) -> list[int]:\n    time.sleep(n * 0.8)\n    return [n]\n\n"
        "@node\ndef third(n: int) -> int:\n    return n\n\n"
        "graph = Graph('grows')\n"
        "graph.connect(first, second, n=first.outputs)\ngraph.connect(second, third, n=second.outputs)\n"
    )
    terminal, theirs = pty.openpty()
    with start("run", "grows.py", stderr=theirs) as process:
        os.close(theirs)
        seen = read_all(terminal)
        process.communicate(timeout=60)
    os.close(terminal)

    assert re.search(r"third +\x1b\[2;36m━+\x1b\[0m +1/1", seen)
    assert re.search(r"third +\x1b\[32m━+\x1b\[0m +2/2", seen)
