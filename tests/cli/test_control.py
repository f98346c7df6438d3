"""`exodsl cancel`, `pause`, `resume` and `retry`: what they say first, and what they do."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exodsl.api.running import begin
from exodsl.dsl.loader import load
from exodsl.engine.reports import ErrorInfo, Executed, Failed, Report
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, StateManager
from tests.cli.conftest import Answer, Call

TOLERANT = '''
"""Divide 6 by 0, 1 and 2; whatever cannot be divided is left out, unless a file says that it can."""
from pathlib import Path
from exodsl import Graph, RetryPolicy, collect, node

HERE = Path(__file__).parent


@node
def numbers() -> list[int]:
    return [0, 1, 2]


@node
def divide(number: int) -> int:
    with (HERE / "ran").open("a") as file:
        file.write(f"{number}\\n")
    return 6 if (HERE / "mended").exists() and not number else 6 // number


@node
def total(results: list[int]) -> int:
    return sum(results)


@node
def report(total: int) -> str:
    if not (HERE / "mended").exists():
        raise ValueError("too little")
    return f"all {total}"


graph = Graph("tolerant", retry=RetryPolicy(max_retries=0))
graph.connect(numbers, divide, number=numbers.outputs)
graph.connect(divide, total, results=collect(divide.outputs)).unites(numbers, strategy="ALL_DONE")
graph.connect(total, report, total=total.outputs)
'''


@pytest.fixture
def manager(folder: Path) -> Iterator[StateManager]:
    """The database of the folder, open beside the command line's."""
    opened = open_manager(str(folder / ".exodsl" / "exodsl.db"))
    yield opened
    opened.close()


@pytest.fixture
def begun(folder: Path, manager: StateManager) -> str:
    """A run that was triggered, and that nobody works on."""
    return begin(
        manager, load("words.py"), {"document": "One. Two words."}, target=f"{folder / 'words.py'}:graph"
    ).run_id


@pytest.fixture
def failed(cli: Call, folder: Path) -> str:
    """A run of `tolerant.py` in which one of three divisions failed, and the report at the end."""
    (folder / "tolerant.py").write_text(TOLERANT)
    answer = cli("run", "tolerant.py", "--json")
    assert answer.code == 1
    run_id: str = json.loads(answer.out)["run_id"]
    return run_id


def states(manager: StateManager, run_id: str, node: str) -> list[str]:
    """Return the statuses of a node's states."""
    return [state.status for state in manager.states(run_id, identifier=node).items]


# --- cancel ---------------------------------------------------------------------------------------


def test_cancel_ends_a_run_and_says_what_it_ended(cli: Call, begun: str, manager: StateManager) -> None:
    answer = cli("cancel", begun[-8:])

    assert (answer.code, manager.run(begun).status) == (0, "CANCELLED")
    assert answer.out == f"run {begun[-8:]} is CANCELLED, and 1 of its states is\n"
    assert "1 of its states becomes CANCELLED, its store is cleaned up, and it cannot be retried." in answer.err


def test_a_dry_run_of_a_cancel_changes_nothing(cli: Call, begun: str, manager: StateManager) -> None:
    answer = cli("cancel", begun, "--dry-run")

    assert (answer.code, manager.run(begun).status) == (0, "RUNNING")
    assert answer.out.startswith(f'A cancel ends run {begun[-8:]} of graph "word-count", which is RUNNING: 1 of')


@pytest.mark.parametrize("dry", [True, False])
def test_cancel_tells_programs_how_many_states_it_ended(cli: Call, begun: str, dry: bool) -> None:
    answer = cli("cancel", begun, "--json", *(["--dry-run"] if dry else []))

    expected = {"run_id": begun, "status": "RUNNING" if dry else "CANCELLED", "cancelled": 1, "dry_run": dry}
    assert (answer.code, json.loads(answer.out)) == (0, expected)


def test_what_has_ended_cannot_be_cancelled(cli: Call, failed: str) -> None:
    for words in ([], ["--dry-run"], ["--yes", "--json"]):
        answer = cli("cancel", failed, *words)

        assert (answer.code, answer.out) == (2, "")
        assert answer.err == f'Run "{failed}" is FAILED; only a run that goes on can be cancelled.\n'


def test_resume_of_a_cancelled_run_says_that_it_has_ended(cli: Call, begun: str) -> None:
    cli("cancel", begun, "--yes")
    answer = cli("resume", begun)

    assert (answer.code, answer.err) == (1, f"run {begun[-8:]} has ended already: CANCELLED\n")


# --- pause and resume -----------------------------------------------------------------------------


