"""The command line as a process that can be killed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
START = "import sys; from exodsl.cli import main; sys.exit(main())"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts `exodsl` in the test's folder."""
    settings = ("PYTHON", "EXODSL_", "EXOSPHERE_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    environment = kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}

    def start(*words: str) -> "subprocess.Popen[str]":
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", START, *words]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes)

    return start


@pytest.fixture
def call(start: Start) -> Callable[..., str]:
    """Calls `exodsl`, which has to succeed; returns its stdout."""

    def call(*words: str) -> str:
        with start(*words) as process:
            out, err = process.communicate(timeout=100)
        assert process.returncode == 0, err
        return out

    return call
