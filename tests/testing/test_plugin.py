"""The pytest plugin: light where it is not used, at peace with others, and coverage as a session reports it."""

import json
import subprocess
import sys

import pytest

from tests.testing.conftest import WORDS, Pytest

pytest_plugins = ["pytester"]

TEST = """
from words import graph, total

def test_run():
    assert graph.run(document="a b. c", db=":memory:").output(total) == 3
"""
MISSING = """raise ModuleNotFoundError("No module named 'syrupy'", name="syrupy")"""
"""A module in the place of the real one: for pytest as for us, that one is not there."""
HEAVY = {"anyio", "cryptography", "networkx", "peewee", "pydantic", "syrupy", "typer"}


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    code = "import json, sys, exodsl.testing.plugin; print(json.dumps(sorted(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert HEAVY & {name.partition(".")[0] for name in json.loads(done.stdout)} == set()


def test_a_project_that_does_not_use_it_notices_nothing(project: pytest.Pytester, run_pytest_apart: Pytest) -> None:
    project.makepyfile(
        test_other="""
        import sys

        def test_other(snapshot):
            assert {"a": 1} != snapshot
            assert {name for name in sys.modules if name.startswith("exodsl")} == {
                "exodsl", "exodsl.errors", "exodsl.testing", "exodsl.testing.graphs", "exodsl.testing.plugin"
            }
        """
    )

    result = run_pytest_apart()

    result.stdout.no_fnmatch_line("*exodsl coverage*")
    result.assert_outcomes(passed=1)


def test_without_syrupy_one_line_says_what_to_install(project: pytest.Pytester, run_pytest_apart: Pytest) -> None:
    project.makepyfile(syrupy=MISSING, test_graph="def test_graph(graph_snapshot): ...\n\ndef test_other(): ...")

    result = run_pytest_apart("-p", "no:syrupy")

    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        ['Snapshots of graphs need a part of exodsl that is not installed: pip install "exodsl[[]testing]"']
    )


def test_a_test_that_imports_what_needs_syrupy_is_told_what_to_install(
    project: pytest.Pytester, run_pytest_apart: Pytest
) -> None:
    project.makepyfile(syrupy=MISSING, test_graph="from exodsl.testing import GraphSnapshot\n\ndef test_graph(): ...")

    result = run_pytest_apart("-p", "no:syrupy")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['*ExtraMissing: `GraphSnapshot` and snapshots of graphs need*"exodsl[[]testing]"'])


def test_a_syrupy_that_is_turned_off_is_said(project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(test_graph="def test_graph(graph_snapshot): ...")

    run_pytest("-p", "no:syrupy").stdout.fnmatch_lines(["*which is turned off: leave `-p no:syrupy` out."])


def test_tests_of_asyncio_and_anyio_stand_side_by_side(project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(
        test_async="""
        import pytest
        from words import graph, total

        @pytest.mark.asyncio
        async def test_asyncio(graph_snapshot):
            run = await graph.arun(document="a b. c", db=":memory:")
            assert run.output(total) == 3
            assert graph == graph_snapshot

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_anyio(graph_snapshot):
            run = await graph.arun(document="a b. c", db=":memory:")
            assert run.output(total) == 3
            assert graph == graph_snapshot
        """
    )

    run_pytest("--snapshot-update").assert_outcomes(passed=2)


def test_runs_inline_and_their_clock_are_fixtures_and_count_for_coverage(
    project: pytest.Pytester, run_pytest: Pytest
) -> None:
    project.makepyfile(
        test_inline="""
        from words import graph, total

        def test_run(run_inline, fake_clock):
            run = run_inline(graph, document="a b. c", clock=fake_clock)
            assert run.output(total) == 3
            assert run.clock is fake_clock
        """
    )

    result = run_pytest("--exodsl-coverage-fail-under=40")

    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_coverage_prints_what_was_never_taken(project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(test_run=TEST)

    result = run_pytest("--exodsl-coverage")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*= exodsl coverage =*",
            "default/word-count: 5 of 12 ways taken, 41 %",
            "    never retried: split, count_words, total",
            "    never failed: split, count_words, total",
            "    never an empty fanout: split",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(("least", "code"), [("41", 0), ("42", 1)])
def test_a_session_fails_that_takes_too_little(
    project: pytest.Pytester, run_pytest: Pytest, least: str, code: int
) -> None:
    project.makepyfile(test_run=TEST)

    result = run_pytest(f"--exodsl-coverage-fail-under={least}")

    result.assert_outcomes(passed=1)
    assert result.ret == code
    assert ("FAIL: 41.67 % of the ways were taken, fewer than 42 %" in result.outlines) == bool(code)


def test_workers_of_xdist_send_what_they_saw(project: pytest.Pytester, run_pytest: Pytest) -> None:
    empty = 'def test_empty():\n    assert graph.run(document="", db=":memory:").output(total) == 0'
    words = (project.path / "words.py").read_text().replace("return [Sent", 'return [] if document == "" else [Sent')
    project.makepyfile(words=words, test_run=TEST, test_empty=f"from words import graph, total\n\n{empty}\n")

    result = run_pytest("-n", "2", "--dist", "loadfile", "--exodsl-coverage-fail-under", "50")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["default/word-count: 6 of 12 ways taken, 50 %"])


STARTED = """
import multiprocessing
import subprocess
import sys

import forked
import pytest

MAIN = "from exodsl.cli import main; main()"
RUN = ["run", "command.py", "--input", "document=a b. c", "--db", "runs.db"]
SCRIPT = "from script import graph; graph.run(document='a b. c', db=':memory:')"

def test_command():
    subprocess.run([sys.executable, "-c", MAIN, *RUN], check=True)

def test_script():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)

def work():
    forked.graph.run(document="a b. c", db=":memory:")

@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_fork():
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == 0
"""


def test_runs_in_processes_that_tests_start_count(project: pytest.Pytester, run_pytest: Pytest) -> None:
    names = ("command", "forked", "script")
    project.makepyfile(test_started=STARTED, **{name: WORDS.replace("word-count", name) for name in names})

    result = run_pytest("--exodsl-coverage", "-n", "1")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"default/{name}: 5 of 12 ways taken, 41 %" for name in names])


@pytest.mark.parametrize("least", ["101", "-1", "much", "nan"])
def test_a_percentage_that_is_none_is_refused(run_pytest: Pytest, least: str) -> None:
    result = run_pytest(f"--exodsl-coverage-fail-under={least}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*a percentage is a number from 0 to 100, not {least}"])
