"""`exodsl serve`: what it refuses before it serves anybody."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for the server."""
    monkeypatch.setenv("STATE_MANAGER_SECRET", "the-key")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--host", "no such host"], "unknown here"),
        (["--host", "203.0.113.1"], "cannot be served"),
        (["--lease", "soon"], "--lease"),
        (["--lease", "0"], "lease"),
        (["--port", "65536"], "--port"),
        (["--body-limit", "0"], "--body-limit"),
        (["--db", ".", "--port", "0"], "folder"),
        (["--keys", "missing.toml"], "The keys in missing.toml cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_served_is_refused(cli: Call, words: list[str], complaint: str) -> None:
    answer = cli("serve", *words)

    assert answer.code == 2
    assert complaint in answer.err
    assert "Traceback" not in answer.err


def test_others_than_this_machine_need_a_key(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_MANAGER_SECRET")
    answer = cli("serve", "--host", "0.0.0.0")

    assert (answer.code, "Set STATE_MANAGER_SECRET" in answer.err) == (2, True)


def test_a_port_in_use_is_refused(cli: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = cli("serve", "--port", str(taken.getsockname()[1]))

    assert (answer.code, "cannot be served" in answer.err) == (2, True)


def test_without_its_libraries_it_says_how_to_get_them(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    answer = cli("serve")

    assert (answer.code, answer.err) == (
        3,
        'The server\'s libraries need a part of exodsl that is not installed: pip install "exodsl[server]"\n',
    )
