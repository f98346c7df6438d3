"""Programs that use Exosphere's own SDK, in a Python of their own."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

import pytest

from tests.server.conftest import Caller

PYTHON = os.environ.get("EXODSL_EXOSPHERE_PYTHON")
"""A Python 3.12 that has `exospherehost`, and exodsl from this checkout; `nox -s exosphere` makes one."""

NEEDS_SDK = pytest.mark.skipif(
    PYTHON is None,
    reason="no Python 3.12 with `exospherehost`: `nox -s exosphere` makes one, or name one in EXODSL_EXOSPHERE_PYTHON",
)


def sdk(program: str, *words: str, **pipes: Any) -> subprocess.Popen[str]:
    """Run a program in the Python that has the SDK."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
    return subprocess.Popen([str(PYTHON), "-c", program, *words], env=kept, text=True, **pipes)


def until_registered(caller: Caller, runtime: subprocess.Popen[str]) -> None:
    """Wait until a runtime of the SDK has registered its nodes."""
    while not caller.get("nodes/")["count"]:
        assert runtime.poll() is None, "the SDK's runtime ended"
        time.sleep(0.05)


def started(program: str, *words: str) -> str:
    """Let a program of the SDK start a run; return its id."""
    with sdk(program, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        printed, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    return printed.strip()


def until_ended(caller: Caller, run_id: str) -> str:
    """Wait until a run has ended; return how."""
    for _ in range(300):
        status: str = caller.run(run_id)["status"]
        if status != "PENDING":
            return status
        time.sleep(0.1)
    raise AssertionError(caller.states(run_id))
