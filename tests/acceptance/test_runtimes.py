"""Several runtimes, as processes of their own, on one SQLite file: every body once, nothing stranded."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, Start

FAN = '''
"""A fanout of ten for each run; every body notes that it ran, and where."""
import os
from pathlib import Path
import anyio
from pydantic import BaseModel
from exodsl import Graph, collect, node

NOTES = Path(__file__).with_name("notes")


def note(*what: object) -> None:
    file = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{os.getpid()} {' '.join(map(str, what))}\\n".encode())
    os.close(file)


class Asked(BaseModel):
    run: int


class Item(BaseModel):
    item: int


@node
def items(run: int) -> list[Item]:
    note("items", run)
    return [Item(item=item) for item in range(10)]


@node
async def work(run: int, item: int) -> int:
    note("work", run, item)
    await anyio.sleep(0.05)
    return item


@node
def total(run: int, found: list[int]) -> int:
    note("total", run)
    return sum(found)


graph = Graph("fan", inputs=Asked)
graph.start(items, run=graph.inputs.run)
graph.connect(items, work, run=graph.inputs.run, item=items.outputs.item)
graph.connect(work, total, run=graph.inputs.run, found=collect(work.outputs)).unites(items)
'''
TRIGGERS = """
import sys
from exodsl import StateManager
from exodsl.api.running import begin
from exodsl.dsl.loader import load

manager, graph = StateManager.open("fan.db"), load("fan.py")
for run in range(int(sys.argv[1])):
    begin(manager, graph, {"run": run})
manager.close()
"""
BODIES = 1 + 10 + 1
Process = subprocess.Popen[str]


@pytest.fixture
def runtimes(start: Start, tmp_path: Path) -> Iterator[list[Process]]:
    """Three runtimes that serve `fan.py`, started all at once where there is no database yet."""
    (tmp_path / "fan.py").write_text(FAN)
    started = [start("runtime", "fan.py", "--db", "fan.db", "--name", f"r{n}", "--workers", "4") for n in range(3)]
    for process in started:
        assert process.stderr is not None
        assert process.stderr.readline().startswith('runtime "r')
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def trigger(tmp_path: Path) -> Callable[[int], Process]:
    """Starts a process that triggers runs."""

    def trigger(count: int) -> Process:
        command = [sys.executable, "-c", TRIGGERS, str(count)]
        environment = {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)

    return trigger


def statuses(start: Start) -> tuple[Counter[str], str]:
    """Ask `exodsl runs` how the runs stand; return that, and what it said on stderr."""
    with start("runs", "--json", "--limit", "100", "--db", "fan.db") as process:
        out, err = process.communicate(timeout=30)
    return Counter(run["status"] for run in json.loads(out)["items"]), err


def notes(tmp_path: Path) -> list[tuple[int, str]]:
    """Return (process, body) of every body that was begun."""
    file = tmp_path / "notes"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(process), body) for process, _, body in (line.partition(" ") for line in lines)]


def stopped(process: Process) -> tuple[int, str]:
    """Ask a runtime to end; return its exit code and what it said."""
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


def test_three_runtimes_run_every_body_of_thirty_runs_exactly_once(
    runtimes: list[Process], trigger: Callable[[int], Process], start: Start, tmp_path: Path
) -> None:
    triggers, said = trigger(30), ""
    found: Counter[str] = Counter()
    while found != {"SUCCESS": 30}:
        found, err = statuses(start)
        said += err
    said += triggers.communicate(timeout=30)[1]
    ends = [stopped(process) for process in runtimes]
    said += "".join(err for _, err in ends)

    begun = notes(tmp_path)
    assert [code for code, _ in ends] == [0, 0, 0]
    assert "locked" not in said
    assert said.count('of graph "fan" SUCCESS') == 30
    assert Counter(Counter(body for _, body in begun).values()) == {1: 30 * BODIES}
    assert len({process for process, _ in begun}) == 3


def test_a_killed_runtime_strands_nothing_and_a_stopped_one_hands_back(
    runtimes: list[Process], trigger: Callable[[int], Process], start: Start, tmp_path: Path
) -> None:
    killed, asked, last = runtimes
    triggers = trigger(30)
    while not {killed.pid, asked.pid} <= {process for process, _ in notes(tmp_path)}:
        time.sleep(0.005)
    killed.kill()
    killed.wait()
    code, said = stopped(asked)
    found: Counter[str] = Counter()
    while found != {"SUCCESS": 30}:
        found, err = statuses(start)
        said += err
    said += stopped(last)[1] + triggers.communicate(timeout=30)[1]

    bodies = Counter(body for process, body in notes(tmp_path) if process != killed.pid)
    assert code == 0
    assert "locked" not in said
    assert set(bodies.values()) == {1}
    assert len({body for _, body in notes(tmp_path)}) == 30 * BODIES