def test_pause_holds_a_run_and_says_how_to_let_it_go_on(cli: Call, begun: str, manager: StateManager) -> None:
    answer = cli("pause", begun)

    assert (answer.code, manager.run(begun).status) == (0, "PAUSED")
    assert answer.out.startswith(f"run {begun[-8:]} is PAUSED")
    assert answer.err.endswith(f"  exodsl resume {begun[-8:]}\n")


def test_pause_tells_programs_the_status(cli: Call, begun: str) -> None:
    assert json.loads(cli("pause", begun, "--json").out) == {"run_id": begun, "status": "PAUSED"}


def test_a_paused_run_is_not_paused_again(cli: Call, begun: str) -> None:
    cli("pause", begun)
    answer = cli("pause", begun)

    assert (answer.code, answer.out) == (2, "")
    assert "is PAUSED; only a running one can be paused" in answer.err


def test_resume_lets_a_paused_run_go_on_and_works_on_it(cli: Call, begun: str) -> None:
    cli("pause", begun)
    answer = cli("resume", begun)

    assert (answer.code, answer.out) == (0, "3\n")
    assert "not paused any more" in answer.err


def test_a_paused_run_whose_nodes_cannot_be_loaded_stays_paused(
    cli: Call, begun: str, manager: StateManager, folder: Path
) -> None:
    cli("pause", begun)
    (folder / "words.py").rename(folder / "moved.py")
    answer = cli("resume", begun)

    assert (answer.code, manager.run(begun).status) == (2, "PAUSED")
    assert cli("resume", begun, "moved.py").out == "3\n"


def test_a_paused_run_whose_nodes_nobody_named_is_left_to_the_runtimes(cli: Call, manager: StateManager) -> None:
    run_id = begin(manager, load("words.py"), {"document": "One."}).run_id
    cli("pause", run_id)
    answer = cli("resume", run_id, "--json")
    again = cli("resume", run_id)

    assert (answer.code, json.loads(answer.out)) == (0, {"run_id": run_id, "status": "RUNNING"})
    assert answer.err.endswith(f"  exodsl resume {run_id[-8:]} TARGET\n")
    assert (again.code, again.out) == (2, "")


# --- retry ----------------------------------------------------------------------------------------


def test_a_dry_run_says_what_a_retry_would_do_and_changes_nothing(
    cli: Call, failed: str, manager: StateManager
) -> None:
    (failed_report,) = (state.state_id for state in manager.states(failed, identifier="report").items)
    answer = cli("retry", failed, str(failed_report), "--dry-run")

    assert (answer.code, manager.run(failed).status) == (0, "FAILED")
    assert answer.out == (
        f'A retry of run {failed[-8:]} of graph "tolerant", which is FAILED, tries 1 state again (report 1);'
        " nothing else is taken back.\n"
    )


def test_a_retry_says_what_it_takes_back_and_how_to_go_on(cli: Call, failed: str, manager: StateManager) -> None:
    answer = cli("retry", failed, "--yes")

    assert (answer.code, manager.run(failed).status) == (0, "RUNNING")
    assert "tries 1 state again (divide 1), and takes 2 states back that came of how they ended." in answer.err
    assert answer.out == f"run {failed[-8:]} is RUNNING: 1 state tried again, 2 taken back\n"
    assert answer.err.endswith(f"Go on with:\n  exodsl resume {failed[-8:]}\n")
    assert states(manager, failed, "total") == ["RETRY_CREATED"]


def test_a_retried_run_goes_on_to_its_end(cli: Call, failed: str, folder: Path) -> None:
    (folder / "mended").touch()
    cli("retry", failed, "--yes")
    answer = cli("resume", failed)

    assert (answer.code, answer.out) == (0, "all 15\n")
    assert sorted((folder / "ran").read_text().split()) == ["0", "0", "1", "2"]


@pytest.mark.parametrize(("words", "tried"), [(["--node", "divide"], 1), (["--status", "pruned"], 0)])
def test_retry_chooses_by_node_and_status(cli: Call, failed: str, words: list[str], tried: int) -> None:
    answer = cli("retry", failed, *words, "--yes", "--json")

    assert (answer.code, len(json.loads(answer.out)["retried"])) == (0, tried)


@pytest.mark.parametrize("dry", [True, False])
def test_retry_tells_programs_its_numbers_alike(cli: Call, failed: str, manager: StateManager, dry: bool) -> None:
    (broken,) = manager.states(failed, identifier="divide", status="ERRORED").items
    answer = cli("retry", failed, "--json", "--dry-run" if dry else "--yes")

    assert json.loads(answer.out) == {
        "run_id": failed,
        "status": "FAILED" if dry else "RUNNING",
        "retried": [broken.state_id],
        "taken_back": 2,
        "dry_run": dry,
    }


