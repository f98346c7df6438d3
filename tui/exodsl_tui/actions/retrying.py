"""Retrying states, few or very many: tried first without changing anything, then done chunk by chunk (semantics 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exodsl.errors import ExodslError, NotFound, TransitionRefused
from exodsl.manager.inspection import StateSummary
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunView
from exodsl.template.shape import Shape
from exodsl_tui.actions.choosing import Choice
from exodsl_tui.actions.serving import is_served
from exodsl_tui.actions.work import MANY, Outcome, Plan, Planner, Skipped, Watch, chunks
from exodsl_tui.words import counted, short

MOST_GATES = 500
"""Blocked gates that are looked at to say how many may reopen."""
MOST_NAMED = 6
"""Nodes that a plan names."""
_AGAIN = "It was taken back already, by the retry of another state."


@dataclass(slots=True)
class Tally:
    """How a retry of many states goes.

    :param superseded: how many states were taken back, the retried ones among them.
    :param error: what ended it before all were retried; the steps before it are done.
    """

    retried: list[int] = field(default_factory=list[int])
    superseded: int = 0
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    error: ExodslError | None = None


def plan_retry(choice: Choice) -> Planner:
    """Return what plans the retry of some states."""

    def plan(manager: StateManager, watch: Watch) -> Plan:
        run = manager.run(choice.run_id, whole=False)
        states = choice.collect(manager, watch)
        tried = retry_all(manager, watch, run.run_id, [state.state_id for state in states], dry_run=True)
        where = f'run {short(run.run_id)} of graph "{run.graph}", which is {run.status}'
        if not tried.retried:
            return Plan("There is nothing to retry", (_nothing(choice, states, where), *_left(tried)))
        chosen = frozenset(tried.retried)
        again = [state for state in states if state.state_id in chosen]
        lines = (
            f"{counted(len(again), 'state')}{f' {choice.said}' if choice.said else ''}, in {where}.",
            _named(again),
            *_taken_back(again, tried),
            *_gates(manager, run, again),
            *_left(tried),
            *_unserved(manager, run),
        )

        def do(manager: StateManager, watch: Watch) -> Outcome:
            return outcome(retry_all(manager, watch, run.run_id, tried.retried), len(tried.retried), stopped=watch)

        count = len(again)
        return Plan(f"Retry {counted(count, 'state')}", lines, "Retry", do, typed=str(count) if count > MANY else "")

    return plan


def retry_all(
    manager: StateManager, watch: Watch, run_id: str, state_ids: Sequence[int], *, dry_run: bool = False
) -> Tally:
    """Retry states chunk by chunk; where a chunk is refused, one by one, so that one bad state stops no other.

    :param dry_run: find out what would happen, and change nothing.
    """
    tally = Tally()
    for chunk in chunks(state_ids):
        if watch.stopped:
            break
        try:
            _retry(manager, run_id, chunk, tally, dry_run=dry_run)
        except (TransitionRefused, NotFound) as error:
            if len(chunk) == 1:
                tally.skipped.append(Skipped(f"State {chunk[0]}", str(error)))
            else:
                _one_by_one(manager, run_id, chunk, tally, dry_run=dry_run)
        except ExodslError as error:
            if not tally.retried or dry_run:
                raise
            tally.error = error
            break
        done = len(tally.retried) + len(tally.skipped)
        watch.tell(f"{'looked at' if dry_run else 'retried'} {done:,} of {len(state_ids):,}")
    return tally


def _one_by_one(manager: StateManager, run_id: str, chunk: Sequence[int], tally: Tally, *, dry_run: bool) -> None:
    for state_id in chunk:
        try:
            _retry(manager, run_id, [state_id], tally, dry_run=dry_run)
        except (TransitionRefused, NotFound) as error:
            tally.skipped.append(Skipped(f"State {state_id}", str(error)))


def _retry(manager: StateManager, run_id: str, chunk: Sequence[int], tally: Tally, *, dry_run: bool) -> None:
    done = manager.retry(run_id, chunk, dry_run=dry_run)
    tally.retried += done.retried
    tally.superseded += done.superseded
    tally.skipped += [Skipped(f"State {one}", _AGAIN) for one in chunk if one not in done.retried]


def outcome(tally: Tally, wanted: int, *, stopped: Watch) -> Outcome:
    """Return what there is to say of a retry that is over."""
    said = f"{counted(len(tally.retried), 'state')} retried"
    left = wanted - len(tally.retried) - len(tally.skipped)
    if tally.error is not None:
        tally.skipped.append(Skipped(f"The other {counted(left, 'state')}", str(tally.error)))
    elif stopped.stopped and left:
        said += f", stopped before the other {left:,}"
    return Outcome(said, tuple(tally.skipped))


# What a plan says


def _nothing(choice: Choice, states: Sequence[StateSummary], where: str) -> str:
    if not states:
        return f"No such state in {where}, failed."
    which = f"{counted(len(states), 'state')} {choice.said}".rstrip()
    return f"None of {which} in {where}, can be retried."


def _named(states: Iterable[StateSummary]) -> str:
    """Say of which nodes they are."""
    nodes = Counter(state.identifier for state in states)
    named = [f"{name} {count:,}" for name, count in nodes.most_common(MOST_NAMED)]
    if len(nodes) > MOST_NAMED:
        named.append(f"and {counted(len(nodes) - MOST_NAMED, 'other node')}")
    return ", ".join(named)


def _taken_back(states: Sequence[StateSummary], tried: Tally) -> Iterable[str]:
    kept = sum(state.status == "NEXT_CREATED_ERROR" for state in states)  # it stays, only its children are made
    others = tried.superseded - len(states) + kept
    if others > 0:
        yield f"{counted(others, 'state')} that came of how they ended {'is' if others == 1 else 'are'} taken back."


def _gates(manager: StateManager, run: RunView, states: Sequence[StateSummary]) -> Iterable[str]:
    """Say how many blocked gates lie ahead of these states."""
    shape = Shape(manager.template(run.namespace, run.graph, run.version))
    blocked = manager.gates(run.run_id, status="BLOCKED", limit=MOST_GATES).items if shape.unites else ()
    depths = {len(gate.path) for gate in blocked}
    places = {(state.identifier, state.path[:depth]) for state in states for depth in depths}
    count = sum(any((name, gate.path) in places for name in shape.region(gate.identifier)) for gate in blocked)
    if count:
        yield f"{counted(count, 'gate')} may reopen."


def _left(tried: Tally) -> Iterable[str]:
    """Say what is left alone, and why, in one line for each reason."""
    if not tried.skipped:
        return
    yield f"{counted(len(tried.skipped), 'state')} {'is' if len(tried.skipped) == 1 else 'are'} skipped:"
    yield from (f"  {one}" for one in tried.skipped[:3])
    if len(tried.skipped) > 3:
        yield f"  and {len(tried.skipped) - 3:,} more"


def _unserved(manager: StateManager, run: RunView) -> Iterable[str]:
    if not (run.served or is_served(manager, run.namespace, run.graph)):
        yield f"No runtime serves this run now; go on with: exodsl resume {short(run.run_id)}"
