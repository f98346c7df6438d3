"""`exodsl runs`, `states` and `state`: what was recorded, in pages."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Call


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

    assert json.loads(cli("state", str(first["state_id"]), "--json").out) == first


def test_looking_makes_no_database(cli: Call, folder: Any) -> None:
    (folder / ".exodsl").rmdir()

    answers = [cli("runs"), cli("states", "abc"), cli("state", "1"), cli("resume", "abc"), cli("runs", "--db", "x.db")]

    assert [answer.code for answer in answers] == [2] * 5
    assert sorted(path.name for path in folder.iterdir()) == ["broken.py", "words.py"]
