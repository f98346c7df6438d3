"""What is checked, and how: `nox -s tests` first, `nox -l` for the list."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"  # uv where it is installed, else what nox brings
nox.options.sessions = ["tests", "lint", "types"]
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, group: str) -> None:
    """Install a dependency group beside the project itself, which is editable so that edits are seen."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, group))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite with two workers; arguments go to pytest."""
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
    """Kill runtimes at random, with `--postgres` their server too, while they work on 200 runs."""
    install(session, "test")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session(default=False)
def mutations(session: nox.Session) -> None:
    """Break the product on purpose, one way at a time, and see that a test notices; words choose some ways."""
    install(session, "test")
    session.run("python", "-m", "tests.mutations", *session.posargs)
