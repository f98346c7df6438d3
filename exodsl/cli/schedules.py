"""`exodsl schedules`: when the clock starts runs, what came of it, and how to stop it for a while (semantics 9)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, Json
from exodsl.cli.results import short
from exodsl.cli.storage import found
from exodsl.cli.tables import as_plain, show_page
from exodsl.errors import InputInvalid

if TYPE_CHECKING:
    from exodsl.manager.views import ScheduleView, TickView

GraphName = Annotated[str | None, typer.Option(metavar="NAME", help="Only schedules of graphs of this name.")]
Of = Annotated[
    str | None, typer.Option("--namespace", metavar="NAME", help="Only schedules of graphs in this namespace.")
]
Pause = Annotated[int | None, typer.Option(metavar="ID", help="Let this schedule start no runs until it is resumed.")]
Resume = Annotated[
    int | None, typer.Option(metavar="ID", help="Let this one go on; nothing of meanwhile is caught up.")
]
_LEFT = 8
"""How far the times stand from the left."""


def schedules(
    graph: GraphName = None,
    namespace: Of = None,
    pause: Pause = None,
    resume: Resume = None,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """List schedules with their next times and last ticks, or pause and resume one.

    A runtime has to be there for a schedule to tick; any one on the database will do.

    Examples:

      exodsl schedules
      exodsl schedules --graph word-count --json
      exodsl schedules --pause 3
      exodsl schedules --resume 3
    """
    if (pause, resume) == (None, None):
        _show_all(graph, namespace, db, as_json=as_json)
        return
    if graph or namespace or (pause is not None and resume is not None):
        raise InputInvalid("--pause and --resume take one schedule by its id, and go with no other choice.")
    with found(db) as manager:
        view = manager.resume_schedule(resume) if resume is not None else manager.pause_schedule(pause or 0)
    answer(json.dumps(as_plain(view), ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(view)))


def _show_all(graph: str | None, namespace: str | None, db: str | None, *, as_json: bool) -> None:
    from exodsl.manager.views import Page

    with found(db) as manager:
        views = manager.schedules(namespace=namespace, graph=graph)
    if as_json:
        show_page(Page(views, None))
    elif views:
        answer("\n\n".join("\n".join(_lines(view)) for view in views))
    else:
        say("no schedules that fit" if graph or namespace else "no schedules")


def _lines(view: ScheduleView) -> Iterator[str]:
    name = view.graph if view.namespace == "default" else f"{view.namespace}/{view.graph}"
    state = "  PAUSED" if view.paused else ""
    yield f"{view.schedule_id}  {name}  {view.cron}  {view.tz}{state}"
    yield _named("options", [f"catch_up={view.catch_up}, overlap={view.overlap}"])
    if view.next_times:
        yield _named("next", [_time(time) for time in view.next_times])
    if view.last_ticks:
        yield _named("last", [_tick(tick) for tick in view.last_ticks])


def _named(name: str, lines: Sequence[str]) -> str:
    """Return lines below each other, beside what they are."""
    return "\n".join(f"   {name if number == 0 else '':{_LEFT}}{line}" for number, line in enumerate(lines))


def _tick(tick: TickView) -> str:
    came = f"run {short(tick.run_id)} {tick.run_status}" if tick.run_id else ""
    return "  ".join(part for part in (_time(tick.at), f"{tick.outcome:7}", tick.reason or came) if part).rstrip()


def _time(moment: datetime) -> str:
    """Return a tick as a clock in the time zone of its schedule shows it."""
    offset = moment.strftime("%z")
    return f"{moment:%a %Y-%m-%d %H:%M} {offset[:3]}:{offset[3:]}"
