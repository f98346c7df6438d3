"""A secret reaches the node that declares it, and nothing that is kept or shown (semantics 8)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exodsl.manager.sealing import KEY_VARIABLE, new_key

Call = Callable[..., tuple[list[int], str]]
START = """
import shlex, sys
from exodsl.cli import main

for command in sys.argv[1:]:
    sys.argv[1:] = shlex.split(command)
    try:
        main()
    except SystemExit as ended:
        print("exit code", ended.code)
"""
VALUES = ("s3cr3t-zq9c71w2", 'st0red-"it\'s"-8e1b', "by-h4nd-zq77aaw5 ß")
"""Of the variable, in the workflow, and stored by hand."""
KEY = new_key()
SHREDS = ("zq9c71w2", "zq8e1bw7", "zq77aaw5", KEY)
"""What no spelling of the values, or of the key, changes."""
SECRETS = f"""
from exodsl import env, stored

GIVEN = {{"variable": env("TEST_API_KEY"), "text": {VALUES[1]!r}, "by_hand": stored()}}
"""
WORKFLOW = """
import json
from given import GIVEN
from pydantic import SecretStr
from exodsl import Graph, RetryPolicy, node, secret


def refuse(name: str, *keys: SecretStr) -> None:
    values = [key.get_secret_value() for key in keys]
    try:
        raise KeyError(values)
    except KeyError as error:
        error.add_note(json.dumps(values))
        raise ValueError(f"{name} was refused with {len(''.join(values))} letters: {values}, {values[2]}") from error


@node
def first(name: str) -> str:
    return name


@node
def in_a_thread(
    name: str,
    variable: SecretStr = secret("variable"),
    text: SecretStr = secret("text"),
    by_hand: SecretStr = secret("by_hand"),
) -> int:
    refuse(name, variable, text, by_hand)


@node
async def in_the_loop(
    name: str,
    variable: SecretStr = secret("variable"),
    text: SecretStr = secret("text"),
    by_hand: SecretStr = secret("by_hand"),
) -> int:
    refuse(name, variable, text, by_hand)


graph = Graph("calls", secrets=GIVEN, retry=RetryPolicy(max_retries=1, backoff_factor=1))
in_a_process = in_a_thread.named("in_a_process").options(executor="process")
for call in (in_a_thread, in_the_loop, in_a_process):
    graph.connect(first, call, name=first.outputs)
"""


@pytest.fixture
def exodsl(tmp_path: Path) -> Call:
    """Call commands in a folder with the workflow; return their exit codes and all that they printed."""
    (tmp_path / "given.py").write_text(SECRETS)
    (tmp_path / "calls.py").write_text(WORKFLOW)
    settings = {"TEST_API_KEY": VALUES[0], KEY_VARIABLE: KEY, "PYTHONPATH": str(Path(__file__).parents[2])}

    def call(*commands: str, stdin: str = "") -> tuple[list[int], str]:
        done = subprocess.run(
            [sys.executable, "-c", START, *commands],
            cwd=tmp_path,
            env={**os.environ, **settings},
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return [int(code) for code in re.findall(r"^exit code (\d+)$", done.stdout, re.M)], done.stdout + done.stderr

    return call


def test_a_secret_is_found_in_no_file_and_no_output(exodsl: Call, tmp_path: Path) -> None:
    run = "run calls.py --input name=ada --json"
    begun, told = exodsl(run, "secrets set calls by_hand", run, stdin=VALUES[2])
    run_id = re.findall(r'"run_id": "([^"]+)"', told)[0]
    looked, shown = exodsl(
        "runs --json",
        f"states {run_id} --json",
        "state 2 --json",
        "state 4",
        "show calls.py --format json",
        f"show {run_id} --format mermaid",
        "export calls.py",
        "export calls.py --whole",
        "secrets list --json",
    )
    kept = {path.name: path.read_bytes() for path in (tmp_path / ".exodsl").iterdir()}

    assert begun == [2, 0, 1]
    assert looked == [0, 0, 0, 0, 0, 0, 2, 0, 0]  # Exosphere has no variables of the environment, and no executors
    assert f"ada was refused with {sum(map(len, VALUES))} letters" in told
    for shred in SHREDS:
        assert shred not in told + shown, shred
        assert [name for name, body in kept.items() if shred.encode() in body] == [], shred
