"""`exodsl resume`: going on with a run that was paused, retried, or whose process is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.driving import drive
from exodsl.cli.exits import answer, say
from exodsl.cli.options import Database, ExecutorOptions, Json, RunId, Workers
from exodsl.cli.results import short, show_result
from exodsl.cli.storage import found
from exodsl.errors import TargetError
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from exodsl.dsl.body import Body
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import RunView

Nodes = Annotated[
    str | None,
    typer.Argument(metavar="TARGET", help="Where its nodes are; by default where `exodsl run` found them."),
]


def resume(
    run_id: RunId,
    target: Nodes = None,
    db: Database = None,
    workers: Workers = 64,
    executor: ExecutorOptions = None,
    as_json: Json = False,
) -> None:
    """Go on with a run from what was recorded; what had finished does not run again.

    A paused run is let go on. Then it is worked on here until it has ended, beside any runtime that serves
    it; a paused one whose nodes nobody has named is left to the runtimes. A run that has ended already gives
    its result once more. Exit codes are those of `exodsl run`.

    Examples:

      exodsl resume 6f0c21ab
      exodsl resume 6f0c21ab words.py --db runs.db
    """
    from exodsl.runtime.executors.naming import executors_by_name, executors_given

    executors = executors_by_name(executors_given(executor or ()))
    with found(db) as manager:
        run = manager.run(run_id)
        if run.finished_at is not None:
            say(_ended(run, db))
            raise typer.Exit(show_result(manager, run, db, as_json=as_json))
        where = target or run.target
        bodies = None if where is None else _bodies(manager, run, where, db, executors)
        if run.status == "PAUSED":
            run = manager.resume(run.run_id)
            say(f"run {short(run.run_id)} is not paused any more")
        elif bodies is None:
            raise TargetError(f'Run "{run.run_id}" does not say where its nodes are: exodsl resume RUN TARGET')
        if bodies is not None:
            raise typer.Exit(drive(manager, run, bodies, workers, db, executors=executors, as_json=as_json))
    _leave_to_runtimes(run, db, as_json=as_json)


def fitting_bodies(
    manager: StateManager, run: RunView, target: str, executors: Collection[str] | None = None
) -> Mapping[str, Body]:
    """Return the bodies that a run can go on with.

    :param executors: the names of those that there are; `None` where that is not known yet.
    :raises TargetError: when the target cannot be loaded, is another workflow, or lacks a node of the run.
    :raises DefinitionError: when a secret is missing, or an executor cannot run a node.
    """
    from exodsl.cli.targets import bodies_of, refuse_other_workflow
    from exodsl.runtime.drive import check_fits
    from exodsl.runtime.secrets import check_stored
    from exodsl.runtime.served import check_template

    refuse_other_workflow(run, target)
    bodies = bodies_of(target)
    template = manager.template(run.namespace, run.graph, run.version)
    check_fits(run, template, bodies)
    check_template(template, bodies, executors=executors)
    check_stored(manager, template, bodies)
    return bodies


def _bodies(
    manager: StateManager, run: RunView, where: str, db: str | None, executors: Collection[str]
) -> Mapping[str, Body]:
    from exodsl.cli.targets import is_missing

    if where == run.target and is_missing(where):
        moved = command(db, "resume", short(run.run_id), "NEW_PLACE")
        raise TargetError(f'The nodes of run "{run.run_id}" are not at "{where}" any more. If they moved: {moved}')
    return fitting_bodies(manager, run, where, executors)


def _ended(run: RunView, db: str | None) -> str:
    said = f"run {short(run.run_id)} has ended already: {run.status}"
    if run.status != "FAILED":
        return said
    return f"{said}\nTry again what failed with:\n  {command(db, 'retry', short(run.run_id))}"


def _leave_to_runtimes(run: RunView, db: str | None, *, as_json: bool) -> None:
    if as_json:
        answer(json.dumps({"run_id": run.run_id, "status": run.status}, indent=2))
    here = command(db, "resume", short(run.run_id), "TARGET")
    say(f"A runtime that serves it goes on with it; to do it here:\n  {here}")
