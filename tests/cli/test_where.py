"""`--where`: filters on the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.test_listing import items, rows


@pytest.fixture
def run_id(cli: Call) -> str:
    """A failed run: 4 numbers, one fails, one is pruned."""
    document = json.loads(cli("run", "broken.py", "--input", "highest=3", "--json").out)
    return str(document["run_id"])


def test_states_are_found_by_a_filter(cli: Call, run_id: str) -> None:
    listed = rows(cli("states", run_id, "--where", "status:errored,pruned").out)

    assert [(row[1], row[2], row[3]) for row in listed[1:]] == [("divide", "ERRORED", "0"), ("divide", "PRUNED", "2")]
    assert "division" in " ".join(listed[1])


def test_a_filter_in_json_gives_whole_states(cli: Call, run_id: str) -> None:
    (found,) = items(cli("states", run_id, "--where", "in.number:3", "--json").out)

    assert (found["inputs"], found["outputs"]) == ({"number": 3}, {"result": 1 / 3})


def test_a_filter_goes_together_with_the_other_options(cli: Call, run_id: str) -> None:
    listed = cli("states", run_id, "--where", "-status:pruned", "--node", "divide", "--status", "errored").out

    assert [row[2] for row in rows(listed)[1:]] == ["ERRORED"]


def test_the_next_page_has_the_same_filter(cli: Call, run_id: str) -> None:
    first = cli("states", run_id, "--where", "node:numbers try:1", "--limit", "3")
    again = first.err.partition("There are more: exodsl ")[2].split()
    rest = cli(*[word.strip("'") for word in " ".join(again).replace("'node:numbers try:1'", "node:numbers").split()])

    assert len(rows(first.out)) == 4
    assert len(rows(rest.out)) == 2


def test_the_condition_in_the_way_is_named(cli: Call, run_id: str) -> None:
    answer = cli("states", run_id, "--where", "status:errored took:>1h")

    assert answer.err == "no states that fit; there are some without took:>1h\n"
    assert cli("runs", "--where", "status:failed graph:x").err == "no runs that fit; there are some without graph:x\n"
    assert cli("runs", "--where", "id:zzz graph:x").err == "no runs that fit\n"


@pytest.mark.parametrize("command", ["runs", "states"])
def test_what_cannot_be_understood_is_one_message_with_its_column(cli: Call, run_id: str, command: str) -> None:
    words = ("runs",) if command == "runs" else ("states", run_id)
    answer = cli(*words, "--where", "stat:errored")

    assert answer.code == 2
    assert 'Column 1 of the filter: there is no field "stat"' in answer.err
    assert answer.out == ""


def test_runs_are_found_by_a_filter(cli: Call, run_id: str) -> None:
    cli("run", "words.py", "--input", "document=One.")

    assert [row[1] for row in rows(cli("runs", "--where", "status:failed age:<1h").out)[1:]] == ["divide"]
    assert [row[1] for row in rows(cli("runs", "--where", "-graph:div*").out)[1:]] == ["word-count"]
    assert [row[0] for row in rows(cli("runs", "--where", f"id:{run_id[-8:]}").out)[1:]] == [run_id[-8:]]
    assert items(cli("runs", "--where", "graph:divide", "--json").out)[0]["run_id"] == run_id


def test_no_runs_are_no_table(cli: Call, folder: Path) -> None:
    cli("run", "words.py", "--input", "document=One.")
    answer = cli("runs", "--where", "status:failed", "--json")

    assert json.loads(answer.out) == {"items": [], "next_cursor": None}
