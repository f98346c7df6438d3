"""Starting runs and going on with them: what `Graph.run`, `resume` and the command line share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from exodsl.api.inputs import Given, run_inputs, store_values
from exodsl.api.run import Run
from exodsl.api.state_manager import Database, opened
from exodsl.dsl.body import Body
from exodsl.dsl.graph import Graph
from exodsl.dsl.loader import load
from exodsl.errors import InputInvalid, TargetError
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.views import RunView
from exodsl.runtime.drive import arun_until_ended, check_fits, run_until_ended
from exodsl.runtime.endings import tell_ended
from exodsl.runtime.executors.naming import Executors, executors_by_name
from exodsl.runtime.executors.protocol import Elsewhere
from exodsl.runtime.loading import refuse_while_loading
from exodsl.runtime.secrets import check_stored
from exodsl.runtime.served import bodies_by_name, check_template, graph_bodies
from exodsl.template.check_executors import EXECUTORS
from exodsl.template.models import GraphTemplate

WORKERS = 64
_UNNAMED = "default"


def begin(
    manager: StateManager,
    graph: Graph[Any, Any],
    inputs: Given = None,
    fields: Mapping[str, Any] | None = None,
    *,
    store: Given = None,
    start_delay: timedelta | None = None,
    target: str | None = None,
    stand_ins: Mapping[str, Body] | None = None,
    secrets: Collection[str] = (),
    executors: Collection[str] | None = EXECUTORS,
) -> Run:
    """Store a graph and trigger a run of it; nothing is worked on yet.

    :param fields: inputs by name, beside those of `inputs`.
    :param start_delay: holds the root back for so long.
    :param target: under which name `resume` finds the graph again, `file.py:graph` or `module:graph`.
    :param stand_ins: bodies, by node name, that will run instead of the graph's own.
    :param secrets: those that need no variable, as they are given otherwise.
    :param executors: the names of those that there are; `None` where bodies run in this process, whatever they name.
    :raises GraphInvalid: when the graph does not pass its checks.
    :raises InputInvalid: when inputs or store values do not fit; no run exists then.
    :raises DefinitionError: when a secret is missing, or an executor is not there or cannot run a node.
    """
    template = checked(graph, stand_ins, secrets, executors)
    given, validated = run_inputs(graph, inputs, fields or {})
    stored = store_values(graph, store)
    trigger = Trigger(
        template.namespace,
        template.name,
        given,
        stored,
        version=manager.upsert(template, graph.secret_values),
        start_delay_ms=_milliseconds(start_delay),
        target=target,
        validated=validated,
    )
    return Run(manager, manager.trigger([trigger])[0], graph)


def checked(
    graph: Graph[Any, Any],
    stand_ins: Mapping[str, Body] | None = None,
    secrets: Collection[str] = (),
    executors: Collection[str] | None = EXECUTORS,
) -> GraphTemplate:
    """Return the template of a graph that can run here; the parameters are those of `begin`."""
    refuse_while_loading(f'A run of graph "{graph.name}"')
    template = graph.compile()
    check_template(template, {**bodies(graph), **(stand_ins or {})}, secrets, executors)
    return template


def bodies(graph: Graph[Any, Any]) -> dict[str, Body]:
    """Return the bodies of a graph by node name; :raises DefinitionError: when two have one name."""
    return bodies_by_name(graph_bodies(graph))


def drive(
    run: Run, graph: Graph[Any, Any], workers: int = WORKERS, executors: Mapping[str, Elsewhere] | None = None
) -> Run:
    """Work on a run until it has ended, here and now; see `run_until_ended`."""
    found = bodies(graph)
    run_until_ended(run.manager, run.run_id, found, workers, executors=executors)
    tell_ended(run.manager, run.run_id, graph.compile(), found)
    return run


async def adrive(
    run: Run, graph: Graph[Any, Any], workers: int = WORKERS, executors: Mapping[str, Elsewhere] | None = None
) -> Run:
    """Work on a run until it has ended, in this event loop; see `arun_until_ended`."""
    found = bodies(graph)
    await arun_until_ended(run.manager, run.run_id, found, workers, executors=executors)
    tell_ended(run.manager, run.run_id, graph.compile(), found)
    return run


def resume(
    run_id: str,
    graph: Graph[Any, Any] | None = None,
    db: Database = None,
    *,
    workers: int = WORKERS,
    executors: Executors | None = None,
) -> Run:
    """Go on with a run that was paused, or whose process is gone, from what was recorded; returns when it has ended.

    :param run_id: its id, or any unique start or end of it.
    :param graph: the graph with its nodes; without it, the target that the run was started with is loaded.
    :param db: a URI, a path, or an open state manager; the default database by default.
    :param workers: bodies that run at once, 64 by default.
    :param executors: where bodies run that ask for one by name, as for `Graph.run`.
    :raises RunNotFound: when there is no such run.
    :raises TargetError: when its nodes cannot be found, or the graph is another workflow.
    """
    elsewhere = executors_by_name(executors)
    manager, own = opened(db)
    try:
        found = manager.run(run_id)
        if graph is not None:
            check_graph(found, [graph], "the one given is")
        else:
            graph = _loaded(found.run_id, found.target)
        template = manager.template(found.namespace, found.graph, found.version)
        check_fits(found, template, bodies(graph))
        check_template(template, bodies(graph), executors=elsewhere)
        check_stored(manager, template, bodies(graph))
        if found.status == "PAUSED":
            manager.resume(found.run_id)
        run = drive(Run(manager, found.run_id, graph), graph, workers, elsewhere)
    except BaseException:
        if own:
            manager.close()
        raise
    return run.owning() if own else run


def check_graph(run: RunView, graphs: Collection[Graph[Any, Any]], says: str) -> None:
    """Refuse to go on with a run by the code of another workflow.

    :param graphs: those that are offered; none where only nodes are.
    :param says: begins the part of the message that names them.
    :raises TargetError: when none of them is the run's.
    """
    if not graphs or any(_is_of(run, graph) for graph in graphs):
        return
    offered = ", ".join(_named(graph.namespace, graph.name) for graph in graphs)
    raise TargetError(f'Run "{run.run_id}" is of graph {_named(run.namespace, run.graph)}; {says} {offered}.')


def _milliseconds(start_delay: Any) -> int:
    if start_delay is None:
        return 0
    if not isinstance(start_delay, timedelta):
        seconds = start_delay if type(start_delay) in (int, float) else 30
        raise InputInvalid(
            f"start_delay={start_delay!r}: takes a timedelta, write start_delay=timedelta(seconds={seconds})."
        )
    return start_delay // timedelta(milliseconds=1)


def _is_of(run: RunView, graph: Graph[Any, Any]) -> bool:
    # A graph that names no namespace may have been put into another one when it was run.
    return graph.name == run.graph and graph.namespace in (run.namespace, _UNNAMED)


def _named(namespace: str, name: str) -> str:
    return f'"{name}"' if namespace == _UNNAMED else f'"{name}" in namespace "{namespace}"'


def _loaded(run_id: str, target: str | None) -> Graph[Any, Any]:
    if target is None:
        raise TargetError(f'Run "{run_id}" does not say where its graph is written. Give it: resume(run_id, graph).')
    return load(target)
