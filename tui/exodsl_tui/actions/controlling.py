"""Cancelling, pausing and resuming runs and schedules, and starting again from a state (semantics 3, 9)."""

from __future__ import annotations

from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunView, ScheduleView
from exodsl_tui.actions.work import Outcome, Plan, Planner, Watch
from exodsl_tui.links import RunLink
from exodsl_tui.words import counted, short


def plan_cancel(run_id: str) -> Planner:
    """Return what plans to end a run where it stands."""

    def plan(manager: StateManager, _watch: Watch) -> Plan:
        run = manager.run(run_id, whole=False)
        if run.finished_at is not None:
            return Plan("There is nothing to cancel", (f"{_called(run)} has ended: it is {run.status}.",))
        live, running = _live(manager, run.run_id)
        lines = [f"{_called(run)} ends where it stands, and cannot go on afterwards."]
        lines.append(f"{counted(live, 'state')} that {'goes on becomes' if live == 1 else 'go on become'} CANCELLED.")
        if running:
            lines.append(f"No result of the {counted(running, 'body', 'bodies')} at work is recorded.")
        return Plan(
            f"Cancel run {short(run.run_id)}",
            tuple(lines),
            "Cancel the run",
            lambda manager, _watch: Outcome(f"run {short(run_id)} is {manager.cancel(run.run_id).status}"),
            typed=short(run.run_id),
            leave="Keep it",
        )

    return plan


def plan_turn(run_id: str) -> Planner:
    """Return what plans to pause a run that runs, or to let a paused one go on."""

    def plan(manager: StateManager, _watch: Watch) -> Plan:
        run = manager.run(run_id, whole=False)
        live, running = _live(manager, run.run_id)
        if run.status == "RUNNING":
            said = f"{_called(run)} is held: {counted(running, 'body', 'bodies')} at work may end,"
            said += f" {counted(live - running, 'state')} and what follows wait until it is resumed."
            return Plan(f"Pause run {short(run.run_id)}", (said,), "Pause", lambda m, _: _said(m.pause(run.run_id)))
        if run.status == "PAUSED":
            said = f"{_called(run)} goes on: {counted(live, 'state')} may be worked on again."
            return Plan(f"Resume run {short(run.run_id)}", (said,), "Resume", lambda m, _: _said(m.resume(run.run_id)))
        said = f"{_called(run)} has ended: it is {run.status}. Only one that goes on can be paused."
        return Plan("There is nothing to pause", (said,))

    return plan


def plan_turn_schedule(schedule_id: int) -> Planner:
    """Return what plans to pause a schedule, or to let a paused one go on."""

    def plan(manager: StateManager, _watch: Watch) -> Plan:
        schedule = next((one for one in manager.schedules() if one.schedule_id == schedule_id), None)
        if schedule is None:
            return Plan("There is nothing to pause", ("The schedule is not there any more: its graph has changed.",))
        called = f'"{schedule.cron}" of graph "{schedule.graph}"'
        if schedule.paused:
            said = f"The schedule {called} goes on with its first tick after now; nothing of meanwhile is made up."
            return Plan("Resume the schedule", (said,), "Resume", lambda m, _: _ticks(m.resume_schedule(schedule_id)))
        lines = (f"The schedule {called} starts no run until it is resumed.", *_missed(schedule))
        return Plan("Pause the schedule", lines, "Pause", lambda m, _: _ticks(m.pause_schedule(schedule_id)))

    return plan


def plan_rerun(run_id: str, state_id: int) -> Planner:
    """Return what plans to start again from a state, in a new run."""

    def plan(manager: StateManager, _watch: Watch) -> Plan:
        run = manager.run(run_id, whole=False)
        state = manager.state(state_id, whole=False)
        others = manager.rerun(run.run_id, state_id, dry_run=True).superseded - 1
        said = f'A new run of graph "{run.graph}" starts again from "{state.identifier}" (state {state_id}), with the'
        said += " same inputs" + (f", without {counted(others, 'state')} that came of it." if others else ".")

        def do(manager: StateManager, _watch: Watch) -> Outcome:
            new = manager.rerun(run.run_id, state_id).run_id
            return Outcome(f"run {short(new)} starts again from state {state_id}", link=RunLink(new))

        return Plan(f"Rerun from state {state_id}", (said, f"{_called(run)} stays as it is."), "Rerun", do)

    return plan


def _called(run: RunView) -> str:
    return f'Run {short(run.run_id)} of graph "{run.graph}"'


def _live(manager: StateManager, run_id: str) -> tuple[int, int]:
    """Return how many states of a run go on, and how many of them are held by a runtime."""
    live = sum(node.live for node in manager.progress(run_id))
    return live, min(live, sum(node.running for node in manager.activity(run_id)))


def _said(run: RunView) -> Outcome:
    return Outcome(f"run {short(run.run_id)} is {run.status}")


def _ticks(schedule: ScheduleView) -> Outcome:
    return Outcome(f"the schedule of {schedule.graph} is {'paused' if schedule.paused else 'on'}")


def _missed(schedule: ScheduleView) -> tuple[str, ...]:
    if not schedule.next_times:
        return ()
    return (f"Its next tick would be on {schedule.next_times[0]:%a %Y-%m-%d at %H:%M} {schedule.tz}.",)
