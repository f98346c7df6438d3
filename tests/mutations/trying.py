"""Tries mutants: in a copy of the tree, one at a time, until a test notices."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutations.mutants import Mutant

WHOLE_SUITE = ("tests", "--ignore=tests/mutations")  # which looks at the mutants themselves
OPTIONS = ("-x", "-q", "--no-header", "--tb=no", "-rfE", "--timeout=60", "-p", "no:cacheprovider")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.db", "*.whl")
_NOTICED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_PASSED, _FAILED = 0, 1


class Untestable(Exception):
    """pytest itself did not get through, so nothing can be said of the mutant."""


@dataclass(frozen=True)
class Verdict:
    """Which test noticed a mutant first (none: it survived), and after how many seconds."""

    mutant: Mutant
    noticed_by: str | None
    seconds: float


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Give a copy of a tree that goes away again."""
    with TemporaryDirectory() as folder:
        yield shutil.copytree(root, Path(folder) / "tree", ignore=LEFT_OUT)


def judge(tree: Path, mutant: Mutant) -> Verdict:
    """Try a mutant in a tree, and leave that as it was."""
    file = tree / mutant.file
    before, began = file.read_text(), time.monotonic()
    file.write_text(mutant.applied(tree))
    try:
        noticed = first_failure(tree, mutant.tests) or first_failure(tree, WHOLE_SUITE)
    finally:
        file.write_text(before)
    return Verdict(mutant, noticed, time.monotonic() - began)


def first_failure(tree: Path, tests: Sequence[str]) -> str | None:
    """Run tests until one fails; return its name. :raises Untestable: when they cannot be run."""
    # Without bytecode: a file that changes twice within a second would be taken for the one before.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if done.returncode == _PASSED:
        return None
    noticed = _NOTICED.search(done.stdout)
    if done.returncode != _FAILED or noticed is None:
        raise Untestable(f"pytest ended with {done.returncode}:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return noticed[1]
