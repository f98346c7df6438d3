"""Help: quick, with examples, and the same names as the page in docs."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from exodsl.cli.app import app
from tests.cli.conftest import ROOT, START, Call

GROUP = cast("TyperGroup", get_command(app))
COMMANDS = sorted(GROUP.commands)
INNER = {
    f"{name} {inner}": command
    for name, group in GROUP.commands.items()
    if isinstance(group, TyperGroup)
    for inner, command in group.commands.items()
}
EVERY = {**GROUP.commands, **INNER}
PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")


def test_exodsl_alone_says_what_to_do_next(cli: Call) -> None:
    answer = cli()

    assert (answer.code, answer.err) == (0, "")
    assert "exodsl run FILE.py" in answer.out


def test_exodsl_alone_lists_every_command(cli: Call) -> None:
    answer = cli()

    assert [command for command in COMMANDS if f"  exodsl {command} " not in answer.out] == []


@pytest.mark.parametrize("command", sorted(EVERY))
def test_the_help_of_a_command_has_no_marks_that_nobody_types(cli: Call, command: str) -> None:
    answer = cli(*command.split(), "--help")

    assert [mark for mark in ("<bool>", "[[") if mark in answer.out] == []


def test_version_names_the_program(cli: Call) -> None:
    answer = cli("--version")

    assert answer.code == 0
    assert answer.out.startswith("exodsl")


@pytest.mark.parametrize("command", sorted(EVERY))
def test_the_help_of_a_command_has_examples(cli: Call, command: str) -> None:
    answer = cli(*command.split(), "--help")

    assert answer.code == 0
    assert re.search(rf"Examples:.*exodsl {command} ", answer.out, re.DOTALL)


@pytest.mark.parametrize("command", sorted(EVERY))
def test_the_page_in_docs_names_a_command_and_all_its_options(command: str) -> None:
    section = PAGE.partition(f"\n## exodsl {command.split()[0]}\n")[2].partition("\n## ")[0]
    options = {name for option in EVERY[command].params for name in option.opts if name.startswith("--")}

    assert section, f"docs/cli.md has no section for `exodsl {command}`"
    assert [name for name in sorted(options - {"--help"}) if f"`{name}" not in section] == []


def cpu_seconds(code: str, folder: Path, *words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", code, *words], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_takes_less_than_a_quarter_of_a_second_of_cpu(tmp_path: Path) -> None:
    cpu_seconds(START, tmp_path, "--help")  # writes the bytecode
    bare = min(cpu_seconds("pass", tmp_path) for _ in range(3))

    helped = min(cpu_seconds(START, tmp_path, "--help") for _ in range(3))

    assert helped - bare < 0.25
