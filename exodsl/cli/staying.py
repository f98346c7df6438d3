"""Which live runs stay on which version of a graph, and what a change of it means for them (semantics 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from exodsl.cli.storage import found
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunStatus, RunView
from exodsl.template.models import GraphTemplate

_LIVE: tuple[RunStatus, ...] = ("RUNNING", "PAUSED")
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Staying:
    """The live runs of one version of a graph.

    :param current: the version says what the second of two compared templates says.
    :param missing: nodes of the version that the second template does not have any more, by the name of their code.
    """

    namespace: str
    graph: str
    version: int
    runs: int
    current: bool
    missing: tuple[str, ...]


def staying(db: str | None, before: GraphTemplate, after: GraphTemplate) -> tuple[Staying, ...]:
    """Return the live runs of the graphs of two templates, by version."""
    graphs = dict.fromkeys((one.namespace, one.name) for one in (before, after))
    with found(db) as manager:
        return tuple(one for namespace, name in graphs for one in _of_graph(manager, namespace, name, after))


def _of_graph(manager: StateManager, namespace: str, name: str, after: GraphTemplate) -> Iterator[Staying]:
    versions = Counter(run.version for run in _live(manager, namespace, name))
    known = {node.node_name for node in after.nodes}
    for version, runs in sorted(versions.items()):
        template = manager.template(namespace, name, version)
        missing = dict.fromkeys(node.node_name for node in template.nodes if node.node_name not in known)
        current = template.canonical_json() == after.canonical_json()
        yield Staying(namespace, name, version, runs, current, tuple(missing))


def _live(manager: StateManager, namespace: str, name: str) -> Iterator[RunView]:
    for status in _LIVE:
        cursor: str | None = None
        while True:
            page = manager.runs(namespace=namespace, graph=name, status=status, limit=_PAGE, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                break
