"""The columns of runs."""

from __future__ import annotations

from exodsl.manager.inspection import RunSummary
from exodsl_tui.bars import bar
from exodsl_tui.host import Host
from exodsl_tui.signs import Pieces, Tone
from exodsl_tui.widgets.columns import Column
from exodsl_tui.words import ago, brief, say, short, took


def graph_name(namespace: str, graph: str) -> str:
    """Return the name of a graph, with its namespace unless that is the default one."""
    return graph if namespace == "default" else f"{namespace}/{graph}"


def run_columns(around: Host) -> tuple[Column[RunSummary], ...]:
    """Return the columns of runs, by the terminal's signs and the time."""
    signs = around.signs

    def status(run: RunSummary, _width: int) -> Pieces:
        return (signs.run(run.status),)

    def graph(run: RunSummary, _width: int) -> Pieces:
        return say(graph_name(run.namespace, run.graph))

    def progress(run: RunSummary, width: int) -> Pieces:
        return bar(signs, width, total=run.total, success=run.success, failed=run.failed, live=run.live)

    def duration(run: RunSummary, _width: int) -> Pieces:
        return say(took(run.created_at, run.finished_at, around.now()))

    def age(run: RunSummary, _width: int) -> Pieces:
        return say(ago(run.created_at, around.now()), "dim")

    return (
        Column("status", "", status, 1, priority=0),
        Column("run", "run", lambda run, _: say(short(run.run_id), "accent"), 8, priority=0),
        Column("graph", "graph", graph, 12, 3, priority=0),
        Column("version", "ver", lambda run, _: say(f"v{run.version}", "dim"), 4, priority=6),
        Column("progress", "progress", progress, 10, 2, priority=2),
        Column("states", "states", lambda run, _: say(brief(run.total)), 6, priority=3, align="right"),
        Column("failed", "failed", lambda run, _: number(run.failed, "bad"), 6, priority=1, align="right"),
        Column("live", "live", lambda run, _: number(run.live, "active"), 5, priority=5, align="right"),
        Column("took", "took", duration, 6, priority=2, align="right"),
        Column("age", "age", age, 4, priority=4, align="right"),
    )


def number(count: int, tone: Tone) -> Pieces:
    """Return a count in a tone, or a dash where there are none."""
    return say(brief(count), tone) if count else say("-", "dim")
