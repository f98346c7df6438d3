"""What is checked, and how: `nox -s tests` first, `nox -l` for the list."""

import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"  # uv where it is installed, else what nox brings
nox.options.sessions = ["tests", "lint", "types"]
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, group: str) -> None:
    """Install a dependency group beside the project itself, which is editable so that edits are seen."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, group))


def working(python: str) -> str | None:
    """Return where an interpreter is; the shim of a version manager is on the PATH without one behind it, too."""
    found = shutil.which(python)
    works = found is not None and subprocess.run([found, "--version"], capture_output=True).returncode == 0
    return found if works else None


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite with two workers; arguments go to pytest."""
    install(session, "test")
    session.run("pytest", "-n", "auto", "--maxprocesses", "2", *session.posargs)


@nox.session(default=False)
def contract(session: nox.Session) -> None:
    """Run what every state manager promises over all kinds of them; `-- -k http` for those by a server alone."""
    install(session, "test")
    whole = {"EXODSL_TEST_CONTRACT": "whole"}
    session.run("pytest", "-n", "auto", "--maxprocesses", "2", "tests/manager", *session.posargs, env=whole)


@nox.session(default=False)
def no_color(session: nox.Session) -> None:
    """Run the inspector's tests once more, as on a terminal that wants no colours."""
    install(session, "test")
    session.run("pytest", "-n", "auto", "--maxprocesses", "2", "tests/tui", *session.posargs, env={"NO_COLOR": "1"})


@nox.session(python=nox.project.python_versions(PYPROJECT), default=False)
def matrix(session: nox.Session) -> None:
    """Run the test suite with every Python that is supported; where one is not installed, that is said."""
    install(session, "test")
    session.run("pytest", "-n", "auto", "--maxprocesses", "2", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and the import law."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache", "--no-logo", env={"PYTHONPATH": "tui"})


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright."""
    install(session, "types")
    session.run("mypy")
    session.run("pyright")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure the engine beside plain SQLite loops; arguments go to the benchmarks."""
    install(session, "test")
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session(default=False)
def screenshots(session: nox.Session) -> None:
    """Draw the inspector's pictures for the documentation anew."""
    install(session, "test")
    session.run("python", "-m", "tests.screenshots", env={"PYTHONPATH": "tui"})


@nox.session(default=False)
def properties(session: nox.Session) -> None:
    """Compare the engine with the plain interpreter on 10,000 random graphs, and in as many random histories."""
    install(session, "test")
    session.run(
        "pytest",
        "tests/properties",
        "--timeout=0",
        "-s",
        *session.posargs,
        env={"EXODSL_PROPERTY_GRAPHS": "10000"},
    )


@nox.session(default=False)
def chaos(session: nox.Session) -> None:
    """Kill runtimes at random, with `--postgres` or `--http` their server too, while they work on 200 runs."""
    install(session, "test")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session(default=False)
def mutations(session: nox.Session) -> None:
    """Break the product on purpose, one way at a time, and see that a test notices; words choose some ways."""
    install(session, "test")
    session.run("python", "-m", "tests.mutations", *session.posargs)


@nox.session(default=False)
def exosphere(session: nox.Session) -> None:
    """Let Exosphere's own SDK work against a server of ours, with its nodes and ours, where a Python 3.12 is."""
    python = next((found for minor in (12, 13, 14) if (found := working(f"python3.{minor}"))), None)
    if python is None:
        session.skip("Exosphere's SDK needs Python 3.12 or later, and none that works is on the PATH")
    install(session, "test")
    sdk = Path(session.create_tmp()) / "sdk"
    session.run(python, "-m", "venv", "--clear", str(sdk), external=True)
    pip = [str(sdk / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    session.run(*pip, "exospherehost==0.0.3b1", "-e", ".[exosphere]", external=True)
    environment = {"EXODSL_EXOSPHERE_PYTHON": str(sdk / "bin" / "python")}
    session.run("pytest", "tests/server/test_sdk.py", "tests/server/test_hosted.py", *session.posargs, env=environment)


@nox.session(default=False)
def clusters(session: nox.Session) -> None:
    """Run bodies on a Dask and on a Ray cluster of this machine's processes; arguments go to pytest."""
    install(session, "test")
    session.install("-e", ".[dask,ray]")
    environment = {"EXODSL_CLUSTERS": "1", "RAY_AUTH_MODE": "disabled"}  # else Ray writes a token to the home folder
    session.run("pytest", "tests/clusters", *session.posargs, env=environment)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Let schemathesis look for what a server of ours does not answer; arguments go to it."""
    install(session, "test")
    session.install("schemathesis>=4.32")
    session.run("python", "-m", "tests.server", *session.posargs)
