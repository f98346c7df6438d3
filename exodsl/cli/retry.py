"""`exodsl retry`: trying again what failed, from what was recorded."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from exodsl.cli.asking import DryRun, Yes, agree
from exodsl.cli.counts import counted
from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, Json, RunId
from exodsl.cli.results import short, states
from exodsl.cli.resume import fitting_bodies
from exodsl.cli.states import Node
from exodsl.cli.storage import found
from exodsl.cli.tables import status_named
from exodsl.errors import InputInvalid
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from exodsl.manager.protocol import Retried, StateManager
    from exodsl.manager.views import RunView, StateStatus

StateIds = Annotated[
    list[int] | None,
    typer.Argument(
        metavar="STATE",
        help="Numbers of states, as `exodsl states` shows them; by default all that failed.",
        show_default=False,
    ),
]
Status = Annotated[
    str | None,
    typer.Option(metavar="STATUS", help="Only states that are ERRORED, PRUNED or NEXT_CREATED_ERROR."),
]
Code = Annotated[
    str | None,
    typer.Option(metavar="TARGET", help="Where its nodes are now; loaded first, so that a retry can go on with them."),
]
_RETRIED: tuple[StateStatus, ...] = ("ERRORED", "PRUNED", "NEXT_CREATED_ERROR")


@dataclass(frozen=True)
class _Plan:
    """What a retry does.

    :param nodes: how many states are tried again, by node.
    :param taken_back: how many other states are superseded.
    """

    state_ids: tuple[int, ...]
    nodes: Counter[str]
    taken_back: int

    def __str__(self) -> str:
        nodes = ", ".join(f"{name} {count:,}" for name, count in self.nodes.items())
        again = f"tries {counted(len(self.state_ids), 'state')} again ({nodes})"
        if not self.taken_back:
            return f"{again}; nothing else is taken back"
        return f"{again}, and takes {counted(self.taken_back, 'state')} back that came of how they ended"


def retry(
    run_id: RunId,
    state_ids: StateIds = None,
    node: Node = None,
    status: Status = None,
    target: Code = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Try states of a run again: those given, or all that failed, or those of a node or of a status.

    A unite that was blocked by them, or ran without them, is taken back with all that came of it; whatever
    else had ended does not run again. This says first what it will do, and asks; without a terminal, give --yes.

    Examples:

      exodsl retry 6f0c21ab
      exodsl retry 6f0c21ab 412 413 --yes
      exodsl retry 6f0c21ab --node fetch --dry-run
      exodsl retry 6f0c21ab --status PRUNED --yes
    """
    from exodsl.engine.status import State

    wanted = cast("StateStatus | None", status_named(status, State.__members__))
    if state_ids and (node is not None or wanted is not None):
        raise InputInvalid("Give the numbers of states, or choose them with --node and --status; not both.")
    with found(db) as manager:
        run = manager.run(run_id)
        if target is not None:
            fitting_bodies(manager, run, target)
        for number in state_ids or ():
            manager.state(number)  # says so of a number that no state has, however large it is
        plan = _planned(
            manager, run, manager.retry(run.run_id, state_ids or None, identifier=node, status=wanted, dry_run=True)
        )
        if plan.state_ids and not dry_run:
            agree(_told(run, plan), "Retry?", yes=yes)
            manager.retry(run.run_id, plan.state_ids)
            run = manager.run(run.run_id)
    if as_json:
        answer(json.dumps(_document(run, plan, dry_run=dry_run), indent=2))
    elif not plan.state_ids:
        answer(f"There is nothing to retry in run {short(run.run_id)}: {_missed(node, wanted)}.")
    else:
        answer(_told(run, plan) if dry_run else _done(run, plan))
    if plan.state_ids and not dry_run:
        say(_onwards(run, target, db))


def _planned(manager: StateManager, run: RunView, planned: Retried) -> _Plan:
    """Return what a retry would do, in numbers for people."""
    chosen = frozenset(planned.retried)
    nodes: Counter[str] = Counter()
    kept = 0
    for status in _RETRIED if chosen else ():
        for state in states(manager, run.run_id, status=status):
            if state.state_id in chosen:
                nodes[state.identifier] += 1
                kept += status == "NEXT_CREATED_ERROR"  # it stays, and only its children are created
    return _Plan(planned.retried, nodes, planned.superseded - len(chosen) + kept)


def _told(run: RunView, plan: _Plan) -> str:
    return f'A retry of run {short(run.run_id)} of graph "{run.graph}", which is {run.status}, {plan}.'


def _done(run: RunView, plan: _Plan) -> str:
    counts = f"{counted(len(plan.state_ids), 'state')} tried again, {plan.taken_back:,} taken back"
    return f"run {short(run.run_id)} is {run.status}: {counts}"


def _missed(node: str | None, status: str | None) -> str:
    where = "no state" if node is None else f'no state of "{node}"'
    return f"{where} is {'ERRORED or NEXT_CREATED_ERROR' if status is None else status}"


def _onwards(run: RunView, target: str | None, db: str | None) -> str:
    """Say how a run goes on that has something to do again."""
    unknown = () if run.target is not None else ("TARGET",)
    where = unknown if target is None else (target,)
    when = "It stays PAUSED." if run.status == "PAUSED" else "Unless a runtime serves it, nobody works on it yet."
    return f"{when} Go on with:\n  {command(db, 'resume', short(run.run_id), *where)}"


def _document(run: RunView, plan: _Plan, *, dry_run: bool) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "status": run.status,
        "retried": list(plan.state_ids),
        "taken_back": plan.taken_back,
        "dry_run": dry_run,
    }
