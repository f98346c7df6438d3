"""What the README shows works as shown."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.fenced import Block, fenced_blocks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = list(fenced_blocks(README))
EXODSL = [sys.executable, "-c", "import sys; from exodsl.cli import main; sys.exit(main())"]

MODULES = {block.title: block for block in BLOCKS if block.language == "python" and "Graph(" in block.text}
SCRIPTS = [block for block in BLOCKS if block.language == "python" and "Graph(" not in block.text]
COMMANDS = [
    (block, line)
    for block in BLOCKS
    if block.language == "sh"
    for line in block.text.splitlines()
    if line.startswith(tuple(f"exodsl run {title} " for title in MODULES))
]


def shown_output(block: Block) -> list[str]:
    """Return the lines that the page shows below a block, if it shows any."""
    following = BLOCKS[BLOCKS.index(block) + 1 :][:1]
    return [line for shown in following if shown.language == "text" for line in shown.text.splitlines()]


def stdout_of(command: list[str], folder: Path) -> list[str]:
    """Run a command that has to succeed in `folder`; return the lines of its standard output."""
    settings = ("PYTHON", "EXODSL_", "EXOSPHERE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the modules of the README under the names it gives them."""
    for title, block in MODULES.items():
        assert title, f"the module in line {block.line} of README.md has no title"
        (tmp_path / title).write_text(block.text + "\n", "utf-8")
    (tmp_path / ".exodsl").mkdir()
    return tmp_path


def test_the_first_screen_has_exactly_the_two_commands() -> None:
    first_screen = README.partition("\n## ")[0]

    commands = [line for block in fenced_blocks(first_screen) for line in block.text.splitlines()]

    assert commands == [
        "python -m pip install . && exodsl run examples/code_report.py",
        "python -m pip install nox && nox -s tests",
    ]
    assert len(first_screen.splitlines()) <= 24


def test_every_module_of_the_readme_is_run_by_a_command() -> None:
    assert MODULES

    assert {shlex.split(line)[2] for _, line in COMMANDS} == set(MODULES)


@pytest.mark.parametrize(("block", "line"), COMMANDS, ids=[f"line {b.line}" for b, _ in COMMANDS])
def test_a_command_of_the_readme_prints_what_is_shown(block: Block, line: str, folder: Path) -> None:
    printed = stdout_of([*EXODSL, *shlex.split(line)[1:]], folder)

    assert [shown for shown in shown_output(block) if shown not in printed] == [], printed


@pytest.mark.parametrize("block", SCRIPTS, ids=[f"line {block.line}" for block in SCRIPTS])
def test_a_script_of_the_readme_prints_what_is_shown(block: Block, folder: Path) -> None:
    printed = stdout_of([sys.executable, "-c", block.text], folder)

    assert printed == shown_output(block)


def test_every_file_that_the_readme_links_is_there() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