def test_without_a_terminal_and_without_yes_a_retry_is_refused(cli: Call, failed: str, manager: StateManager) -> None:
    answer = cli("retry", failed, stdin="y\n")

    assert (answer.code, answer.out, manager.run(failed).status) == (2, "", "FAILED")
    assert answer.err.endswith("no terminal to ask at. Give --yes, or --dry-run to look only.\n")


def test_nothing_to_retry_is_said_and_needs_no_yes(cli: Call, failed: str) -> None:
    answer = cli("retry", failed, "--node", "numbers")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith(f'in run {failed[-8:]}: no state of "numbers" is ERRORED or NEXT_CREATED_ERROR.\n')


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["1", "--node", "divide"], "not both"),
        (["--status", "SUCCESS"], "SUCCESS cannot be retried"),
        (["--status", "BROKEN"], 'status "BROKEN" is unknown'),
        (["--node", "divde"], 'Did you mean "divide"'),
        (["999"], 'No state "999"'),
        (["99999999999999999999"], 'No state "99999999999999999999"'),
        (["1"], "State 1 is SUCCESS; only what failed or was pruned can be retried"),
        (["--target", "nowhere.py"], "nowhere.py"),
        (["--target", "words.py"], 'is of graph "tolerant"; words.py has "word-count"'),
    ],
)
def test_a_retry_that_cannot_be_is_refused_and_changes_nothing(
    cli: Call, failed: str, manager: StateManager, words: list[str], says: str
) -> None:
    answer = cli("retry", failed, *words, "--yes")

    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert manager.run(failed).status == "FAILED"


def test_a_retry_names_the_target_that_was_given_to_go_on_with(cli: Call, failed: str, folder: Path) -> None:
    (folder / "tolerant.py").rename(folder / "moved.py")
    (folder / "mended").touch()
    answer = cli("retry", failed, "--target", "moved.py", "--yes")
    command = answer.err.splitlines()[-1].split()

    assert command == ["exodsl", "resume", failed[-8:], "moved.py"]
    assert cli(*command[1:]).out == "all 15\n"


def test_a_retry_of_a_run_that_names_no_target_asks_for_one(cli: Call, manager: StateManager) -> None:
    run_id = begin(manager, load("broken.py"), {"highest": 0}).run_id
    cli("resume", run_id, "broken.py")

    assert cli("retry", run_id, "--yes").err.endswith(f"  exodsl resume {run_id[-8:]} TARGET\n")


def test_a_retry_in_a_paused_run_leaves_it_paused_and_says_so(cli: Call, manager: StateManager) -> None:
    run_id = begin(manager, load("broken.py"), {"highest": 1}).run_id
    session = manager.open_session("by hand", Serves({("default", "divide"): frozenset({"numbers", "divide"})}))
    (numbers,) = manager.exchange(session, [], 1).claims
    outputs = Executed([f'{{"number": {number}}}' for number in range(2)])
    (first,) = manager.exchange(session, [Report(numbers.state_id, numbers.lease, outputs)], 1).claims
    manager.exchange(session, [Report(first.state_id, first.lease, Failed(ErrorInfo("Broken", ""), False))], 0)
    cli("pause", run_id)
    answer = cli("retry", run_id, "--yes")

    assert (answer.code, manager.run(run_id).status) == (0, "PAUSED")
    assert answer.out == f"run {run_id[-8:]} is PAUSED: 1 state tried again, 0 taken back\n"
    assert "It stays PAUSED. Go on with:" in answer.err


def test_resume_of_a_failed_run_says_how_to_retry_it(cli: Call, failed: str) -> None:
    answer = cli("resume", failed)

    assert answer.code == 1
    assert f"Try again what failed with:\n  exodsl retry {failed[-8:]}\n" in answer.err


# --- on a terminal --------------------------------------------------------------------------------

Ask = Callable[..., Answer]


@pytest.fixture
def ask(start: Callable[..., "subprocess.Popen[str]"]) -> Ask:
    """Calls the command line at a terminal, and types an answer when it asks."""

    def call(*words: str, typed: str) -> Answer:
        terminal, theirs = pty.openpty()
        with start(*words, stdin=theirs, stderr=theirs) as process:
            os.close(theirs)
            try:
                seen = ""
                while "[y/N]" not in seen and process.poll() is None:
                    seen += os.read(terminal, 4096).decode()
                os.write(terminal, typed.encode())
                out, _ = process.communicate(timeout=30)
                seen += rest_of(terminal)
            finally:
                process.kill()
                os.close(terminal)
        return Answer(process.returncode, out, seen.replace("\r", ""))

    return call


