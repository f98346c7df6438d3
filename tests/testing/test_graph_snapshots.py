"""Snapshots of graphs: kept, compared, shown where they differ, updated."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.testing.conftest import REWIRED, Pytest

pytest_plugins = ["pytester"]

TEST = """
from words import graph

def test_graph(graph_snapshot):
    assert graph == graph_snapshot
"""
KEPT = "__snapshots__/test_graph/test_graph.txt"


@pytest.fixture
def kept(project: pytest.Pytester, run_pytest: Pytest) -> Path:
    """The snapshot of the project's graph, as it was written first."""
    project.makepyfile(test_graph=TEST)
    run_pytest("--snapshot-update")
    return project.path / KEPT


def test_a_snapshot_is_written_on_demand_and_holds_from_then_on(kept: Path, run_pytest: Pytest) -> None:
    again = run_pytest()

    assert kept.read_text().startswith("graph default/word-count\n  input document: str\n\nnode split\n")
    again.assert_outcomes(passed=1)


def test_a_graph_without_a_snapshot_fails(project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(test_graph=TEST)

    result = run_pytest()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Snapshot 'test_graph' does not exist!"])


def test_a_changed_mapping_is_shown_as_one_line_each_way(
    kept: Path, project: pytest.Pytester, run_pytest: Pytest, snapshot: SnapshotAssertion
) -> None:
    project.makepyfile(words=REWIRED)

    result = run_pytest("--tb=line", "-vv", "-rN")

    result.assert_outcomes(failed=1)
    assert explained(run_pytest("--tb=short", "-rN")) == snapshot


def explained(result: pytest.RunResult) -> str:
    """Return what pytest says of the assertion that failed."""
    return "\n".join(line[2:].rstrip() for line in result.outlines if line.startswith("E "))


def test_an_update_writes_what_there_is_now(kept: Path, project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(words=REWIRED)

    run_pytest("--snapshot-update").assert_outcomes(passed=1)

    assert '  input text: str = "so ${{ split.outputs.text }}"' in kept.read_text().splitlines()
    run_pytest().assert_outcomes(passed=1)


def test_a_snapshot_that_nothing_compares_any_more_is_reported(
    kept: Path, project: pytest.Pytester, run_pytest: Pytest
) -> None:
    project.makepyfile(test_graph=TEST.replace("def test_graph", "def test_other"))

    result = run_pytest("--snapshot-update")

    result.stdout.fnmatch_lines(["1 snapshot generated. 1 unused snapshot deleted."])
    assert [path.name for path in kept.parent.iterdir()] == ["test_other.txt"]


def test_other_formats_have_files_of_their_own(project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(
        test_graph="""
        from words import graph

        def test_graph(graph_snapshot):
            assert graph == graph_snapshot
            assert graph == graph_snapshot.mmd
            assert graph == graph_snapshot(format="json")
            assert graph.compile() == graph_snapshot(name="template")
        """
    )

    run_pytest("--snapshot-update")

    kept = {path.name: path.read_text() for path in (project.path / KEPT).parent.iterdir()}
    assert sorted(kept) == ["test_graph.json", "test_graph.mmd", "test_graph.txt", "test_graph[template].txt"]
    assert kept["test_graph.mmd"].splitlines()[3] == "flowchart TD"
    assert kept["test_graph[template].txt"] == kept["test_graph.txt"]
    run_pytest().assert_outcomes(passed=1)


def test_the_plain_snapshot_of_syrupy_has_the_same_text(project: pytest.Pytester, run_pytest: Pytest) -> None:
    project.makepyfile(
        test_graph="""
        from words import graph

        def test_graph(snapshot):
            assert graph == snapshot
            assert {"graphs": [graph.compile()]} == snapshot
        """
    )

    run_pytest("--snapshot-update")

    lines = (project.path / "__snapshots__" / "test_graph.ambr").read_text().splitlines()
    assert [line.strip() for line in lines].count("input text: str = ${{ split.outputs.text }}") == 2
    run_pytest("-n", "1").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("compared", "said"),
    [
        ("5 == graph_snapshot", "*A snapshot of a graph is compared with a graph or its template, not with 5."),
        ('graph == graph_snapshot(format="png")', '*graph_snapshot(format="png") takes outline, mermaid or json.'),
    ],
)
def test_what_cannot_be_compared_is_named(
    project: pytest.Pytester, run_pytest: Pytest, compared: str, said: str
) -> None:
    project.makepyfile(test_graph=TEST.replace("graph == graph_snapshot", compared))

    result = run_pytest("--snapshot-update")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])


def test_workers_of_xdist_compare_snapshots_too(kept: Path, run_pytest: Pytest) -> None:
    result = run_pytest("-n", "1")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 snapshot passed."])
