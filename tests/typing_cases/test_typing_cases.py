"""Both type checkers accept the good snippets, and find in the bad ones what each line says."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.typing_cases.checkers import mypy, pyright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXPECTED = {"mypy": re.compile(r"# mypy: ([\w-]+)"), "pyright": re.compile(r"# (?:mypy.*, )?pyright: (\w+)")}
FOUND = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$")
Errors = set[tuple[str, int, str]]


def expected(checker: str) -> Errors:
    """Return what the comments of the bad snippets announce."""
    return {
        (path.name, number, match[1])
        for path in (HERE / "bad").glob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := EXPECTED[checker].search(line))
    }


def mypy_errors() -> Errors:
    """Return every error that mypy --strict finds in the snippets."""
    paths = os.pathsep.join([str(ROOT), str(HERE / "good")])
    output = mypy(HERE, "--config-file", "mypy.ini", "good", "bad", MYPYPATH=paths)
    matches = [match for line in output.splitlines() if (match := FOUND.match(line))]
    return {(Path(match["file"]).name, int(match["line"]), match["code"]) for match in matches}


def pyright_errors() -> Errors:
    """Return every error that pyright finds in the snippets."""
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one.get("rule", one["message"]))
        for one in pyright(HERE, "-p", str(HERE))
        if one["severity"] == "error"
    }


@pytest.mark.parametrize(
    ("checker", "errors"), [("mypy", mypy_errors), ("pyright", pyright_errors)], ids=["mypy", "pyright"]
)
def test_the_checker_finds_what_the_snippets_say_and_nothing_else(checker: str, errors: Callable[[], Errors]) -> None:
    found, announced = errors(), expected(checker)

    assert announced - found == set()
    assert {one[:2] for one in found} - {one[:2] for one in announced} == set()


def test_every_bad_line_is_announced_for_both_checkers() -> None:
    lines = {checker: {one[0] for one in expected(checker)} for checker in EXPECTED}

    assert lines["mypy"] == lines["pyright"] == {path.name for path in (HERE / "bad").glob("*.py")}
