"""The rooms import in one direction only, foreign libraries stay at home, and start-up stays light."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What an import may not do: the module that would hold it, the line, and the contract that refuses it.
BREAKS = [
    ("a_new_room", "import exodsl.errors", "A room imports only from the rooms below it"),
    ("template/a_break", "import exodsl.dsl", "A room imports only from the rooms below it"),
    ("template/a_break", "import exodsl.engine", "A room imports only from the rooms below it"),
    ("dsl/a_break", "import exodsl.engine", "A room imports only from the rooms below it"),
    ("engine/a_break", "import exodsl.dsl", "A room imports only from the rooms below it"),
    ("engine/a_break", "import exodsl.database", "A room imports only from the rooms below it"),
    ("database/a_break", "import exodsl.manager", "A room imports only from the rooms below it"),
    ("manager/a_break", "import exodsl.runtime", "A room imports only from the rooms below it"),
    ("runtime/a_break", "import exodsl.api", "A room imports only from the rooms below it"),
    ("api/a_break", "import exodsl.cli", "A room imports only from the rooms below it"),
    ("database/a_break", "import exodsl.dsl", "The manager and the database never import the DSL"),
    ("manager/a_break", "import exodsl.dsl", "The manager and the database never import the DSL"),
    ("dsl/a_break", "import networkx", "networkx is at home in exodsl.template"),
    ("engine/a_break", "import networkx.algorithms", "networkx is at home in exodsl.template"),
    ("manager/a_break", "from cronsim import CronSim", "cronsim is at home in exodsl.template"),
    ("manager/a_break", "import peewee", "peewee is at home in exodsl.database"),
    ("manager/a_break", "from playhouse import db_url", "peewee is at home in exodsl.database"),
    ("manager/a_break", "import psycopg", "psycopg is at home in exodsl.database.postgresql"),
    ("database/a_break", "from psycopg import sql", "psycopg is at home in exodsl.database.postgresql"),
    ("manager/a_break", "import httpx", "httpx is at home in exodsl.manager.remote"),
    ("database/a_break", "import cryptography", "cryptography is at home in exodsl.manager"),
    ("api/a_break", "import anyio", "anyio is at home in exodsl.runtime"),
    ("api/a_break", "import opentelemetry.trace", "OpenTelemetry is at home in exodsl.runtime"),
    ("runtime/a_break", "from distributed import Client", "Dask is at home in exodsl.runtime.executors.dask_cluster"),
    ("runtime/executors/a_break", "import ray", "Ray is at home in exodsl.runtime.executors.ray_cluster"),
    ("api/a_break", "import typer", "typer and rich are at home in exodsl.cli"),
    ("runtime/a_break", "from rich.console import Console", "typer and rich are at home in exodsl.cli"),
    ("api/a_break", "import pytest", "pytest and syrupy are at home in exodsl.testing"),
    (
        "cli/a_break",
        "from syrupy.assertion import SnapshotAssertion",
        "pytest and syrupy are at home in exodsl.testing",
    ),
    ("cli/a_break", "import textual", "textual stays outside of exodsl"),
    ("api/a_break", "import exodsl_tui", "Only its command knows the inspector"),
    ("../tui/exodsl_tui/a_break", "import exodsl.database", "The inspector sees what the state manager shows"),
    ("../tui/exodsl_tui/a_break", "import peewee", "peewee is at home in exodsl.database"),
    ("api/a_break", "import fastapi", "FastAPI is at home in exodsl.server"),
    ("manager/a_break", "import prometheus_client", "FastAPI is at home in exodsl.server"),
    ("server/a_break", "import exodsl.cli", "A room imports only from the rooms below it"),
    ("server/a_break", "import exodsl.exosphere", "A room imports only from the rooms below it"),
    ("runtime/a_break", "import exospherehost", "Exosphere's SDK is at home in exodsl.exosphere"),
]


def check_contracts(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run import-linter over the checkout, or a copy of it, in `folder`."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as main; main()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=folder,
        env=clean_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def clean_environment(path: Path) -> dict[str, str]:
    """Return the environment of a new interpreter that finds exodsl in `path`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
    return kept | {"PYTHONPATH": f"{path}{os.pathsep}{path / 'tui'}", "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}


def loaded_by(code: str) -> set[str]:
    """Return the top-level packages that a new interpreter has loaded after running `code`."""
    report = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        cwd=ROOT,
        env=clean_environment(ROOT),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def copied(folder: Path) -> Path:
    """Copy the package and its contracts into a folder, to break them there."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("exodsl", "tui"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its contracts."""
    return copied(tmp_path)


@pytest.fixture(scope="module")
def help_call() -> str:
    """Code that does what `exodsl --help` does, through the entry point that the project declares."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    module, _, function = scripts["exodsl"].partition(":")
    return "\n".join(
        [
            "import sys",
            "sys.argv = ['exodsl', '--help']",
            f"from {module} import {function} as main",
            "try:",
            "    code = main()",
            "except SystemExit as stop:",
            "    code = stop.code",
            "assert not code, code",
        ]
    )


def test_the_import_law_holds() -> None:
    done = check_contracts(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy in which all the breaks stand side by side, each in a module of its own."""
    copy = copied(tmp_path_factory.mktemp("broken"))
    for number, (module, line, _) in enumerate(BREAKS):
        (copy / "exodsl" / f"{module}_{number:02}.py").write_text(f"{line}\n", "utf-8")
    done = check_contracts(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout.partition("Broken contracts\n")[2]


@pytest.mark.parametrize("number", range(len(BREAKS)), ids=[f"{module}: {line}" for module, line, _ in BREAKS])
def test_the_import_law_notices(refused: str, number: int) -> None:
    module, _, contract = BREAKS[number]
    said = refused.partition(f"\n{contract}\n---")[2]
    said = re.split(r"\n\n.+\n-{9,}\n", said)[0]

    assert f".{Path(module).name}_{number:02}" in said


def test_an_import_for_annotations_counts_as_an_import(copy: Path) -> None:
    module = copy / "exodsl" / "engine" / "a_break.py"
    module.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import exodsl.manager\n", "utf-8")

    done = check_contracts(copy)

    assert "A room imports only from the rooms below it BROKEN" in done.stdout


def test_a_cycle_inside_a_room_is_noticed(copy: Path) -> None:
    (copy / "exodsl" / "engine" / "a_break.py").write_text("import exodsl.engine.b_break\n", "utf-8")
    (copy / "exodsl" / "engine" / "b_break.py").write_text("import exodsl.engine.a_break\n", "utf-8")

    done = check_contracts(copy)

    assert "No import cycles, within the rooms either BROKEN" in done.stdout


def test_importing_exodsl_loads_nothing_that_it_may_do_without() -> None:
    offenders = sorted(loaded_by("import exodsl") & {"networkx", "opentelemetry", "textual"})

    assert not offenders, f"`import exodsl` loads {offenders}"


def test_what_is_spelled_like_exospheres_sdk_loads_neither_that_nor_a_server() -> None:
    loaded = loaded_by("from exodsl.exosphere import BaseNode, GraphNodeModel, Runtime, StateManager, runtime")

    assert not loaded & {"aiohttp", "exospherehost", "fastapi", "networkx", "starlette", "uvicorn"}


def test_help_loads_no_heavy_library(help_call: str) -> None:
    offenders = sorted(
        loaded_by(help_call) & {"anyio", "cronsim", "cryptography", "networkx", "peewee", "pydantic", "textual"}
    )

    assert not offenders, f"`exodsl --help` loads {offenders}"


def test_a_database_is_opened_without_what_only_servers_need() -> None:
    offenders = loaded_by("import exodsl; exodsl.StateManager.open(':memory:').close()") & {"httpx", "fastapi"}

    assert not offenders, f"opening a database loads {sorted(offenders)}"


def test_a_server_needs_no_client() -> None:
    assert "httpx" not in loaded_by("import exodsl.server.serving")


def test_what_an_executor_calls_loads_no_more_than_bodies_need() -> None:
    offenders = sorted(loaded_by("import exodsl.runtime.executors.far") & {"anyio", "networkx", "peewee", "textual"})

    assert not offenders, f"a worker of an executor loads {offenders}"


def test_a_run_without_tracing_does_not_load_opentelemetry() -> None:
    run = """
from exodsl import Graph, node

@node
def one() -> int: return 1

graph = Graph("untraced")
graph.start(one)
assert graph.run(db=":memory:").output(one) == 1
"""

    assert "opentelemetry" not in loaded_by(run)
