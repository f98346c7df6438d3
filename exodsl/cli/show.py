"""`exodsl show`: a workflow, or a run with its counts, as a drawing."""

from __future__ import annotations

import re
import shutil
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database
from exodsl.cli.storage import found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exodsl.template.drawings import Counts
    from exodsl.template.models import GraphTemplate

_RUN = re.compile(r"[0-9a-f-]{3,36}")
_WIDEST = 120


class Format(Enum):
    """In which form a drawing is wanted."""

    text = "text"
    mermaid = "mermaid"
    dot = "dot"
    json = "json"


What = Annotated[
    str,
    typer.Argument(
        metavar="TARGET|RUN",
        help="A workflow (file.py, file.py:graph, module:graph, template.json), or the id of a run.",
    ),
]
Form = Annotated[Format, typer.Option("--format", "-f", help="What to draw.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw the text with plain characters only.")]


def show(what: What, form: Form = Format.text, plain: Ascii = False, db: Database = None) -> None:
    """Draw a workflow, or a run with the counts of its states.

    Examples:

      exodsl show words.py
      exodsl show 6f0c21ab
      exodsl show words.py --format mermaid
      exodsl show words.py --format dot | dot -Tsvg > words.svg
    """
    from exodsl.cli.targets import template_of

    if not _RUN.fullmatch(what) or Path(f"{what}.py").is_file():
        answer(_drawn(template_of(what), None, form, plain=plain))
        return
    with found(db) as manager:
        run = manager.run(what)
        template = manager.template(run.namespace, run.graph, run.version)
        counts = {node.identifier: node for node in manager.progress(run.run_id)}
    answer(_drawn(template, counts, form, plain=plain))
    if run.unserved:
        say(f"No runtime has the code of {', '.join(run.unserved)}; what waits there goes on when one has.")


def _drawn(template: GraphTemplate, counts: Mapping[str, Counts] | None, form: Format, *, plain: bool) -> str:
    from exodsl.template import drawings

    if form is Format.text:
        width = min(_WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else _WIDEST
        ascii_only = plain or not _knows_lines(sys.stdout.encoding)
        return drawings.as_text(template, counts, ascii=ascii_only, width=width).rstrip()
    draw = {Format.mermaid: drawings.as_mermaid, Format.dot: drawings.as_dot, Format.json: drawings.as_json}
    return draw[form](template, counts).rstrip()


def _knows_lines(encoding: str | None) -> bool:
    try:
        "═╗✗".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
