"""A report on the Python code below a directory: measured file by file, summed up per package, then over all.

Run it with ``exodsl run examples/code_report.py``, or on code of your own with ``--input directory=src``.

::

    packages ══► files ══► measure ══► summarize ══► report
       one of each package:  └─ united per package ─┘      └─ united over all packages
"""

import ast
import sysconfig
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel

from exodsl import Fatal, Graph, Prune, collect, node

STANDARD_LIBRARY = sysconfig.get_path("stdlib")
INSTALLED = {"site-packages", "dist-packages"}
BRANCHES = (
    ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case,
)  # fmt: skip


class Settings(BaseModel):
    directory: str = STANDARD_LIBRARY


class Package(BaseModel):
    """A directory right below the one that is reported on; `.` has the files that lie beside them."""

    name: str
    paths: list[str]


class File(BaseModel):
    path: str


class Function(BaseModel):
    name: str
    place: str
    lines: int


class Measure(BaseModel):
    path: str
    lines: int
    functions: int
    branches: int
    longest: Function | None


class Summary(BaseModel):
    """What one package came to; `unread` are the files that do not parse."""

    package: str
    files: int
    lines: int
    functions: int
    branches: int
    longest: Function | None
    unread: list[str]


@node
def packages(directory: str) -> list[Package]:
    """Find the packages: a fanout, everything behind it runs once for each of them."""
    root = Path(directory)
    if not root.is_dir():
        raise Fatal(f"{directory} is not a directory")  # trying again would not help
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if path.is_file() and not INSTALLED & set(parts):
            found.setdefault(parts[0] if len(parts) > 1 else ".", []).append(str(path))
    return [Package(name=name, paths=paths) for name, paths in found.items()]


@node
def files(paths: list[str]) -> list[File]:
    """Take a package apart: a fanout inside the fanout."""
    return [File(path=path) for path in paths]


@node(executor="process")
def measure(path: str) -> Measure:
    """Measure one file; a file that does not parse leaves the report here, with its reason."""
    source = Path(path).read_bytes()
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source, path)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Prune(f"does not parse: {error}", path=path) from error
    nodes = list(ast.walk(tree))
    functions = [
        Function(name=found.name, place=f"{path}:{found.lineno}", lines=_length(found))
        for found in nodes
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return Measure(
        path=path,
        lines=len(source.splitlines()),
        functions=len(functions),
        branches=sum(isinstance(found, BRANCHES) for found in nodes),
        longest=_longest(functions),
    )


@node
def summarize(package: str, paths: Sequence[str], measures: Sequence[Measure]) -> Summary:
    """Sum up one package: runs when the last of its files is measured or pruned."""
    measured = {found.path for found in measures}
    return Summary(
        package=package,
        files=len(measures),
        lines=sum(found.lines for found in measures),
        functions=sum(found.functions for found in measures),
        branches=sum(found.branches for found in measures),
        longest=_longest(found.longest for found in measures),
        unread=[path for path in paths if path not in measured],
    )


@node
def report(directory: str, summaries: Sequence[Summary]) -> str:
    """Write the report: runs once, behind everything."""
    ordered = sorted(summaries, key=lambda summary: -summary.lines)
    rows = [_row(summary) for summary in ordered]
    unread = [path for summary in summaries for path in summary.unread]
    head = [f"Python code in {directory}", "", HEAD, RULE]
    return "\n".join([*head, *rows, RULE, _row(_total(summaries)), *_unread(unread, directory)])


HEAD = f"{'package':<20}{'files':>8}{'lines':>10}{'functions':>11}{'branches':>10}  longest function"
RULE = "─" * 84


def _row(summary: Summary) -> str:
    longest = summary.longest
    tail = f"{longest.name}, {longest.lines:,} lines" if longest else "-"
    return (
        f"{summary.package[:20]:<20}{summary.files:>8,}{summary.lines:>10,}"
        f"{summary.functions:>11,}{summary.branches:>10,}  {tail}"
    )


def _total(summaries: Sequence[Summary]) -> Summary:
    return Summary(
        package="all",
        files=sum(summary.files for summary in summaries),
        lines=sum(summary.lines for summary in summaries),
        functions=sum(summary.functions for summary in summaries),
        branches=sum(summary.branches for summary in summaries),
        longest=_longest(summary.longest for summary in summaries),
        unread=[],
    )


def _unread(paths: Sequence[str], directory: str) -> list[str]:
    if not paths:
        return []
    listed = [f"  {Path(path).relative_to(directory)}" for path in paths]
    return ["", f"{len(paths)} do not parse:", *listed]


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _longest(functions: Iterable[Function | None]) -> Function | None:
    return max((found for found in functions if found), key=lambda found: found.lines, default=None)


graph = Graph("code-report", inputs=Settings)
graph.start(packages, directory=graph.inputs.directory)
graph.connect(packages, files, paths=packages.outputs.paths)
graph.connect(files, measure, path=files.outputs.path)
graph.connect(
    measure,
    summarize,
    package=packages.outputs.name,
    paths=collect(files.outputs.path),
    measures=collect(measure.outputs),
).unites(files)
graph.connect(summarize, report, directory=graph.inputs.directory, summaries=collect(summarize.outputs)).unites(
    packages
)
