"""Help: with examples, and the same names as the page in docs."""

import re
from typing import cast

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from exodsl.cli.app import app
from tests.cli.conftest import ROOT, Call

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
