"""Each example has a page in docs, and what the page shows is what happens."""

import os
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.fenced import Block, fenced_blocks

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START = "import sys; from exodsl.cli import main; sys.exit(main())"
PAGES = {path.stem: list(fenced_blocks(path.read_text("utf-8"))) for path in (ROOT / "docs" / "examples").glob("*.md")}
SHOWN = [
    (name, command, result)
    for name, blocks in sorted(PAGES.items())
    for command, result in pairwise(blocks)
    if (command.language, result.language) == ("sh", "text")
]


def test_every_example_has_a_page_and_a_test() -> None:
    examples = {path.stem for path in (ROOT / "examples").glob("*.py")}

    assert set(PAGES) == examples
    assert [name for name in sorted(examples) if not (HERE / f"test_{name}.py").exists()] == []


def test_every_example_has_a_snapshot_of_its_graph() -> None:
    kept = {path.parent.name for path in (HERE / "__snapshots__").glob("*/*.txt")}

    assert kept == {f"test_{path.stem}" for path in (ROOT / "examples").glob("*.py")}


@pytest.mark.parametrize(("name", "command", "result"), SHOWN, ids=[f"{n} line {c.line}" for n, c, _ in SHOWN])
def test_a_command_prints_what_the_page_shows(name: str, command: Block, result: Block, tmp_path: Path) -> None:
    words = shlex.split(command.text)[1:]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    database = ["--db", str(tmp_path / "page.db")] if words[0] == "run" else []

    done = subprocess.run(
        [sys.executable, "-c", START, *words, *database], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout.strip()) == (0, result.text.strip()), done.stderr
