"""What the pages in docs/ show works as shown, and their links lead somewhere."""

import ast
import asyncio
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from exodsl import ExodslError, GraphInvalid
from exodsl.manager.embedded import EmbeddedManager
from tests.docs.fenced import Block, fenced_blocks
from tests.typing_cases.checkers import mypy, pyright

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
ELSEWHERE = {"checks.md"}
"""Pages whose blocks have a test of their own."""
CELL = "a notebook cell"
GIVEN = {
    "semantics.md": """
from pydantic import BaseModel
from exodsl import Graph, collect, node

class Word(BaseModel):
    text: str

class Customer(BaseModel):
    name: str

@node
def customers() -> list[Customer]: return []
@node
def invoices(name: str) -> list[int]: return []
@node
def tax(amount: int) -> int: return amount
@node
def bill(customer: str, amounts: list[int]) -> int: return sum(amounts)
@node
def report(bills: list[int]) -> int: return sum(bills)
graph = Graph("billing")
"""
}
"""What the fragments on a page take for granted."""


@dataclass(frozen=True)
class Section:
    """The blocks below one heading; they belong together."""

    page: Path
    title: str
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.page.name}: {self.title}"


def sections() -> Iterator[Section]:
    """Give every section, of the pages that are tested here, that has Python in it."""
    for page in PAGES:
        if page.name in ELSEWHERE:
            continue
        for text in re.split(r"^## ", page.read_text("utf-8"), flags=re.MULTILINE):
            title, _, rest = text.partition("\n")
            blocks = tuple(fenced_blocks(rest))
            if any(block.language == "python" for block in blocks):
                yield Section(page, title, blocks)


SECTIONS = list(sections())


class Program:
    """The file `flow.py`, which grows block by block and runs each as it is added."""

    def __init__(self, folder: Path, module: ModuleType) -> None:
        self._file, self._module = folder / "flow.py", module
        module.__file__ = str(self._file)

    def run(self, text: str, *, in_a_notebook: bool = False) -> None:
        """Run one more block; in a notebook it may `await`."""
        before = self._file.read_text("utf-8") if self._file.exists() else ""
        self._file.write_text(f"{before}{text}\n", "utf-8")
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if in_a_notebook else 0
        blanks = "\n" * before.count("\n")  # so that places are those in the file
        code = compile(blanks + text, str(self._file), "exec", flags, dont_inherit=True)
        awaited = eval(code, vars(self._module))
        if inspect.iscoroutine(awaited):
            asyncio.run(awaited)

    @property
    def tests(self) -> list[Callable[[], None]]:
        """The tests that the program has for itself."""
        return [value for name, value in vars(self._module).items() if name.startswith("test_")]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """An empty program in a folder of its own, from which modules can be imported."""
    (tmp_path / ".exodsl").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv("EXOSPHERE_STATE_MANAGER_URI", raising=False)
    monkeypatch.setenv("SECRETS_ENCRYPTION_KEY", "")  # so that what a page sets is gone afterwards
    module = ModuleType("flow")
    monkeypatch.setitem(sys.modules, "flow", module)
    yield Program(tmp_path, module)
    for value in vars(module).values():
        if isinstance(value, EmbeddedManager):  # a page need not say that it is closed
            value.close()
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("section", SECTIONS, ids=str)
def test_what_a_section_shows_is_what_happens(
    section: Section, program: Program, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if section.page.name in GIVEN:
        program.run(GIVEN[section.page.name])
    for block, following in zip(section.blocks, (*section.blocks[1:], None), strict=True):
        if block.language != "python":
            continue
        if block.title is not None and block.title != CELL:
            (tmp_path / block.title).write_text(block.text + "\n", "utf-8")
            continue
        program.run(block.text, in_a_notebook=block.title == CELL)
        shown = following.text if following is not None and following.language == "text" else ""
        printed = "\n".join(line.rstrip() for line in capfd.readouterr().out.splitlines())

        assert printed == shown, f"{section}, block {block.line}"
    for test in program.tests:
        test()


def anchors(page: str) -> set[str]:
    """Return what the headings of a page are called in links."""
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken: list[str] = []
    for link, file, anchor in re.findall(r"\]\(((?!https?:)([^)#\s]*)#?([^)\s]*))\)", page.read_text("utf-8")):
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)

    assert broken == []


def test_every_page_is_on_the_map() -> None:
    listed = re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE)

    assert [page.name for page in DOCS.glob("*.md") if page.name not in {*listed, "index.md"}] == []


# --- typing.md ------------------------------------------------------------------------------------

TYPED = next(section for section in SECTIONS if section.page.name == "typing.md").blocks[0].text
ROW = re.compile(r"^\| `(?P<line>.+)` \| (?P<mypy>\S+) \| (?P<pyright>\S+) \| (?P<compile>.+) \|$", re.MULTILINE)
MISTAKES = list(ROW.finditer((DOCS / "typing.md").read_text("utf-8")))
NOTHING = "–"


@pytest.fixture
def checked(tmp_path: Path) -> Path:
    """The module of typing.md, with each mistake on a line of its own below it."""
    path = tmp_path / "mistakes.py"
    path.write_text("\n".join([TYPED, *(mistake["line"] for mistake in MISTAKES)]) + "\n", "utf-8")
    return path


def shown_as_found(column: str, found: set[tuple[int, str]]) -> None:
    """Compare what a checker found, as lines of the module and codes, with a column of the table."""
    first = len(TYPED.splitlines()) + 1
    shown = {number: mistake[column].strip("`") for number, mistake in enumerate(MISTAKES, first)}

    assert {(number, code) for number, code in shown.items() if code != NOTHING} - found == set()
    assert {number for number, _ in found} == {number for number, code in shown.items() if code != NOTHING}


def test_mypy_finds_what_the_table_says(checked: Path) -> None:
    cache = str(ROOT / ".mypy_cache")

    options = ("--strict", "--follow-imports=silent", "--cache-dir", cache)
    output = mypy(checked.parent, *options, checked.name, MYPYPATH=str(ROOT))

    shown_as_found("mypy", {(int(n), code) for n, code in re.findall(r":(\d+): error: .*\[([\w-]+)\]$", output, re.M)})


def test_pyright_finds_what_the_table_says(checked: Path) -> None:
    settings = {"include": [checked.name], "extraPaths": [str(ROOT)], "reportUnusedExpression": False}
    (checked.parent / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")

    findings = pyright(checked.parent)

    found = {(one["range"]["start"]["line"] + 1, one.get("rule", "")) for one in findings}
    shown_as_found("pyright", found)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["line"])
def test_declaring_and_compiling_find_what_the_table_says(mistake: re.Match[str], program: Program) -> None:
    program.run(TYPED)

    with pytest.raises(Exception) as caught:
        program.run(mistake["line"] + "\ngraph.compile()")

    assert mistake["compile"] == ", ".join(f"`{name}`" for name in names_of(caught.value))


def names_of(error: Exception) -> list[str]:
    """Return the codes that an error carries, else its class."""
    if isinstance(error, GraphInvalid):
        return list(dict.fromkeys(finding.code for finding in error.findings))
    code = str(error)[:4]
    return [code if isinstance(error, ExodslError) and re.fullmatch(r"E\d{3}", code) else type(error).__name__]
