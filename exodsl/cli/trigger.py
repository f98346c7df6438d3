"""`exodsl trigger`: start a run that a runtime works on, here or elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.durations import milliseconds
from exodsl.cli.exits import answer
from exodsl.cli.options import Database, Json, Nodes
from exodsl.cli.run import Input, Inputs, StoreValue
from exodsl.cli.storage import found, opened, refuse_memory
from exodsl.cli.values import read_inputs, read_store
from exodsl.errors import GraphNotFound, NotFound

if TYPE_CHECKING:
    from exodsl.cli.targets import Workflow
    from exodsl.manager.protocol import StateManager, Trigger
    from exodsl.manager.views import RunView

What = Annotated[
    str,
    typer.Argument(metavar="GRAPH|TARGET", help="The name of a stored graph; or a workflow, which is stored first."),
]
Delay = Annotated[
    str, typer.Option(metavar="TIME", help="Hold the run back: seconds, or 500ms, 10m, 2h, 1d.", show_default=False)
]
Key = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="A second trigger of this graph with the same key gives the first one's run."),
]
Placed = Annotated[str | None, typer.Option("--namespace", metavar="NAME", help="The namespace of the graph.")]


def trigger(
    graph: What,
    given: Input = None,
    inputs: Inputs = None,
    store: StoreValue = None,
    start_delay: Delay = "0",
    idempotency_key: Key = None,
    nodes: Nodes = None,
    namespace: Placed = None,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Start a run and print its id; a runtime works on it, here nothing is run.

    Examples:

      exodsl trigger word-count --input document="Every step is kept."
      exodsl trigger words.py --input document=@letter.txt --start-delay 10m
      exodsl trigger billing --inputs '{"month": "2025-01"}' --idempotency-key 2025-01
    """
    delay = milliseconds("--start-delay", start_delay)
    refuse_memory(db)

    def wanted(workflow: Workflow) -> Trigger:
        values = read_inputs(given or (), inputs, workflow.inputs_schema)
        stored = read_store(store or (), workflow.store_schema)
        wish = workflow.trigger(values, stored)
        return replace(wish, start_delay_ms=delay, idempotency_key=idempotency_key)

    if _is_target(graph):
        workflow = _loaded(graph, nodes, namespace)
        wish = wanted(workflow)
        with opened(db) as manager:
            run = _triggered(manager, replace(wish, version=manager.upsert(workflow.template, workflow.secrets)))
    else:
        with found(db) as manager:
            run = _triggered(manager, wanted(_stored(manager, graph, namespace)))
    answer(_as_json(run) if as_json else run.run_id)


def _triggered(manager: StateManager, wish: Trigger) -> RunView:
    return manager.run(manager.trigger([wish])[0])


def _as_json(run: RunView) -> str:
    names = ("run_id", "namespace", "graph", "version", "status")
    return json.dumps({name: getattr(run, name) for name in names}, ensure_ascii=False, indent=2)


def _is_target(text: str) -> bool:
    """Say whether a workflow is meant, rather than the name of a stored graph."""
    return text.endswith((".py", ".json")) or any(mark in text for mark in ":/\\")


def _loaded(target: str, nodes: str | None, namespace: str | None) -> Workflow:
    from exodsl.cli.targets import bare_workflow, workflow_of

    if target.endswith(".json") and nodes is None:
        return bare_workflow(target, namespace)
    return workflow_of(target, nodes, namespace)


def _stored(manager: StateManager, name: str, namespace: str | None) -> Workflow:
    from exodsl.cli.targets import Workflow

    try:
        return Workflow(manager.template(namespace or "default", name), {}, None)
    except GraphNotFound as error:
        file = Path(f"{name}.py")
        if not file.is_file():
            raise
        raise NotFound(f"{error} To trigger the workflow in a file, name it with its ending: {file}") from error
