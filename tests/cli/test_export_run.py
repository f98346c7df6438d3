"""`exodsl export --run`: one run as a database of its own, which every command opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.fixture
def run_id(cli: Call) -> str:
    """A run that has ended."""
    cli("run", "words.py", "--input", "document=One two. Three")
    found: str = json.loads(cli("runs", "--json").out)["items"][0]["run_id"]
    return found


def test_an_exported_run_is_shown_by_the_commands_that_look(cli: Call, folder: Path, run_id: str) -> None:
    answer = cli("export", "--run", run_id[-8:], "--output", "copy.db")

    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"exported run {run_id[-8:]} with 5 states; look at it with --db copy.db\n"
    for looking in (["runs"], ["states", run_id], ["show", run_id]):
        assert cli(*looking, "--db", "copy.db").out == cli(*looking).out != ""


def test_an_export_leaves_a_file_that_is_there_alone(cli: Call, folder: Path, run_id: str) -> None:
    (folder / "copy.db").write_text("mine")
    answer = cli("export", "--run", run_id, "-o", "copy.db")

    assert answer.code == 2
    assert answer.err == '"copy.db" is there already. Name a new file to export into.\n'
    assert (folder / "copy.db").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Name what to export: a workflow such as words.py, or a run with --run RUN --output FILE."),
        (["--run", "1"], "A run is exported into a file: name a new one with --output FILE."),
        (["words.py", "--run", "1"], "TARGET is of a workflow; leave it out beside --run."),
        (["--whole", "--run", "1"], "--whole is of a workflow; leave it out beside --run."),
        (["words.py", "--output", "x"], "--output is of a run: name that with --run."),
        (["words.py", "--db", "x.db"], "--db is of a run: name that with --run."),
        (["--run", "0000", "-o", "x.db"], 'No run "0000" is in .exodsl/exodsl.db.'),
    ],
)
def test_what_cannot_be_meant_is_refused_by_one_message(
    cli: Call, folder: Path, run_id: str, words: list[str], message: str
) -> None:
    answer = cli("export", *words)

    assert answer.code == 2
    assert answer.err.startswith(message)
    assert not (folder / "x.db").exists()
