"""The tests that testing.md shows are tests that pass, and pytest prints what the page says."""

import re
from pathlib import Path

import pytest

from tests.docs.fenced import Block, fenced_blocks
from tests.testing.conftest import Pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
WORDS = next(
    block.text for block in fenced_blocks((ROOT / "README.md").read_text("utf-8")) if block.title == "words.py"
)
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
ONE_RUN = """
from words import graph

def test_run():
    assert graph.run(document="One. Two.", db=":memory:").status == "SUCCESS"
"""


def blocks(heading: str) -> list[Block]:
    """Return the blocks of a section."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"testing.md has no section called {heading}"
    return list(fenced_blocks(section[1]))


@pytest.fixture(autouse=True)
def words(project: pytest.Pytester) -> None:
    """Take the workflow that the page means."""
    project.makepyfile(words=WORDS)


def test_the_snapshot_of_the_page_is_the_one_that_is_written(project: pytest.Pytester, run_pytest: Pytest) -> None:
    test, kept = blocks("Snapshots of graphs")
    project.makepyfile(test_graph=test.text)

    written = run_pytest("--snapshot-update")

    written.assert_outcomes(passed=1)
    (file,) = (project.path / "__snapshots__").rglob("*.txt")
    assert file.read_text("utf-8") == f"{kept.text}\n"
    assert str(file.relative_to(project.path)) in PAGE


def test_the_report_of_the_page_is_the_one_that_is_printed(project: pytest.Pytester, run_pytest: Pytest) -> None:
    report, _ = blocks("Coverage of graphs")
    project.makepyfile(test_run=ONE_RUN)

    result = run_pytest("--exodsl-coverage")

    result.stdout.fnmatch_lines(report.text.splitlines(), consecutive=True)


def test_the_tests_of_the_page_take_what_goes_wrong(project: pytest.Pytester, run_pytest: Pytest) -> None:
    _, tests = blocks("Coverage of graphs")
    project.makepyfile(test_run=ONE_RUN, test_trouble=tests.text)

    result = run_pytest("--exodsl-coverage")

    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(
        ["default/word-count: 11 of 12 ways taken, 91 %", "    never an empty fanout: split"], consecutive=True
    )
