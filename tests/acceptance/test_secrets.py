"""A secret reaches the node that declares it, and nothing that is kept or shown (semantics 8)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str]]
VALUE = "s3cr3t-4f9c71d2"
WORKFLOW = """
from pydantic import SecretStr
from exodsl import Graph, RetryPolicy, env, node, secret


@node
def first(name: str) -> str:
    return name


@node
def call(name: str, key: SecretStr = secret("api_key")) -> int:
    assert key.get_secret_value().startswith("s3cr3t")
    raise ValueError(f"{name} was refused with {key.get_secret_value()}")


graph = Graph("calls", secrets={"api_key": env("TEST_API_KEY")}, retry=RetryPolicy(max_retries=1, backoff_factor=1))
graph.connect(first, call, name=first.outputs)
"""


@pytest.fixture
def exodsl(tmp_path: Path) -> Call:
    """Call the command line in a folder with the workflow; return its exit code and all that it printed."""
    (tmp_path / "calls.py").write_text(WORKFLOW)

    def call(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from exodsl.cli import main; main()", *words],
            cwd=tmp_path,
            env={**os.environ, "TEST_API_KEY": VALUE, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return call


def test_a_secret_is_found_in_no_file_and_no_output(exodsl: Call, tmp_path: Path) -> None:
    code, told = exodsl("run", "calls.py", "--input", "name=ada", "--json")
    listed = [
        exodsl(*words)
        for words in (
            ("runs", "--json"),
            ("states", *_run_of(exodsl), "--json"),
            ("state", "2", "--json"),
            ("show", "calls.py", "--format", "json"),
            ("export", "calls.py", "--whole"),
        )
    ]
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".exodsl").iterdir())

    assert (code, [done for done, _ in listed]) == (1, [0] * 5)
    assert "ada was refused with" in told
    assert VALUE not in told + "".join(text for _, text in listed)
    assert VALUE.encode() not in kept


def _run_of(exodsl: Call) -> list[str]:
    return [json.loads(exodsl("runs", "--json")[1])["items"][0]["run_id"]]
