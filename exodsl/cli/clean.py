"""`exodsl clean`: removing runs that ended long ago."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import typer

from exodsl.cli.asking import DryRun, Yes, agree
from exodsl.cli.counts import counted
from exodsl.cli.durations import milliseconds
from exodsl.cli.exits import INTERRUPTED, answer, say
from exodsl.cli.options import Database, Json, Namespace
from exodsl.cli.runs import GraphName
from exodsl.cli.storage import found
from exodsl.cli.tables import status_named

if TYPE_CHECKING:
    from exodsl.manager.views import Cleaned, RunStatus

Age = Annotated[
    str,
    typer.Option("--older-than", metavar="TIME", help="How long ago they ended, at least: 30d, 12h, 90m."),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", metavar="STATUS", help="Only runs that are SUCCESS, FAILED or CANCELLED; repeatable."),
]
_ENDED: dict[str, None] = dict.fromkeys(("SUCCESS", "FAILED", "CANCELLED"))
_UNITS = ("bytes", "KB", "MB", "GB")


def clean(
    older_than: Age,
    status: Statuses = None,
    graph: GraphName = None,
    namespace: Namespace = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Remove runs that ended long ago, with all that was recorded of them; runs that go on are never touched.

    Runtimes may work on the database meanwhile. The file does not shrink: what becomes free takes the next runs.
    This says first what it will do, and asks; without a terminal, give --yes.

    Examples:

      exodsl clean --older-than 30d --dry-run
      exodsl clean --older-than 30d --yes
      exodsl clean --older-than 12h --status SUCCESS --graph word-count
    """
    age = timedelta(milliseconds=milliseconds("--older-than", older_than))
    statuses: list[RunStatus] = [cast("RunStatus", status_named(one, _ENDED)) for one in status or _ENDED]
    with found(db) as manager:
        remove = partial(manager.clean, age, statuses=statuses, namespace=namespace, graph=graph)
        planned = remove(dry_run=True)
        worth = planned.runs or planned.versions
        if worth and not dry_run:
            agree(_told(planned, older_than), "Remove them?", yes=yes)
            try:
                planned = remove()
            except KeyboardInterrupt:
                say("Interrupted: what was begun is hidden already, and the next cleaning removes the rest of it.")
                raise typer.Exit(INTERRUPTED) from None
    if as_json:
        answer(json.dumps(_document(planned, dry_run=dry_run), indent=2))
    elif not worth:
        answer(f"There is nothing to remove: no run that fits ended more than {older_than} ago.")
    else:
        answer(_told(planned, older_than) if dry_run else f"removed {_listed(planned)}{_room(planned)}")


def _told(planned: Cleaned, older_than: str) -> str:
    return f"This removes {_listed(planned)}, ended {older_than} ago or before{_room(planned, 'then about ')}."


def _listed(cleaned: Cleaned) -> str:
    runs = f"{counted(cleaned.runs, 'run')} with {counted(cleaned.states, 'state')}"
    return f"{runs} and {counted(cleaned.versions, 'unused version')} of graphs" if cleaned.versions else runs


def _room(cleaned: Cleaned, about: str = "") -> str:
    if not cleaned.file_bytes:  # a key that is limited to namespaces learns nothing of the whole
        return ""
    return f"; {about}{_sized(cleaned.free_bytes)} of the file's {_sized(cleaned.file_bytes)} are free"


def _sized(size: float) -> str:
    """Return a number of bytes as people say it."""
    unit = 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {_UNITS[unit]}"


def _document(cleaned: Cleaned, *, dry_run: bool) -> dict[str, object]:
    return {
        "runs": cleaned.runs,
        "states": cleaned.states,
        "versions": cleaned.versions,
        "file_bytes": cleaned.file_bytes,
        "free_bytes": cleaned.free_bytes,
        "dry_run": dry_run,
    }
