"""`exodsl tui`: what it refuses, and that it runs on a terminal."""

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Call

WAIT = 30.0


def test_without_a_terminal_it_names_the_commands_that_list_the_same(cli: Call) -> None:
    answer = cli("tui")

    assert answer.code == 2
    assert "`exodsl runs`" in answer.err


@pytest.mark.parametrize("what", ["words.py", "run/7f3/nowhere", "rums?x"])
def test_a_word_that_means_nothing_is_refused_in_one_message(cli: Call, what: str) -> None:
    answer = cli("tui", what)

    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_on_a_terminal_it_shows_runs_and_q_leaves(
    folder: Path, cli: Call, start: Callable[..., "subprocess.Popen[str]"], environment: dict[str, str]
) -> None:
    cli("run", "words.py", "--input", "document=One. Two.")
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tui")])
    terminal, theirs = pty.openpty()
    _set_size(theirs, 100, 30)
    with start("tui", "--read-only", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = _read_until(terminal, b"word-count")
        os.write(terminal, b"q")
        _read_until(terminal, b"")
        assert process.wait(timeout=WAIT) == 0
    os.close(terminal)
    assert b"read-only" in seen


def _set_size(terminal: int, width: int, height: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def _read_until(terminal: int, text: bytes) -> bytes:
    """Return what is shown up to a text; all of it for an empty one."""
    seen = b""
    while not text or text not in seen:
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # how Linux tells that nobody writes any more
            break
    return seen
