"""What a runtime takes up: its graphs are checked and stored, and it serves what it has of every stored version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from exodsl.dsl.body import Body
from exodsl.errors import DefinitionError, GraphNotFound
from exodsl.manager.protocol import StateManager
from exodsl.runtime.logs import LOG
from exodsl.runtime.secrets import check_stored
from exodsl.runtime.served import Served, bodies_by_name, check_template

GraphKey = tuple[str, str]
"""Namespace and name of a graph."""


class Named(Protocol):
    """What has the name of a graph."""

    @property
    def namespace(self) -> str: ...

    @property
    def name(self) -> str: ...


def take_up(
    manager: StateManager, graphs: Sequence[Served], executors: Collection[str]
) -> tuple[dict[GraphKey, frozenset[str]], list[Body]]:
    """Store graphs; return the node names that can be served of each, and their bodies.

    Runs stay on the version they were triggered with (semantics 2): a warning names each node of a stored
    version that is not at hand, as its states will wait.

    :param executors: the names of those that there are.
    :raises DefinitionError: when two graphs have one name, or a graph asks for what its nodes cannot be given.
    """
    check_names(graph.template for graph in graphs)
    for graph in graphs:
        check_template(graph.template, graph.bodies, executors=executors)
    serves: dict[GraphKey, frozenset[str]] = {}
    bodies: list[Body] = []
    for graph in graphs:
        needed = _needed(manager, graph, manager.upsert(graph.template, graph.secrets))
        check_stored(manager, graph.template, graph.bodies)
        names = frozenset(needed) & graph.bodies.keys()
        serves[graph.template.namespace, graph.template.name] = names
        bodies += (graph.bodies[name] for name in sorted(names))
        for name in sorted(needed.keys() - names):
            LOG.warning(
                'graph "%s", version %s: there is no node "%s" in this code; its states wait for a runtime that has it',
                graph.template.name,
                _listed(needed[name]),
                name,
            )
    bodies_by_name(bodies)
    return serves, bodies


def check_names(graphs: Iterable[Named]) -> None:
    """:raises DefinitionError: when two graphs have one name in one namespace."""
    known: set[GraphKey] = set()
    for graph in graphs:
        key = graph.namespace, graph.name
        if key in known:
            raise DefinitionError(
                f'Two graphs of one runtime are called "{graph.name}" in namespace "{graph.namespace}". Rename one.'
            )
        known.add(key)


def _needed(manager: StateManager, graph: Served, newest: int) -> dict[str, list[int]]:
    """Return which node names the stored versions of a graph use, and which versions use them."""
    found: dict[str, list[int]] = {}
    for version in range(1, newest + 1):
        try:
            template = manager.template(graph.template.namespace, graph.template.name, version)
        except GraphNotFound:  # replaced long ago, and cleaned away with its last run
            continue
        for name in {node.node_name for node in template.nodes}:
            found.setdefault(name, []).append(version)
    return found


def _listed(versions: Sequence[int]) -> str:
    return ", ".join(_ranges(versions))


def _ranges(versions: Sequence[int]) -> Iterator[str]:
    """Write ascending numbers as `1-3`, `5`."""
    first = last = versions[0]
    for version in (*versions[1:], 0):
        if version != last + 1:
            yield f"{first}" if first == last else f"{first}-{last}"
            first = version
        last = version
