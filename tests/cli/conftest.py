"""A folder with workflows in it, and two ways to call the command line there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from exodsl.cli.app import app

ROOT = Path(__file__).parents[2]
START = "import sys; from exodsl.cli import main; sys.exit(main())"

WORDS = '''
"""Count the words of each sentence, add them up."""
from pydantic import BaseModel
from exodsl import Graph, collect, node


class Sentence(BaseModel):
    text: str


@node
def split(document: str) -> list[Sentence]:
    return [Sentence(text=text) for text in document.rstrip(".").split(". ")]


@node
def count_words(text: str) -> int:
    print("counting", text)
    return len(text.split())


@node
def total(counts: list[int]) -> int:
    return sum(counts)


graph = Graph("word-count")
graph.connect(split, count_words)
graph.connect(count_words, total, counts=collect(count_words.outputs)).unites(split)
'''

BROKEN = '''
"""Divide by each number; 0 cannot be divided by."""
from pydantic import BaseModel
from exodsl import Graph, Prune, RetryPolicy, node


class Number(BaseModel):
    number: int


@node
def numbers(highest: int) -> list[Number]:
    return [Number(number=number) for number in range(highest + 1)]


@node
def divide(number: int) -> float:
    if number == 2:
        raise Prune("two is left out", number=number)
    return 1 / number


graph = Graph("divide", retry=RetryPolicy(max_retries=0))
graph.connect(numbers, divide)
'''


@dataclass(frozen=True)
class Answer:
    """What a command line answered."""

    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with `words.py`, `broken.py` and a place for a database."""
    (tmp_path / ".exodsl").mkdir()
    (tmp_path / "words.py").write_text(WORDS)
    (tmp_path / "broken.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXOSPHERE_STATE_MANAGER_URI", raising=False)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def cli(folder: Path) -> Call:
    """Calls the command line in this process; what is no refusal stays an exception."""

    def call(*words: str, stdin: str | None = None) -> Answer:
        result = CliRunner().invoke(app, words, input=stdin, prog_name="exodsl", catch_exceptions=False)
        return Answer(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that finds exodsl and no settings."""
    settings = ("PYTHON", "EXODSL_", "EXOSPHERE_", "COV_", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TERM": "xterm-256color"}


@pytest.fixture
def start(folder: Path, environment: dict[str, str]) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts the command line as a process of its own."""

    def start(*words: str, **options: Any) -> "subprocess.Popen[str]":
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        streams: dict[str, Any] = {**pipes, **options}
        command = [sys.executable, "-c", START, *words]
        return subprocess.Popen(command, cwd=folder, env=environment, text=True, **streams)

    return start


@pytest.fixture
def process(start: Callable[..., "subprocess.Popen[str]"]) -> Call:
    """Calls the command line in a process of its own, and waits for it."""

    def call(*words: str) -> Answer:
        with start(*words) as process:
            out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    return call


@pytest.fixture
def on_terminal(start: Callable[..., "subprocess.Popen[str]"]) -> Callable[..., str]:
    """Calls the command line on a terminal of some width; gives what it shows, without colours."""

    def call(width: int, *words: str) -> str:
        import fcntl
        import pty
        import struct
        import termios

        terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        with start(*words, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            seen = read_all(terminal)
            process.wait(timeout=60)
        os.close(terminal)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).replace("\r", "")

    return call


def read_all(terminal: int) -> str:
    """Return everything that is written to a terminal until nobody has it open."""
    found = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux tells that nobody writes any more
            part = b""
        if not part:
            return found.decode()
        found += part
