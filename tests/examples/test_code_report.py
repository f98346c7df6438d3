"""The code report, on a small directory."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from exodsl.testing import GraphSnapshot

Example = Callable[[str], ModuleType]

FIRST = "def short():\n    return 1\n\n\ndef longer(x):\n    if x:\n        return 2\n    return 3\n"
SECOND = "async def wait(items):\n    return [item for item in items if item]\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Two packages, a file beside them, installed code that does not count, and a file that does not parse."""
    files = {
        "top.py": "x = 1\n",
        "one/a.py": FIRST,
        "one/deep/b.py": SECOND,
        "two/broken.py": "def (:\n",
        "site-packages/installed.py": FIRST,
        "one/notes.txt": "no code",
    }
    for name, text in files.items():
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).write_text(text)
    return tmp_path / "code"


def test_the_report_sums_up_files_packages_and_all(example: Example, code: Path) -> None:
    run = example("code_report").graph.run(directory=str(code), db=":memory:").raise_if_failed()

    lines = [line.split() for line in run.output("report").splitlines()]
    assert ["one", "2", "10", "3", "2", "longer,", "4", "lines"] in lines
    assert [".", "1", "1", "0", "0", "-"] in lines
    assert ["two", "0", "0", "0", "0", "-"] in lines
    assert ["all", "3", "11", "3", "2", "longer,", "4", "lines"] in lines
    assert lines[-2:] == [["1", "do", "not", "parse:"], ["two/broken.py"]]


def test_a_file_that_does_not_parse_is_pruned_with_its_reason(example: Example, code: Path) -> None:
    run = example("code_report").graph.run(directory=str(code), db=":memory:")

    pruned = run.states(status="PRUNED")

    assert [state.identifier for state in pruned] == ["measure"]
    assert pruned[0].data is not None
    assert pruned[0].data["reason"].startswith("does not parse: ")


def test_an_empty_directory_gives_an_empty_report(example: Example, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    run = example("code_report").graph.run(directory=str(tmp_path / "empty"), db=":memory:")

    assert run.output("report").splitlines()[-1].split() == ["all", "0", "0", "0", "0", "-"]


def test_a_directory_that_is_not_there_fails_at_once(example: Example) -> None:
    run = example("code_report").graph.run(directory="nowhere", db=":memory:")

    assert run.status == "FAILED"
    assert run.error is not None
    assert "nowhere is not a directory" in run.error
    assert len(run.states()) == 1


def test_by_default_it_reports_on_the_standard_library(example: Example) -> None:
    module = example("code_report")

    found = module.packages(module.Settings().directory)

    assert sum(len(package.paths) for package in found) > 500
    assert {"json", "asyncio", "."} <= {package.name for package in found}


def test_a_node_is_a_function(example: Example, code: Path) -> None:
    module = example("code_report")

    measured = module.measure(str(code / "one" / "a.py"))

    assert (measured.lines, measured.functions, measured.branches) == (8, 2, 1)
    assert measured.longest.name == "longer"


def test_the_graph_is_the_one_that_was_reviewed(example: Example, graph_snapshot: GraphSnapshot) -> None:
    assert example("code_report").graph == graph_snapshot
