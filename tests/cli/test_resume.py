"""`exodsl resume`: a run goes on from what was recorded."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from exodsl.api.running import begin
from exodsl.dsl.loader import load
from exodsl.manager.opening import open_manager
from tests.cli.conftest import Call

STUCK = '''
"""Each item notes that it ran; the second half waits until a file lets it go."""
import time
from pathlib import Path
from pydantic import BaseModel
from exodsl import Graph, collect, node

HERE = Path(__file__).parent


class Item(BaseModel):
    number: int


@node
def items() -> list[Item]:
    return [Item(number=number) for number in range(6)]


@node
def work(number: int) -> int:
    while number > 2 and not (HERE / "go").exists():
        time.sleep(0.01)
    with (HERE / "ran").open("a") as file:
        file.write(f"{number}\\n")
    return number


@node
def total(numbers: list[int]) -> int:
    return sum(numbers)


graph = Graph("stuck")
graph.connect(items, work, number=items.outputs.number)
graph.connect(work, total, numbers=collect(work.outputs)).unites(items)
'''


@pytest.fixture
def begun(folder: Path) -> str:
    """A run that was triggered, and that no process works on."""
    manager = open_manager()
    graph = load("words.py")
    run = begin(manager, graph, {"document": "One. Two words."}, target=f"{folder / 'words.py'}:graph")
    manager.close()
    return run.run_id


def ended(folder: Path) -> int:
    """Return how many states of `work` have ended well."""
    manager = open_manager(str(folder / ".exodsl" / "exodsl.db"))
    try:
        runs = manager.runs().items
        return len(manager.states(runs[0].run_id, identifier="work", status="SUCCESS").items) if runs else 0
    finally:
        manager.close()


def test_a_run_goes_on_with_the_target_it_was_started_with(cli: Call, begun: str) -> None:
    answer = cli("resume", begun[-8:])

    assert (answer.code, answer.out) == (0, "3\n")


def test_a_run_goes_on_from_another_folder(
    cli: Call, begun: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")

    answer = cli("resume", begun)

    assert (answer.code, answer.out) == (0, "3\n")


def test_a_run_goes_on_with_a_target_that_was_moved(cli: Call, begun: str, folder: Path) -> None:
    (folder / "words.py").rename(folder / "moved.py")

    refused = cli("resume", begun)
    answer = cli("resume", begun, "moved.py")

    assert (refused.code, refused.err.endswith(f"exodsl resume {begun[-8:]} NEW_PLACE\n")) == (2, True)
    assert (answer.code, answer.out) == (0, "3\n")


def test_the_code_of_another_workflow_is_refused(cli: Call, begun: str) -> None:
    whole, named = cli("resume", begun, "broken.py"), cli("resume", begun, "broken.py:graph")

    assert (whole.code, named.code) == (2, 2)
    assert whole.err == f'Run "{begun}" is of graph "word-count"; broken.py has "divide".\n'


def test_another_workflow_that_has_the_same_nodes_is_refused(cli: Call, begun: str, folder: Path) -> None:
    (folder / "other.py").write_text((folder / "words.py").read_text().replace("word-count", "other"))

    answer = cli("resume", begun, "other.py")

    assert (answer.code, answer.err.endswith('other.py has "other".\n')) == (2, True)


def test_a_run_that_was_put_into_a_namespace_goes_on_with_its_code(cli: Call, folder: Path) -> None:
    (folder / "stuck.py").write_text(STUCK)
    run_id = cli("trigger", "stuck.py", "--namespace", "mine").out.strip()
    (folder / "stuck.py").rename(folder / "moved.py")
    (folder / "go").touch()

    answer = cli("resume", run_id, "moved.py")

    assert (answer.code, answer.out) == (0, "15\n")


def test_a_run_of_a_template_goes_on_with_the_nodes_of_any_module(cli: Call, folder: Path) -> None:
    template = json.loads(cli("export", "words.py", "--whole").out)
    (folder / "plain.json").write_text(json.dumps({**template, "name": "plain"}))
    run_id = cli("trigger", "plain.json", "--nodes", "words.py", "--input", "document=One. Two words.").out.strip()
    (folder / "words.py").rename(folder / "moved.py")

    answer = cli("resume", run_id, "moved.py")

    assert (answer.code, answer.out) == (0, "3\n")


def test_a_target_without_the_nodes_of_the_run_is_refused(cli: Call, begun: str, folder: Path) -> None:
    (folder / "less.py").write_text((folder / "words.py").read_text().replace("count_words", "count"))

    answer = cli("resume", begun, "less.py")

    assert answer.code == 2
    assert "needs count_words" in answer.err


def test_an_ended_run_gives_its_result_once_more(cli: Call) -> None:
    run_id = json.loads(cli("run", "words.py", "--input", "document=One. Two.", "--json").out)["run_id"]

    answer = cli("resume", run_id)

    assert (answer.code, answer.out) == (0, "2\n")
    assert "has ended already: SUCCESS" in answer.err


def test_a_failed_run_stays_exit_code_1(cli: Call) -> None:
    run_id = json.loads(cli("run", "broken.py", "--input", "highest=0", "--json").out)["run_id"]

    answer = cli("resume", run_id)

    assert answer.code == 1
    assert "ZeroDivisionError" in answer.err


def ignore_ctrl_c() -> None:
    """Do what a shell does for what a script starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "before"),
    [(signal.SIGINT, None), (signal.SIGTERM, None), (signal.SIGTERM, ignore_ctrl_c)],
    ids=["SIGINT", "SIGTERM", "SIGTERM in the background of a script"],
)
def test_an_interrupted_run_says_how_to_go_on_and_does(
    start: Callable[..., "subprocess.Popen[str]"],
    cli: Call,
    folder: Path,
    number: int,
    before: Callable[[], None] | None,
) -> None:
    (folder / "stuck.py").write_text(STUCK)
    with start("run", "stuck.py", "--workers", "4", start_new_session=True, preexec_fn=before) as process:
        while ended(folder) < 3:
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=30)
    command = err.splitlines()[-1].split()
    (folder / "go").touch()

    answer = cli(*command[1:])

    assert (process.returncode, out, command[:2]) == (130, "", ["exodsl", "resume"])
    assert (answer.code, answer.out) == (0, "15\n")
