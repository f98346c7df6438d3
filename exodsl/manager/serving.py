"""How the nodes of a run stand, and for which of them a runtime is there (semantics 10)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic_core import from_json

from exodsl.database import pages, templates
from exodsl.engine.facts import RunFacts
from exodsl.engine.status import State
from exodsl.manager.sessions import is_gone
from exodsl.manager.views import NodeProgress

_ENDS = (State.SUCCESS, State.ERRORED, State.NEXT_CREATED_ERROR, State.PRUNED, State.RETRY_CREATED, State.CANCELLED)


def node_progress(connection: Any, run: RunFacts) -> tuple[NodeProgress, ...]:
    """Return the counts of each node of a run, in topological order."""
    counted = {row[0] - run.node_base: row[1:] for row in pages.node_counts(connection, run.key)}
    single = [run.node_base + node.index for node in run.plan.nodes if not node.several]
    by_status: dict[int, dict[State, int]] = {}
    for node, status, count in pages.status_counts(connection, run.key, single):
        by_status.setdefault(node - run.node_base, {})[State(status)] = count
    return tuple(
        _progress(node.identifier, *counted.get(node.index, (0,) * 7))
        if node.several
        else _tallied(node.identifier, by_status.get(node.index, {}))
        for node in run.plan.nodes
    )


def _progress(identifier: str, total: int, *ended: int) -> NodeProgress:
    return NodeProgress(identifier, total, total - sum(ended), *ended)


def _tallied(identifier: str, counts: dict[State, int]) -> NodeProgress:
    ended = (counts.get(status, 0) for status in _ENDS)
    return _progress(identifier, sum(counts.values()), *ended)


def served_names(connection: Any, run: int, namespace: str, graph: str, now: int) -> frozenset[str]:
    """Return the names of the nodes that runtimes serve of a run.

    Those count that were announced, whose leases hold, and whose processes are there.
    """
    found: set[str] = set()
    for _, where, which, until, only, graphs in templates.sessions(connection):
        if until < now or only not in (None, run) or is_gone(where, which):
            continue
        serves = from_json(graphs)
        found.update(*(serves.get(f"{namespace}/{name}", ()) for name in (graph, "*")))
    return frozenset(found)


def unserved(connection: Any, run: RunFacts, names: Collection[str]) -> tuple[str, ...]:
    """Return the identifiers of the nodes that have something to do, and whose name is not among those served."""
    missing = {node.identifier for node in run.plan.nodes if node.node_name not in names}
    if not missing:
        return ()
    return tuple(node.identifier for node in node_progress(connection, run) if node.live and node.identifier in missing)
