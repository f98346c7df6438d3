"""A disk that fills up, seen from the command line: one sentence, exit code 2, and `resume` when there is room."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, START, Start

BOOK = '''
"""Three hundred pages, which together are larger than the disk."""
from pydantic import BaseModel
from exodsl import Graph, collect, node


class Page(BaseModel):
    number: int


@node
def pages() -> list[Page]:
    return [Page(number=number) for number in range(300)]


@node
def write(number: int) -> str:
    return f"{number:04}" * 1_000


@node
def count(texts: list[str]) -> int:
    return sum(map(len, texts))


graph = Graph("book")
graph.connect(pages, write)
graph.connect(write, count, texts=collect(write.outputs)).unites(pages)
'''
ON_A_SMALL_DISK = """
exodsl() { "$PYTHON" -c "$START" "$@" --db small/book.db; echo "exit $?"; }
mount -t tmpfs -o size=800k tmpfs small
exodsl run book.py 2> said
exodsl runtime book.py 2>> said
mount -o remount,size=50m small
exodsl resume "$(cut -d ' ' -f 2 said | head -n 1)" 2>> said
"""
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
FULL = (
    'Database "small/book.db" cannot be used: database or disk is full. The disk is full; free some space,'
    " nothing that was recorded is lost.\n"
)


def may_mount() -> bool:
    """Say whether a disk of our own can be mounted here, for our own processes to see."""
    tried = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True).returncode == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the workflow, and a place to mount a disk."""
    (tmp_path / "book.py").write_text(BOOK)
    (tmp_path / "small").mkdir()
    return tmp_path


@pytest.mark.skipif(not may_mount(), reason="mounting a small disk is not allowed here")
def test_a_run_on_a_full_disk_goes_on_when_there_is_room(folder: Path) -> None:
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "START": START}
    shell = [*NAMESPACE, "sh", "-c", ON_A_SMALL_DISK]
    done = subprocess.run(shell, cwd=folder, env=known, capture_output=True, text=True, timeout=60)
    said = (folder / "said").read_text()

    assert (done.stdout, done.stderr) == ("exit 2\nexit 2\n1200000\nexit 0\n", "")
    assert said.count(FULL) == 2
    assert "Traceback" not in said


def test_a_disk_that_takes_no_more_is_one_error_and_a_resume(
    start: Start, call: Callable[..., str], folder: Path
) -> None:
    """Files may not grow beyond a limit here, which SQLite meets as an error of the disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, before[1]))
    try:
        process = start("run", "book.py", "--db", "book.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    out, err = process.communicate(timeout=60)
    run = err.splitlines()[0].split()[1]

    assert (process.returncode, out) == (2, "")
    assert 'Database "book.db" cannot be used: disk I/O error. Its disk fails, or takes no more' in err
    assert err.endswith(f"what was recorded is kept. Go on with:\n  exodsl resume {run} --db book.db\n")
    assert "Traceback" not in err
    assert call("resume", run, "--db", "book.db") == "1200000\n"
