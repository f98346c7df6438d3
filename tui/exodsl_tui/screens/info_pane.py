"""The facts of a run: ids, version, inputs, times, who works on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from exodsl.manager.inspection import RuntimeView
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunView, ScheduleView
from exodsl_tui.host import host
from exodsl_tui.looking import Facts, Subject
from exodsl_tui.screens.base import Pane
from exodsl_tui.signs import Piece, Pieces
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.words import NOTHING, at, pretty, say, short, took

NAMES = 14
"""Columns for what stands before a fact."""


@dataclass(frozen=True, slots=True)
class Info:
    """What is told."""

    facts: Facts
    run: RunView
    newest: int
    schedules: tuple[ScheduleView, ...]
    runtimes: tuple[RuntimeView, ...]


def read(manager: StateManager, subject: Subject) -> Info:
    """Read the facts; runs in the reader's thread."""
    facts = subject.facts(manager)
    run = manager.run(facts.run_id)
    graphs = manager.graphs(limit=1_000).items
    newest = next((g.version for g in graphs if (g.namespace, g.name) == (run.namespace, run.graph)), run.version)
    schedules = manager.schedules(namespace=run.namespace, graph=run.graph)
    return Info(facts, run, newest, schedules, tuple(filter(lambda r: _serves(r, run), manager.runtimes())))


def _serves(runtime: RuntimeView, run: RunView) -> bool:
    if runtime.run_id not in (None, run.run_id):
        return False
    return f"{run.namespace}/{run.graph}" in runtime.serves or f"{run.namespace}/*" in runtime.serves


class InfoPane(Pane):
    """The facts, as lines."""

    HELP = "What there is to know of the run. `y` copies the link to it."
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject = subject

    def compose(self) -> ComposeResult:
        """Show lines."""
        yield Lines()

    def on_mount(self) -> None:
        """Follow the facts."""
        self.follow("info", lambda manager: read(manager, self._subject), self._take)

    def opened(self) -> None:
        """Give the lines the focus."""
        self.query_one(Lines).focus()

    def _take(self, info: Info) -> None:
        self.query_one(Lines).show([*self._identity(info), *self._times(info), *self._work(info), *_inputs(info.run)])

    def _identity(self, info: Info) -> Iterator[Pieces]:
        run, template = info.run, info.facts.template
        yield _fact("run", (run.run_id, "strong"), (f"   short {short(run.run_id)}", "dim"))
        symbol = host(self).signs.run(run.status)
        yield _fact("status", symbol, (f" {run.status}", symbol[1]))
        if run.error is not None:
            yield _fact("error", (run.error, "bad"))
        yield _fact("graph", (f"{run.namespace}/{run.graph}", ""))
        newer = (
            "" if info.newest <= run.version else f"   there is a newer one, {info.newest}; the run stays on its own"
        )
        yield _fact("version", (str(run.version), ""), (newer, "dim"))
        yield _fact("hash", (template.content_hash, "dim"))
        yield _fact("nodes", (str(len(template.nodes)), ""))
        yield _fact("target", (run.target or NOTHING, ""))

    def _times(self, info: Info) -> Iterator[Pieces]:
        around = host(self)
        run, now = info.run, around.now()
        yield ()
        yield _fact("created", (at(run.created_at, around.zone, now), ""))
        yield _fact("finished", (at(run.finished_at, around.zone, now), ""))
        yield _fact("took", (took(run.created_at, run.finished_at, now), ""))
        for schedule in info.schedules:
            yield _fact("schedule", (f"{schedule.cron} {schedule.tz}", ""), *_ticks(schedule, run))

    def _work(self, info: Info) -> Iterator[Pieces]:
        yield ()
        if info.run.finished_at is not None:
            return
        served = "yes" if info.run.served else "no: no runtime is there that works on this graph"
        yield _fact("served", (served, "" if info.run.served else "bad"))
        for name in info.run.unserved:
            yield _fact("", (f"no runtime has the code of {name}", "bad"))
        for runtime in info.runtimes:
            held = f" holds {runtime.held}" if runtime.held else ""
            yield _fact("runtime", (f"{runtime.name} on {runtime.host}", ""), (held, "active"))
        yield ()


def _fact(name: str, *pieces: Piece) -> Pieces:
    return ((f"{name:<{NAMES}}", "dim"), *pieces)


def _ticks(schedule: ScheduleView, run: RunView) -> Iterator[Piece]:
    if any(tick.run_id == run.run_id for tick in schedule.last_ticks):
        yield "   started this run", "strong"
    if schedule.paused:
        yield "   paused", "retry"
    elif schedule.next_times:
        yield f"   next {schedule.next_times[0]:%Y-%m-%d %H:%M}", "dim"


def _inputs(run: RunView) -> Iterator[Pieces]:
    yield say("inputs", "dim")
    yield from (say(f"  {line}") for line in pretty(run.inputs).splitlines())
