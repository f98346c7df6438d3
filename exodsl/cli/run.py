"""`exodsl run`: one run of a workflow, from its inputs to its result."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from exodsl.cli.driving import drive
from exodsl.cli.options import Database, ExecutorOptions, Json, Nodes, Target, Workers
from exodsl.cli.storage import opened
from exodsl.cli.values import read_inputs, read_store

Input = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", metavar="K=V", help="An input: name=value, or name=@file. Repeat it."),
]
Inputs = Annotated[
    str | None, typer.Option("--inputs", metavar="JSON", help="All inputs as a JSON object, or @file, or @-.")
]
StoreValue = Annotated[
    list[str] | None,
    typer.Option("--store", metavar="K=V", help="A first value of the run's store. Repeat it."),
]
Placed = Annotated[str | None, typer.Option("--namespace", metavar="NAME", help="Keep the graph in this namespace.")]


def run(
    target: Target,
    given: Input = None,
    inputs: Inputs = None,
    store: StoreValue = None,
    nodes: Nodes = None,
    db: Database = None,
    workers: Workers = 64,
    executor: ExecutorOptions = None,
    namespace: Placed = None,
    as_json: Json = False,
) -> None:
    """Run a workflow: progress goes to stderr, the result to stdout.

    Everything is recorded. When the process ends before the run does, `exodsl resume RUN` goes on.
    Exit codes: 0 done, 1 the run failed, 2 bad workflow or input, 130 interrupted.

    Examples:

      exodsl run words.py --input document="Every step is kept."
      exodsl run words.py --input document=@letter.txt --json
      exodsl run billing.py:graph --inputs '{"month": "2025-01"}' --db runs.db
      exodsl run template.json --nodes nodes.py
    """
    from exodsl.cli.targets import workflow_of
    from exodsl.runtime.executors.naming import executors_by_name, executors_given

    workflow = workflow_of(target, nodes, namespace)
    executors = executors_by_name(executors_given(executor or ()))
    workflow.check(executors)
    trigger = workflow.trigger(
        read_inputs(given or (), inputs, workflow.inputs_schema),
        read_store(store or (), workflow.store_schema),
    )
    with opened(db) as manager:
        version = manager.upsert(workflow.template, workflow.secrets)
        found = manager.run(manager.trigger([replace(trigger, version=version)])[0])
        raise typer.Exit(drive(manager, found, workflow.bodies, workers, db, executors=executors, as_json=as_json))
