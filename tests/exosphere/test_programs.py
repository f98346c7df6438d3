"""The programs that are written for Exosphere's SDK in the documentation, as processes, over one file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.docs.fenced import fenced_blocks
from tests.exosphere.conftest import Kept

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "server.md"


def started(program: str, **pipes: Any) -> subprocess.Popen[str]:
    """Start a program of the page, its import changed."""
    program = program.replace("from exospherehost import", "from exodsl.exosphere import")
    assert "exodsl.exosphere" in program
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, text=True, **pipes)


def test_the_programs_of_the_page_work_with_their_imports_changed(kept: Kept) -> None:
    programs = (block.text for block in fenced_blocks(PAGE.read_text("utf-8")) if block.language == "py")
    nodes, start = (program for program in programs if "exospherehost" in program)
    with started(nodes) as runtime:
        run_id = until_started(start)
        while kept.manager.run(run_id).status == "RUNNING":
            time.sleep(0.01)
        runtime.terminate()

    assert runtime.returncode == 0
    assert kept.outputs(run_id, "second") == [{"loud": "HELLO!"}]


def until_started(program: str) -> str:
    """Start a run as soon as the nodes are registered; return its id."""
    while True:
        with started(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            printed, complaint = process.communicate(timeout=60)
        if process.returncode == 0:
            return printed.strip()
        assert "GraphNotReady" in complaint
