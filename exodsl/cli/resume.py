"""`exodsl resume`: going on with a run whose process is gone."""

from __future__ import annotations

from typing import Annotated

import typer

from exodsl.cli.driving import drive
from exodsl.cli.exits import say
from exodsl.cli.options import Database, Json, RunId, Workers
from exodsl.cli.results import short, show_result
from exodsl.cli.storage import found
from exodsl.errors import TargetError

Nodes = Annotated[
    str | None,
    typer.Argument(metavar="[TARGET]", help="Where its nodes are; by default where `exodsl run` found them."),
]


def resume(
    run_id: RunId, target: Nodes = None, db: Database = None, workers: Workers = 64, as_json: Json = False
) -> None:
    """Go on with a run from what was recorded; what had finished does not run again.

    A run that has ended already gives its result once more. Exit codes are those of `exodsl run`.

    Examples:

      exodsl resume 6f0c21ab
      exodsl resume 6f0c21ab words.py --db runs.db
    """
    from exodsl.cli.targets import bodies_of
    from exodsl.runtime.served import check_template

    with found(db) as manager:
        run = manager.run(run_id)
        if run.finished_at is not None:
            say(f"run {short(run.run_id)} has ended already: {run.status}")
            raise typer.Exit(show_result(manager, run, db, as_json=as_json))
        where = target or run.target
        if where is None:
            raise TargetError(f'Run "{run.run_id}" does not say where its nodes are: exodsl resume RUN TARGET')
        bodies = bodies_of(where)
        template = manager.template(run.namespace, run.graph, run.version)
        if all(node.node_name in bodies for node in template.nodes):  # else driving says which are missing
            check_template(template, bodies)
        raise typer.Exit(drive(manager, run, bodies, workers, db, as_json=as_json))
