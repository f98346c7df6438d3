"""`exodsl export`: a workflow as JSON, in Exosphere's plain form or whole; or one run as a file of its own."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from exodsl.cli.counts import counted
from exodsl.cli.exits import answer, say
from exodsl.cli.options import TARGET_HELP, Database
from exodsl.cli.results import short
from exodsl.cli.storage import found
from exodsl.errors import InputInvalid

Workflow = Annotated[str | None, typer.Argument(metavar="TARGET", help=TARGET_HELP, show_default=False)]
Whole = Annotated[
    bool, typer.Option("--whole", help="Everything exodsl knows of it; `exodsl run` takes that back with --nodes.")
]
Placed = Annotated[str | None, typer.Option("--namespace", metavar="NAME", help="Export it for this namespace.")]
Run = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Export this run instead, by its id.")]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", help="The new database file that the run goes into.")
]


def export(
    target: Workflow = None,
    whole: Whole = False,
    namespace: Placed = None,
    run: Run = None,
    output: Output = None,
    db: Database = None,
) -> None:
    """Write a workflow as JSON to stdout, in the form that Exosphere's state manager takes.

    A workflow that uses what Exosphere has not is refused: each such thing is named, with what to do. What has to be
    filled in or known is said on stderr. --whole writes everything, for exodsl. With --run, one run goes into a
    database of its own instead, with its states and their values, as it stands; every command that takes --db opens it.

    Examples:

      exodsl export orders.py > orders.json
      exodsl export words.py --whole > words.json
      exodsl run words.json --nodes words.py --input document="A text."
      exodsl export --run 6f0c21ab --output run.db
    """
    if run is not None:
        _refuse(_given(TARGET=target, whole=whole, namespace=namespace), "of a workflow; leave it out beside --run")
        _export_run(run, output, db)
        return
    _refuse(_given(output=output, db=db), "of a run: name that with --run")
    if target is None:
        raise InputInvalid("Name what to export: a workflow such as words.py, or a run with --run RUN --output FILE.")
    _export_workflow(target, namespace, whole=whole)


def _given(**options: object) -> list[str]:
    return [name if name.isupper() else f"--{name}" for name, value in options.items() if value]


def _refuse(given: list[str], why: str) -> None:
    if given:
        raise InputInvalid(f"{given[0]} is {why}.")


def _export_run(run: str, output: str | None, db: str | None) -> None:
    if output is None:
        raise InputInvalid("A run is exported into a file: name a new one with --output FILE.")
    with found(db) as manager:
        run_id = manager.run(run).run_id
        states = manager.export_run(run_id, output)
    say(f"exported run {short(run_id)} with {counted(states, 'state')}; look at it with --db {output}")


def _export_workflow(target: str, namespace: str | None, *, whole: bool) -> None:
    from exodsl.cli.targets import bare_workflow, template_of, workflow_of

    if whole:
        answer(template_of(target, namespace).model_dump_json(indent=2, exclude_defaults=True))
        return
    from exodsl.exosphere.limits import plain_form

    by_hand = target.endswith(".json")
    workflow = bare_workflow(target, namespace) if by_hand else workflow_of(target, None, namespace)
    form = plain_form(workflow.template, workflow.bodies)
    answer(json.dumps(form.body, ensure_ascii=False, indent=2))
    for remark in form.remarks:
        say(remark)
