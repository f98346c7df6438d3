"""The type checkers, as tests run them: one that did not run is a failure of its own, never an empty answer."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECONDS = 110


def mypy(folder: Path, *arguments: str, **environment: str) -> str:
    """Run mypy in `folder` and return its findings, one to a line."""
    done = _run("mypy", folder, arguments, environment)
    summary = done.stdout.strip().rpartition("\n")[2]

    assert summary.startswith(("Found ", "Success: ")), f"mypy judged nothing:\n{done.stdout}{done.stderr}"
    return done.stdout


def pyright(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run pyright in `folder` and return its findings."""
    done = _run("pyright", folder, (*arguments, "--outputjson"), {})
    report = json.loads(done.stdout)

    assert report["summary"]["filesAnalyzed"] > 0, f"pyright judged nothing:\n{done.stdout}{done.stderr}"
    findings: list[dict[str, Any]] = report["generalDiagnostics"]
    return findings


def _run(
    tool: str, folder: Path, arguments: tuple[str, ...], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    missing = f"{tool} is not installed beside {sys.executable}; it is in the dependency group `test`"
    assert importlib.util.find_spec(tool) is not None, missing
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode in (0, 1), f"{tool} failed:\n{done.stdout}{done.stderr}"
    return done
