"""The command line over a database on a server (semantics 10)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Call

WITHOUT_DRIVER = "import sys; sys.modules['psycopg'] = None; from exodsl.cli import main; sys.exit(main())"
TEXT = ("--input", "document=One two. Three.")


@pytest.fixture
def db(postgres_uri: str) -> str:
    """The address with a password in it, which this server does not ask for."""
    return urlsplit(postgres_uri)._replace(netloc="postgres:secret@").geturl()


def test_a_workflow_runs_and_is_looked_at_as_over_a_file(cli: Call, db: str) -> None:
    done = cli("run", "words.py", *TEXT, "--db", db, "--json")
    listed = cli("runs", "--db", db, "--json")

    (run,) = json.loads(listed.out)["items"]
    assert (done.code, json.loads(done.out)["run_id"]) == (0, run["run_id"])
    assert run["status"] == "SUCCESS"


def test_the_environment_names_it_for_every_command(
    cli: Call, db: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", db)
    cli("run", "words.py", *TEXT)

    assert "SUCCESS" in cli("runs").out
    assert list((folder / ".exodsl").iterdir()) == []


def test_no_message_shows_the_password(cli: Call, db: str) -> None:
    lost = cli("show", "abcdef", "--db", db)
    again = cli("run", "broken.py", "--input", "highest=1", "--db", db)
    said = lost.err + again.err + again.out

    assert (lost.code, again.code) == (2, 1)
    assert "postgresql://postgres:***@" in said
    assert "secret" not in said


@pytest.mark.parametrize("words", [("runs",), ("run", "words.py", *TEXT), ("trigger", "word-count")])
def test_a_server_that_is_not_there_is_one_message_and_exit_code_2(cli: Call, words: tuple[str, ...]) -> None:
    answer = cli(*words, "--db", "postgresql://me:secret@127.0.0.1:1/nowhere")

    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "postgresql://me:***@127.0.0.1:1/nowhere" in answer.err
    assert "See that the server runs" in answer.err


def test_without_the_driver_the_message_says_what_to_install(folder: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", WITHOUT_DRIVER, "runs", "--db", "postgresql://me@127.0.0.1:1/nowhere"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        'PostgreSQL databases need a part of exodsl that is not installed: pip install "exodsl[postgres]"\n'
    )
