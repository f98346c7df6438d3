"""`exodsl diff`: what changed between two versions of a workflow, and which live runs stay behind."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exodsl.cli.exits import DIFFERENT, answer
from exodsl.cli.options import Database, Json
from exodsl.cli.storage import found, is_there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exodsl.cli.staying import Staying
    from exodsl.template.diff import Change, Difference
    from exodsl.template.models import GraphTemplate

_STORED = re.compile(r"(?!git:)(?P<graph>.+)@(?P<version>\d+|newest)")
_NAMED = "file.py, file.py:graph, template.json, GRAPH@3 or GRAPH@newest in the database, git:HEAD~1:file.py."
_DETAILS = {
    "input": "its inputs are declared otherwise: descriptions, defaults, limits, or what models hold",
    "output": "its outputs are declared otherwise: descriptions, defaults, limits, or what models hold",
    "form": "the same is said in another form, such as another order",
}
_COUNTED = {
    "mapping": "input rewired",
    "unites": "unite changed",
    "retry": "setting changed",
    "timeout": "setting changed",
    "executor": "setting changed",
}

Before = Annotated[str, typer.Argument(metavar="A", help=f"A workflow: {_NAMED}")]
After = Annotated[str, typer.Argument(metavar="B", help="The workflow to compare it with, named likewise.")]
Placed = Annotated[
    str | None,
    typer.Option("--namespace", metavar="NAME", help="Where GRAPH@3 is looked for, and other workflows are kept."),
]


def diff(before: Before, after: After, namespace: Placed = None, db: Database = None, as_json: Json = False) -> None:
    """Compare two versions of a workflow, and say which live runs stay on which version.

    Exit code 0 when they are the same, 1 when they differ.

    Examples:

      exodsl diff word-count@newest words.py
      exodsl diff git:HEAD~1:words.py words.py
      exodsl diff word-count@1 word-count@2 --json
    """
    from concurrent.futures import ThreadPoolExecutor

    from exodsl.cli.staying import staying
    from exodsl.template.diff import difference

    with ThreadPoolExecutor(2) as both:  # each may wait for a process that loads a module
        one, other = both.map(lambda target: _template(target, namespace, db), (before, after))
    changed = difference(one, other)
    stay = staying(db, one, other) if is_there(db) else None
    if as_json:
        answer(json.dumps(_document([(before, one), (after, other)], changed, stay), ensure_ascii=False, indent=2))
    else:
        answer("\n".join([*_page(before, after, other, changed), *map(_told, stay or ())]))
    if changed:
        raise typer.Exit(DIFFERENT)


def _template(target: str, namespace: str | None, db: str | None) -> GraphTemplate:
    from exodsl.cli.apart import at_revision, compiled_apart
    from exodsl.cli.targets import bare_workflow, placed

    stored = _STORED.fullmatch(target)
    if stored is not None:
        version = None if stored["version"] == "newest" else int(stored["version"])
        with found(db) as manager:
            return manager.template(namespace or "default", stored["graph"], version)
    if target.endswith(".json") and not at_revision(target):
        return bare_workflow(target, namespace).template
    return placed(compiled_apart(target), namespace)


def _document(
    compared: list[tuple[str, GraphTemplate]], changed: Difference, stay: tuple[Staying, ...] | None
) -> dict[str, Any]:
    names = [{"target": target, "namespace": one.namespace, "graph": one.name} for target, one in compared]
    return {
        "same": not changed,
        "compared": names,
        "nodes": {"added": changed.nodes_added, "removed": changed.nodes_removed},
        "edges": {"added": changed.edges_added, "removed": changed.edges_removed},
        "changes": [asdict(change) for change in changed.within],
        "live_runs": None if stay is None else [asdict(one) for one in stay],
    }


def _page(before: str, after: str, template: GraphTemplate, changed: Difference) -> Iterator[str]:
    """Give the lines for people: what changed, node by node, and a summary."""
    from exodsl.template.drawings.text import shown

    if not changed:
        yield f'{before} and {after} say the same of graph "{template.name}".'
        return
    yield f"--- {before}"
    yield f"+++ {after}"
    for node, changes in groupby(changed.changes, key=lambda change: change.node):
        yield ""
        yield f"  graph {shown(template.name)}" if node is None else f"{_sign(node, changed)} node {shown(node)}"
        for change in changes:
            yield from _lines(change)
    yield ""
    yield _summary(changed)


def _sign(node: str, changed: Difference) -> str:
    if node in changed.nodes_added:
        return "+"
    return "-" if node in changed.nodes_removed else " "


def _lines(change: Change) -> Iterator[str]:
    if change.kind == "details":
        yield f"~   {_DETAILS[change.name]}"
        return
    if change.before is not None:
        yield f"-   {change.before}"
    if change.after is not None:
        yield f"+   {change.after}"


def _summary(changed: Difference) -> str:
    """Return how much changed, in one line."""
    counts = {
        "node added": len(changed.nodes_added),
        "node removed": len(changed.nodes_removed),
        "edge added": len(changed.edges_added),
        "edge removed": len(changed.edges_removed),
        **Counter(_COUNTED.get(change.kind, "declaration changed") for change in changed.within),
    }
    return ", ".join(_counted(number, what) for what, number in counts.items() if number) + "."


def _counted(number: int, what: str) -> str:
    noun, _, verb = what.partition(" ")
    return f"{number} {noun}{'' if number == 1 else 's'} {verb}"


def _told(stay: Staying) -> str:
    """Return what becomes of the live runs of one version."""
    runs = f"1 live run of {stay.graph} is" if stay.runs == 1 else f"{stay.runs} live runs of {stay.graph} are"
    if stay.current:
        return f"{runs} on version {stay.version}, which is the second."
    stays, needs = ("stays", "it needs") if stay.runs == 1 else ("stay", "they need")
    gone = f"; {needs} {', '.join(stay.missing)}, which the second does not have" if stay.missing else ""
    return f"{runs} on version {stay.version}, and {stays} there{gone}."
