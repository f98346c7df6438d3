"""`exodsl runs`, `states` and `state`: what was recorded, in pages."""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl.engine.reports import Report, Usage
from exodsl.manager.opening import open_manager
from tests.cli.conftest import Call
from tests.manager.byhand import NOTHING, Clock, begin, draw

LONG = """
from exodsl import Graph, RetryPolicy, node


@node
def wordy() -> str:
    return "word " * 1000


@node
def fails(text: str) -> int:
    raise ValueError(text)


graph = Graph("long-outputs", retry=RetryPolicy(max_retries=1, backoff_factor=1))
graph.connect(wordy, fails, text=wordy.outputs)
"""


def long_run(cli: Call) -> str:
    return str(items(cli("runs", "--json").out)[0]["run_id"])


@pytest.fixture
def run_id(cli: Call) -> str:
    """A failed run: 4 numbers, one fails, one is pruned."""
    document = json.loads(cli("run", "broken.py", "--input", "highest=3", "--json").out)
    return str(document["run_id"])


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def items(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["items"]
    return found


def test_runs_lists_the_newest_first(cli: Call, run_id: str) -> None:
    cli("run", "words.py", "--input", "document=One.")

    listed = rows(cli("runs").out)

    assert listed[0] == ["RUN", "GRAPH", "STATUS", "STARTED", "TOOK", "ERROR"]
    assert [row[1:3] for row in listed[1:]] == [["word-count", "SUCCESS"], ["divide", "FAILED"]]
    assert listed[2][0] == run_id[-8:]


def test_runs_can_be_filtered(cli: Call, run_id: str) -> None:
    cli("run", "words.py", "--input", "document=One.")

    by_graph, by_status = cli("runs", "--graph", "divide", "--json"), cli("runs", "--status", "failed", "--json")

    assert [run["run_id"] for run in items(by_graph.out)] == [run_id]
    assert [run["run_id"] for run in items(by_status.out)] == [run_id]


def test_a_page_of_runs_says_how_to_see_the_next(cli: Call, run_id: str) -> None:
    cli("run", "words.py", "--input", "document=One.")
    first = cli("runs", "--limit", "1", "--status", "FAILED")
    assert first.err == ""

    command = cli("runs", "--limit", "1").err.partition(": ")[2].split()
    second = cli(*command[1:])

    assert [row[0] for row in rows(second.out)[1:]] == [run_id[-8:]]


def test_states_shows_what_came_of_each(cli: Call, run_id: str) -> None:
    listed = rows(cli("states", run_id[-8:], "--node", "divide").out)

    assert [(row[2], row[3]) for row in listed[1:]] == [
        ("ERRORED", "0"),
        ("SUCCESS", "1"),
        ("PRUNED", "2"),
        ("SUCCESS", "3"),
    ]
    assert listed[1][-4:] == ["ZeroDivisionError:", "division", "by", "zero"]


def test_states_can_be_filtered_by_status(cli: Call, run_id: str) -> None:
    pruned = items(cli("states", run_id, "--status", "PRUNED", "--json").out)

    assert [state["data"] for state in pruned] == [{"reason": "two is left out", "number": 2}]


def test_the_pages_of_states_together_are_all_states(cli: Call, run_id: str) -> None:
    seen, cursor = list[int](), list[str]()
    while True:
        page = json.loads(cli("states", run_id, "--limit", "3", "--json", *cursor).out)
        seen += [state["state_id"] for state in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = ["--cursor", page["next_cursor"]]

    assert seen == [state["state_id"] for state in items(cli("states", run_id, "--json").out)]
    assert len(seen) == 8


def test_state_shows_inputs_error_and_traceback(cli: Call, run_id: str) -> None:
    failed = items(cli("states", run_id, "--status", "ERRORED", "--json").out)[0]

    answer = cli("state", str(failed["state_id"]))

    assert '"number": 0' in answer.out
    assert "ZeroDivisionError: division by zero" in answer.out
    assert "return 1 / number" in answer.out


def test_state_as_json_has_every_field(cli: Call, run_id: str) -> None:
    first = items(cli("states", run_id, "--json").out)[0]

    told = {"progress": None, "log": {"lines": [], "dropped": 0}}
    assert json.loads(cli("state", str(first["state_id"]), "--json").out) == first | told


def test_a_run_that_no_process_works_on_says_so(cli: Call) -> None:
    cli("trigger", "words.py", "--input", "document=One.")

    answer = cli("runs")

    assert answer.out.splitlines()[1].endswith("  no process works on it")
    assert answer.err == "Go on with a run that no process works on: exodsl resume RUN\n"


def test_no_runs_are_said_to_be_none(cli: Call, run_id: str) -> None:
    filtered, empty = cli("runs", "--status", "SUCCESS"), cli("runs", "--db", ":memory:")

    assert (filtered.code, filtered.out, filtered.err) == (0, "", "no runs that fit\n")
    assert (empty.code, empty.out, empty.err) == (0, "", "no runs\n")


def test_a_pipe_gets_the_last_column_up_to_200_characters(cli: Call, folder: Path) -> None:
    (folder / "long.py").write_text(LONG)
    cli("run", "long.py")

    long = next(line for line in cli("states", long_run(cli)).out.splitlines() if " wordy " in line)

    assert long.partition("{")[2].startswith('"result": "word word')
    assert len(long.partition("{")[1] + long.partition("{")[2]) == 200


def test_a_body_took_as_long_in_a_list_as_in_the_details(cli: Call, folder: Path) -> None:
    with closing(open_manager(str(folder / ".exodsl" / "exodsl.db"), clock=(clock := Clock()))) as manager:
        begun = begin(manager, clock, draw("root"))
        (claim,) = begun.take()
        clock.now_ms += 5_000  # it waited in the runtime
        begun.tell(Report(claim.state_id, claim.lease, NOTHING, Usage(2_000)))

    (listed,) = rows(cli("states", begun.run_id).out)[1:]

    assert listed[listed.index("-") :][:4] == ["-", "-", "2.0", "s"]
    assert "(took 2.0 s)" in cli("state", str(claim.state_id)).out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_all_columns_but_the_last_in_full(
    on_terminal: Callable[..., str], cli: Call, folder: Path, width: int
) -> None:
    (folder / "long.py").write_text(LONG)
    cli("run", "long.py")
    run_id = long_run(cli)

    runs, states = on_terminal(width, "runs"), on_terminal(width, "states", run_id)

    listed = rows(states)
    assert rows(runs)[2][:3] == [run_id[-8:], "long-outputs", "FAILED"]
    assert listed[0] == ["ID", "NODE", "STATUS", "PLACE", "RETRY", "TOOK", "WHAT", "CAME", "OF", "IT"]
    assert [row[1:3] for row in listed[2:]] == [["wordy", "SUCCESS"], ["fails", "RETRY_CREATED"], ["fails", "ERRORED"]]
    assert {len(line) - width for line in states.splitlines() if line.endswith("…")} <= {0, -1}  # a space may be cut


def test_looking_makes_no_database(cli: Call, folder: Any) -> None:
    (folder / ".exodsl").rmdir()

    answers = [cli("runs"), cli("states", "abc"), cli("state", "1"), cli("resume", "abc"), cli("runs", "--db", "x.db")]

    assert [answer.code for answer in answers] == [2] * 5
    assert sorted(path.name for path in folder.iterdir()) == ["broken.py", "words.py"]
