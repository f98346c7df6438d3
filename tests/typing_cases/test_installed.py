"""Where exodsl is installed, type checkers see its types: `py.typed` says that they may."""

import json
import re
from importlib.resources import files
from pathlib import Path

from tests.typing_cases.checkers import mypy, pyright

ROOT = Path(__file__).parents[2]
CACHE = str(ROOT / ".mypy_cache" / "installed")
WORKFLOW = """
from exodsl import Graph, node


@node
def total(text: str) -> int:
    return len(text)


graph = Graph("sums")
graph.start(total)
run = graph.run(text="rain")
reveal_type(run.output(total))
reveal_type(run.outputs(total))
"""
SEEN = ["int", "list[int]"]


def test_the_package_says_that_it_is_typed() -> None:
    assert files("exodsl").joinpath("py.typed").is_file()


def test_mypy_sees_the_types_of_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(WORKFLOW, "utf-8")

    # What is found by PYTHONPATH counts as installed, what is found by MYPYPATH as code of one's own.
    output = mypy(tmp_path, "--strict", "--cache-dir", CACHE, "flow.py", PYTHONPATH=str(ROOT), MYPYPATH="")

    seen = re.findall(r'Revealed type is "(.*)"', output)
    assert [kind.replace("builtins.", "") for kind in seen] == SEEN
    assert "error:" not in output


def test_pyright_sees_them_too(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(WORKFLOW, "utf-8")
    settings = {"include": ["flow.py"], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")

    found = pyright(tmp_path)

    assert [match[1] for one in found if (match := re.search(r'is "(.*)"$', one["message"]))] == SEEN
    assert [one["message"] for one in found if one["severity"] == "error"] == []
