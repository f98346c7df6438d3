"""When the clock starts runs: schedules, their next ticks, and what became of the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from exodsl.manager.protocol import StateManager
from exodsl.manager.views import ScheduleView, TickView
from exodsl_tui.actions.aim import Aim
from exodsl_tui.host import Host, host
from exodsl_tui.links import RunLink
from exodsl_tui.screens.whole_list_pane import WholeListPane
from exodsl_tui.signs import TICKS, Pieces, word
from exodsl_tui.widgets.columns import Column
from exodsl_tui.widgets.lines import Lines
from exodsl_tui.widgets.run_columns import graph_name
from exodsl_tui.widgets.table import Table
from exodsl_tui.words import say, short, until


class SchedulesPane(WholeListPane[ScheduleView]):
    """The list of schedules."""

    NEEDS_ME = "failed"
    NOUN = ("schedule", "schedules")
    HELP = "Schedules, with their next five and last five ticks. Enter opens the last run of one."

    def make_table(self) -> Table[ScheduleView]:
        """Make the table."""
        around = host(self)
        return Table(
            _columns(around),
            lambda schedule: schedule.schedule_id,
            signs=around.signs,
            failed=self.needs_me,
            empty='no schedules: `graph.schedule("0 6 * * *")` makes one, and a runtime lets it tick',
        )

    def make_side(self) -> Lines:
        """Make what shows the ticks."""
        return Lines()

    @property
    def aim(self) -> Aim:
        """The schedule under the cursor, and its graph."""
        schedule = self.table.current
        if schedule is None:
            return Aim()
        return Aim(graph=(schedule.namespace, schedule.graph), schedule_id=schedule.schedule_id)

    def read(self, manager: StateManager) -> Sequence[ScheduleView]:
        """Return the schedules; in the reader's thread."""
        return manager.schedules()

    def named(self, row: ScheduleView) -> str:
        """Return the name of a schedule's graph."""
        return graph_name(row.namespace, row.graph)

    def needs_me(self, row: ScheduleView) -> bool:
        """Say whether the last tick, or its run, failed."""
        return any(tick.outcome == "FAILED" or tick.run_status == "FAILED" for tick in row.last_ticks[:1])

    def on_table_moved(self, message: Table.Moved) -> None:
        """Show the ticks of the schedule under the cursor."""
        lines = [] if message.row is None else schedule_lines(host(self), message.row)
        self.query_one(Lines).show(lines)

    def on_table_picked(self, message: Table.Picked) -> None:
        """Open the last run that the schedule started."""
        schedule: ScheduleView = message.row
        run = next((tick.run_id for tick in schedule.last_ticks if tick.run_id is not None), None)
        if run is None:
            self.notify("It has started no run yet.", timeout=3)
        else:
            host(self).go(RunLink(run))


def _columns(around: Host) -> tuple[Column[ScheduleView], ...]:
    signs = around.signs

    def graph(schedule: ScheduleView, _width: int) -> Pieces:
        return say(graph_name(schedule.namespace, schedule.graph))

    def coming(schedule: ScheduleView, _width: int) -> Pieces:
        if schedule.paused:
            return say("paused", "retry")
        return say(until(schedule.next_times[0], around.now()) if schedule.next_times else "never")

    def last(schedule: ScheduleView, _width: int) -> Pieces:
        pieces: Pieces = ()
        for tick in schedule.last_ticks:
            sign = signs.of(TICKS, tick.outcome) if tick.run_status is None else signs.run(tick.run_status)
            pieces = (*pieces, sign, (" ", ""))
        return pieces or say("-", "dim")

    return (
        Column("graph", "graph", graph, 14, 2, priority=0, order=lambda schedule: (schedule.namespace, schedule.graph)),
        Column("cron", "cron", lambda schedule, _: say(schedule.cron), 14, 1, priority=0),
        Column("zone", "zone", lambda schedule, _: say(schedule.tz, "dim"), 8, 1, priority=4),
        Column("next", "next", coming, 9, priority=1),
        Column("last", "last five", last, 10, priority=2),
        Column("overlap", "overlap", lambda schedule, _: say(schedule.overlap, "dim"), 8, priority=5),
    )


def schedule_lines(around: Host, schedule: ScheduleView) -> list[Pieces]:
    """Return everything there is to say of a schedule."""
    title = f"{graph_name(schedule.namespace, schedule.graph)}  {schedule.cron}"
    lines: list[Pieces] = [
        say(title, "strong"),
        say(f"{schedule.tz}, catch_up {schedule.catch_up}, overlap {schedule.overlap}", "dim"),
        (),
        say("next", "strong"),
    ]
    if schedule.paused:
        lines.append(say("  none while it is paused; p lets it go on", "retry"))
    lines += [say(f"  {_time(moment)}  {until(moment, around.now())}") for moment in schedule.next_times]
    lines += [(), say("last", "strong")]
    lines += [line for tick in schedule.last_ticks for line in _tick(around, tick)]
    return lines if schedule.last_ticks else [*lines, say("  it has not ticked yet", "dim")]


def _tick(around: Host, tick: TickView) -> list[Pieces]:
    run: Pieces = ()
    if tick.run_id is not None and tick.run_status is not None:
        run = (("  run ", ""), (short(tick.run_id), "accent"), (" ", ""), around.signs.run(tick.run_status))
    head: Pieces = (
        ("  ", ""),
        around.signs.of(TICKS, tick.outcome),
        (f" {_time(tick.at)}  {word(TICKS, tick.outcome)}", ""),
    )
    return [(*head, *run)] + ([say(f"      {tick.reason}", "dim")] if tick.reason else [])


def _time(moment: datetime) -> str:
    """Return a tick in the time zone of its schedule, which is what its cron expression means."""
    return moment.strftime("%a %Y-%m-%d %H:%M")
