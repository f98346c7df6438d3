"""`exodsl runs`: the runs of a database, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from exodsl.cli.exits import say
from exodsl.cli.finding import found_runs
from exodsl.cli.options import Cursor, Database, Json, Limit, Namespace
from exodsl.cli.results import short
from exodsl.cli.storage import found
from exodsl.cli.tables import lasted, local_time, say_more, show_page, show_table, status_named
from exodsl.errors import InputInvalid
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from exodsl.manager.filters import RunFilter
    from exodsl.manager.views import RunStatus, RunView

GraphName = Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of graphs of this name.")]
Status = Annotated[
    str | None,
    typer.Option(metavar="STATUS", help="Only runs that are RUNNING, PAUSED, SUCCESS, FAILED or CANCELLED."),
]
Where = Annotated[
    str | None,
    typer.Option(metavar="FILTER", help="Only runs that fit a filter, such as 'status:failed age:<2h'."),
]


def runs(
    graph: GraphName = None,
    status: Status = None,
    namespace: Namespace = None,
    where: Where = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """List runs, newest first.

    A run whose process was killed stays RUNNING; the last column says that no process works on it.

    A filter has conditions `field:value`, all of which have to hold: status, graph, namespace, id, age; with `,` for
    or, and `-` before it for not.

    Examples:

      exodsl runs
      exodsl runs --graph word-count --status FAILED
      exodsl runs --limit 100 --json
      exodsl runs --where 'status:failed,cancelled -graph:test* age:<2h'
    """
    from exodsl.engine.status import Run

    wanted = cast("RunStatus | None", status_named(status, Run.__members__))
    if cursor is not None and not cursor.isdecimal():
        raise InputInvalid(f'--cursor "{cursor}" is no cursor of a page of runs. The end of a page says it.')
    with found(db) as manager:
        if where is None:
            page = manager.runs(namespace=namespace, graph=graph, status=wanted, limit=limit, cursor=cursor)
        else:
            page = found_runs(manager, _filter(where, graph, namespace, wanted), limit, cursor)
    if as_json:
        show_page(page)
        return
    if not page.items and where is None:
        say("no runs that fit" if graph or status or namespace or cursor else "no runs")
    if not page.items:
        return
    show_table(("RUN", "GRAPH", "STATUS", "STARTED", "TOOK", "ERROR"), [_row(run) for run in page.items])
    say_more(command(db, "runs", *_again(graph, status, namespace, where, limit)), page)
    if any(_is_left(run) for run in page.items):
        say(f"Go on with a run that no process works on: {command(db, 'resume', 'RUN')}")


def _filter(where: str, graph: str | None, namespace: str | None, status: RunStatus | None) -> RunFilter:
    from exodsl.manager.filter_text import run_filter
    from exodsl.manager.filters import RunFilter, Term

    given = {"graph": graph, "namespace": namespace, "status": status}
    others = [Term(field, "=", (value,)) for field, value in given.items() if value is not None]
    return RunFilter((*others, *run_filter(where).terms))


def _is_left(run: RunView) -> bool:
    return run.status == "RUNNING" and not run.served


def _row(run: RunView) -> tuple[str, ...]:
    return (
        short(run.run_id),
        run.graph if run.namespace == "default" else f"{run.namespace}/{run.graph}",
        run.status,
        local_time(run.created_at),
        lasted(run.created_at, run.finished_at),
        _note(run),
    )


def _note(run: RunView) -> str:
    if _is_left(run):
        return "no process works on it"
    if run.unserved:
        return f"no runtime has the code of {', '.join(run.unserved)}"
    return " ".join((run.error or "").split())


def _again(graph: str | None, status: str | None, namespace: str | None, where: str | None, limit: int) -> list[str]:
    """Return the options of this page for the next one."""
    given = {"--graph": graph, "--status": status, "--namespace": namespace, "--where": where, "--limit": str(limit)}
    return [word for option, value in given.items() if value is not None for word in (option, value)]