def rest_of(terminal: int) -> str:
    """Return what a terminal still shows when its program has ended."""
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # how Linux tells that there is nothing more
        return ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize(
    ("typed", "code", "status"),
    [("y\n", 0, "RUNNING"), ("n\n", 2, "FAILED"), ("\n", 2, "FAILED"), ("\x04", 130, "FAILED")],
)
def test_at_a_terminal_a_retry_says_what_it_will_do_and_asks(
    ask: Ask, failed: str, manager: StateManager, typed: str, code: int, status: str
) -> None:
    answer = ask("retry", failed, typed=typed)

    assert (answer.code, manager.run(failed).status) == (code, status)
    assert answer.err.index("tries 1 state again (divide 1)") < answer.err.index("Retry? [y/N]")
    assert ("Nothing was changed." in answer.err) == (code != 0)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize(("typed", "code", "status"), [("y\n", 0, "CANCELLED"), ("n\n", 2, "RUNNING")])
def test_at_a_terminal_a_cancel_asks(
    ask: Ask, begun: str, manager: StateManager, typed: str, code: int, status: str
) -> None:
    answer = ask("cancel", begun, typed=typed)

    assert (answer.code, manager.run(begun).status) == (code, status)


# --- beside a process that works ------------------------------------------------------------------

SLOW = '''
"""Two steps; the first one waits until a file lets it go."""
import time
from pathlib import Path
from exodsl import Graph, node

HERE = Path(__file__).parent


@node
def first() -> int:
    (HERE / "here").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return 1


@node
def second(number: int) -> int:
    return number + 1


graph = Graph("slow")
graph.connect(first, second, number=first.outputs)
'''


@pytest.fixture
def working(
    start: Callable[..., "subprocess.Popen[str]"], folder: Path, manager: StateManager
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process in the middle of a run, and the run."""
    (folder / "slow.py").write_text(SLOW)
    with start("run", "slow.py") as process:
        until(lambda: (folder / "here").exists() or process.poll() is not None)
        yield process, manager.runs().items[0].run_id
        (folder / "go").touch()
        process.kill()


def until(there: Callable[[], Any]) -> None:
    """Wait for something; the test has a deadline of its own."""
    while not there():
        time.sleep(0.02)


def test_a_run_that_is_cancelled_ends_for_the_process_that_works_on_it(
    cli: Call, working: tuple["subprocess.Popen[str]", str], folder: Path, manager: StateManager
) -> None:
    process, run_id = working
    cli("cancel", run_id, "--yes")
    (folder / "go").touch()
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (1, "")
    assert f"run {run_id[-8:]} CANCELLED after" in err
    assert states(manager, run_id, "second") == []


def test_a_run_that_is_paused_waits_in_the_process_that_works_on_it(
    cli: Call, working: tuple["subprocess.Popen[str]", str], folder: Path, manager: StateManager
) -> None:
    process, run_id = working
    cli("pause", run_id)
    (folder / "go").touch()
    until(lambda: states(manager, run_id, "second"))
    held = states(manager, run_id, "second"), process.poll()
    manager.resume(run_id)
    out, _ = process.communicate(timeout=30)

    assert held == (["CREATED"], None)
    assert (process.returncode, out) == (0, "2\n")


# --- rerun ----------------------------------------------------------------------------------------


@pytest.fixture
def done(cli: Call) -> str:
    """A run of `words.py` that ended well."""
    run_id: str = json.loads(cli("run", "words.py", "--input", "document=One. Two words.", "--json").out)["run_id"]
    return run_id


def first(manager: StateManager, run_id: str, node: str) -> int:
    """Return the number of a node's first state."""
    return manager.states(run_id, identifier=node).items[0].state_id


def test_rerun_makes_a_new_run_that_goes_on_from_a_state(cli: Call, done: str, manager: StateManager) -> None:
    answer = cli("rerun", done, "--from", str(first(manager, done, "count_words")), "--yes")
    new = answer.out.strip()
    resumed = cli("resume", new)

    assert (answer.code, manager.run(done).status, manager.run(new).status) == (0, "SUCCESS", "SUCCESS")
    assert (resumed.code, resumed.out) == (0, "3\n")
    assert resumed.err.count("counting") == 1


def test_a_dry_run_of_a_rerun_only_says_what_would_be_taken_back(cli: Call, done: str, manager: StateManager) -> None:
    answer = cli("rerun", done, "--from", str(first(manager, done, "split")), "--dry-run")

    assert (answer.code, len(manager.runs().items)) == (0, 1)
    assert "without 4 states that came of it" in answer.out


def test_rerun_asks_or_is_told(cli: Call, done: str, manager: StateManager) -> None:
    answer = cli("rerun", done, "--from", str(first(manager, done, "split")))

    assert (answer.code, len(manager.runs().items)) == (2, 1)
    assert "Give --yes" in answer.err


def test_rerun_from_a_state_that_is_not_there_is_refused(cli: Call, done: str) -> None:
    answer = cli("rerun", done, "--from", "999999", "--yes")

    assert (answer.code, answer.out) == (2, "")
    assert 'No state "999999"' in answer.err
