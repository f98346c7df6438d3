"""`exodsl export`: a workflow as JSON, in Exosphere's plain form or whole."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from exodsl.cli.exits import answer, say
from exodsl.cli.options import Target

Whole = Annotated[
    bool, typer.Option("--whole", help="Everything exodsl knows of it; `exodsl run` takes that back with --nodes.")
]
Placed = Annotated[str | None, typer.Option("--namespace", metavar="NAME", help="Export it for this namespace.")]


def export(target: Target, whole: Whole = False, namespace: Placed = None) -> None:
    """Write a workflow as JSON to stdout, in the form that Exosphere's state manager takes.

    What that form cannot say is named on stderr, one line each.

    Examples:

      exodsl export words.py > words.json
      exodsl export words.py --whole > words.json
      exodsl run words.json --nodes words.py --input document="A text."
    """
    from exodsl.cli.targets import template_of
    from exodsl.template.export import as_exosphere

    template = template_of(target, namespace)
    if whole:
        answer(template.model_dump_json(indent=2, exclude_defaults=True))
        return
    body, lost = as_exosphere(template)
    answer(json.dumps(body, ensure_ascii=False, indent=2))
    for line in lost:
        say(f"not in this form: {line}")
