"""`exodsl check`: everything that is wrong with workflows, without running them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exodsl.cli.exits import REFUSED, answer, say
from exodsl.cli.options import Json
from exodsl.errors import ExodslError, GraphInvalid

if TYPE_CHECKING:
    from exodsl.errors import Finding

Targets = Annotated[
    list[str], typer.Argument(metavar="TARGET...", help="Workflows: file.py, file.py:graph, or template.json.")
]


def check(targets: Targets, as_json: Json = False) -> None:
    """Check workflows without running them; each finding has its code, file and line.

    Exit code 0 when all of them are fine, otherwise 2.

    Examples:

      exodsl check words.py
      exodsl check flows/*.py template.json
      exodsl check words.py --json
    """
    found = [_checked(target) for target in targets]
    if as_json:
        answer(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for one in found:
            _show(one)
    if any(one["error"] is not None for one in found):
        raise typer.Exit(REFUSED)


def _checked(target: str) -> dict[str, Any]:
    from exodsl.cli.targets import template_of
    from exodsl.template.check_executors import own_executors

    try:
        template = template_of(target)
    except GraphInvalid as error:
        return _found(target, error.graph, str(error), [_plain(finding) for finding in error.findings])
    except ExodslError as error:
        return _found(target, None, str(error), [])
    return {
        **_found(target, template.name, None, []),
        "nodes": len(template.nodes),
        "executors": own_executors(template),
    }


def _found(target: str, graph: str | None, error: str | None, findings: list[Any]) -> dict[str, Any]:
    return {"target": target, "graph": graph, "error": error, "findings": findings}


def _plain(finding: Finding) -> dict[str, Any]:
    names = ("code", "message", "place", "identifiers", "suggestion")
    return {name: getattr(finding, name, None) for name in names}


def _show(one: dict[str, Any]) -> None:
    if one["error"] is None:
        executors = " ".join(f"--executor {name}=..." for name in one["executors"])
        needs = f", and needs {executors}" if executors else ""
        answer(f'{one["target"]}: graph "{one["graph"]}" with {one["nodes"]} nodes is fine{needs}')
    else:
        named = one["target"] in one["error"].partition("\n")[0]
        say(one["error"] if named else f"{one['target']}: {one['error']}")
