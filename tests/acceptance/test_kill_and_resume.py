"""A run whose process is killed goes on: same result, and nothing that had finished runs again."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from exodsl.manager.opening import open_manager
from tests.acceptance.conftest import ROOT, Start

NOTING = '''
"""Nested fanouts like those of the code report; every body notes that it ran."""
import os
import time
from pathlib import Path
from pydantic import BaseModel
from exodsl import Graph, collect, node

NOTES = Path(__file__).with_name("notes")


def note(what: str) -> None:
    file = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{what}\\n".encode())
    os.close(file)


class Package(BaseModel):
    package: int


class File(BaseModel):
    file: int


@node
def packages() -> list[Package]:
    note("packages")
    return [Package(package=package) for package in range(6)]


@node
def files(package: int) -> list[File]:
    note(f"files {package}")
    return [File(file=package * 100 + file) for file in range(50)]


@node(executor="process")
def measure(file: int) -> int:
    note(f"measure {file}")
    time.sleep(0.003)
    return file * file


@node
def check(measured: int, file: int) -> int:
    note(f"check {file}")
    return measured


@node
def summarize(package: int, measures: list[int]) -> int:
    note(f"summarize {package}")
    return sum(measures)


@node
def report(sums: list[int]) -> str:
    note("report")
    return f"all {sum(sums)}"


graph = Graph("noting")
graph.connect(packages, files)
graph.connect(files, measure)
graph.connect(measure, check, measured=measure.outputs, file=files.outputs.file)
graph.connect(check, summarize, package=packages.outputs.package, measures=collect(check.outputs)).unites(files)
graph.connect(summarize, report, sums=collect(summarize.outputs)).unites(packages)
'''
EXPECTED = f"all {sum((package * 100 + file) ** 2 for package in range(6) for file in range(50))}\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A directory of 300 Python files in 6 packages, one of them without sense."""
    body = "".join(f"def f{n}(x):\n    if x > {n}:\n        return {n}\n    return x\n\n\n" for n in range(60))
    for package in range(6):
        (tmp_path / "code" / f"package{package}").mkdir(parents=True)
        for file in range(50):
            (tmp_path / "code" / f"package{package}" / f"file{file}.py").write_text(body * (1 + file % 3))
    (tmp_path / "code" / "package3" / "file7.py").write_text("def nonsense(:\n")
    return tmp_path / "code"


def kill_in_the_middle(start: Start, db: Path, node: str, *words: str) -> str:
    """Start a run, kill its process when some states of `node` have ended, and return the run's id."""
    with start("run", *words, "--db", str(db)) as process:
        while ended(db, node) < 60:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.01)
        process.kill()
        process.communicate(timeout=30)
    manager = open_manager(str(db))
    run = manager.runs().items[0]
    manager.close()
    assert run.status == "RUNNING"
    return run.run_id


def ended(db: Path, node: str) -> int:
    """Return how many states of a node of the newest run have ended well."""
    if not db.exists() or db.stat().st_size == 0:
        return 0
    manager = open_manager(str(db))
    try:
        runs = manager.runs(limit=1).items
        return sum(one.success for run in runs for one in manager.progress(run.run_id) if one.identifier == node)
    finally:
        manager.close()


def test_a_killed_code_report_goes_on_to_the_same_report(
    start: Start, call: Callable[..., str], code: Path, tmp_path: Path
) -> None:
    report = str(ROOT / "examples" / "code_report.py")
    run_id = kill_in_the_middle(start, tmp_path / "killed.db", "measure", report, "--input", f"directory={code}")

    resumed = call("resume", run_id, "--db", "killed.db")

    undisturbed = call("run", report, "--input", f"directory={code}", "--db", "undisturbed.db")
    assert resumed == undisturbed
    assert "1 do not parse:\n  package3/file7.py\n" in resumed


def test_no_body_of_a_finished_state_runs_again(start: Start, call: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "noting.py").write_text(NOTING)
    db, notes = tmp_path / "killed.db", tmp_path / "notes"
    run_id = kill_in_the_middle(start, db, "check", "noting.py")
    before, finished = Counter(notes.read_text().splitlines()), finished_bodies(db, run_id)

    result = call("resume", run_id, "--db", "killed.db")

    after = Counter(notes.read_text().splitlines())
    assert result == EXPECTED
    assert {body: after[body] for body in finished} == {body: before[body] for body in finished}
    assert len(after) == 1 + 6 + 300 + 300 + 6 + 1
    assert max(after.values()) <= 2


def finished_bodies(db: Path, run_id: str) -> set[str]:
    """Return what the bodies of states that have ended well noted."""
    manager = open_manager(str(db))
    states = manager.states(run_id, status="SUCCESS", limit=10_000).items
    manager.close()
    named = {"files": "package", "measure": "file", "check": "file", "summarize": "package"}
    found = {
        f"{state.identifier} {state.inputs[named[state.identifier]]}" for state in states if state.identifier in named
    }
    assert len(found) > 60
    return found | {state.identifier for state in states if state.identifier == "packages"}
