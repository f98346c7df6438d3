"""Each code on the page about checks has an example that fails as shown, and a cure that passes."""

import importlib.util
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exodsl.errors import ExodslError, GraphInvalid
from exodsl.template.checks import ensure_valid
from exodsl.template.models import GraphTemplate
from tests.docs.fenced import Block, fenced_blocks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "checks.md").read_text("utf-8")


@dataclass(frozen=True)
class Example:
    """One code of the page: what fails, what is said, what cures it."""

    code: str
    fails: Block
    said: Block
    cure: Block


def examples() -> list[Example]:
    """Return the examples of the page; each section has exactly three blocks."""
    _, *sections = re.split(r"^### (?=E\d{3})", PAGE, flags=re.MULTILINE)
    return [Example(section[:4], *fenced_blocks(section)) for section in sections]


EXAMPLES = examples()
IDS = [example.code for example in EXAMPLES]


def cured(fails: Block, cure: Block) -> str:
    """Return the example with the part that the cure shows put in its place."""
    if cure.title == "instead of all":
        return cure.text
    if fails.language == "json":
        template = json.loads(fails.text)
        nodes = {node["identifier"]: node for node in (*template["nodes"], *json.loads(cure.text))}
        return json.dumps({**template, "nodes": list(nodes.values())})
    title = re.fullmatch(r"instead of the last (?:(\d+) lines|line)", cure.title or "")
    assert title, f"a cure says what it stands in for, not {cure.title!r}"
    kept = fails.text.splitlines()[: -int(title[1] or 1)]
    return "\n".join([*kept, cure.text])


def judge(language: str, text: str) -> None:
    """Check a template in JSON, or the graph of a module."""
    if language == "json":
        ensure_valid(GraphTemplate.model_validate_json(text))
        return
    Path("flows.py").write_text(text + "\n", "utf-8")
    module(Path("flows.py")).graph.compile()


def module(path: Path) -> Any:
    """Import a file afresh, as the module `flows`."""
    spec = importlib.util.spec_from_file_location("flows", path.resolve())
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["flows"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def spoken(error: ExodslError) -> str:
    """Return what an error says, without the line that counts its findings."""
    text = str(error)
    return "\n".join(line.strip() for line in text.splitlines()[isinstance(error, GraphInvalid) :])


def codes(error: ExodslError) -> set[str]:
    """Return the codes of an error: of its findings, its own, or the one that its message begins with."""
    if isinstance(error, GraphInvalid):
        return {finding.code for finding in error.findings}
    return {error.code, str(error)[:4]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write `flows.py` in a folder of its own, and forget the module afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(sys.modules, "flows", None)


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_an_example_fails_as_shown(example: Example) -> None:
    with pytest.raises(ExodslError) as caught:
        judge(example.fails.language, example.fails.text)

    assert spoken(caught.value) == example.said.text
    assert example.code in codes(caught.value)


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_a_cure_passes(example: Example) -> None:
    judge(example.fails.language, cured(example.fails, example.cure))


def test_every_code_of_the_product_is_on_the_page_once() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "exodsl").rglob("*.py")]

    used = {code for source in sources for code in re.findall(r"\bE1\d\d\b", source)}

    assert sorted(IDS) == sorted(used)
