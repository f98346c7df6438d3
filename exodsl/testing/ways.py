"""The ways through a graph that tests can take: which there are, and which a run took (semantics 3, 4, 5)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any, Literal, NamedTuple

from exodsl.api.run import Run
from exodsl.dsl.body import Body
from exodsl.dsl.signals import Prune
from exodsl.manager.views import NodeProgress, StateView
from exodsl.template.models import GraphTemplate
from exodsl.template.structure import Role, Structure

Kind = Literal["node", "edge", "retry", "failure", "prune", "empty"]


class Way(NamedTuple):
    """What can happen, and where: at an identifier, or on an edge `source -> target`."""

    kind: Kind
    where: str


def ways_of(template: GraphTemplate, bodies: Mapping[str, Body]) -> Iterator[Way]:
    """Give the ways that a graph offers.

    Each node can be reached, and can fail; it can be retried where its policy allows that, pruned where its body
    names a signal for it, and empty where it fans out. Each edge can be taken.

    :param bodies: by node name.
    """
    pruning = {name for name, body in bodies.items() if _may_prune(body)}
    for node in template.nodes:
        yield Way("node", node.identifier)
        yield from (Way("edge", edge(node.identifier, target)) for target in node.next_nodes)
        if (node.retry_policy or template.retry_policy).max_retries:
            yield Way("retry", node.identifier)
        yield Way("failure", node.identifier)
        if node.node_name in pruning:
            yield Way("prune", node.identifier)
        if node.fans_out:
            yield Way("empty", node.identifier)


def ways_taken(run: Run) -> Iterator[Way]:
    """Give the ways that a run took, by what its state manager shows of it."""
    seen = _Seen(run)
    for name, counts in seen.reached.items():
        yield from (Way(kind, name) for kind in _became(counts))
        if seen.was_empty(name):
            yield Way("empty", name)
        yield from (Way("edge", edge(source, name)) for source in seen.came_from(name))


def edge(source: str, target: str) -> str:
    """Return how an edge is written."""
    return f"{source} -> {target}"


def _became(counts: NodeProgress) -> Iterator[Kind]:
    """Give what became of states of a node that was reached."""
    yield "node"
    if counts.retry_created:
        yield "retry"
    if counts.errored or counts.next_created_error:
        yield "failure"
    if counts.pruned:
        yield "prune"


class _Seen:
    """A run, as far as the ways that it took can be seen."""

    def __init__(self, run: Run) -> None:
        view = run.view
        self._run = run
        self._structure = Structure.of(run.manager.template(view.namespace, view.graph, view.version))
        self.reached = {node.identifier: node for node in run.manager.progress(view.run_id) if node.total}
        self._states: dict[str, list[StateView]] = {}

    def states(self, name: str) -> list[StateView]:
        """Return the states of a node; read once."""
        if name not in self._states:
            self._states[name] = self._run.states(name)
        return self._states[name]

    def was_empty(self, name: str) -> bool:
        """Say whether an execution of a node gave no output at all."""
        return self._structure.opens(name) and any(_is_empty(state) for state in self.states(name))

    def came_from(self, name: str) -> Iterator[str]:
        """Give the parents over whose edges states of a node came to be."""
        parents = self._structure.shape.parents[name]
        role = self._structure.role(name)
        if role is Role.PLAIN:
            yield from parents
        elif role is Role.UNITE:
            yield from (parent for parent in parents if self._gave(parent))
        else:
            depth = len(self._structure.levels[name])
            yield from (parents[number] for number in {state.path[depth - 1] for state in self.states(name)})

    def _gave(self, name: str) -> bool:
        """Say whether a node gave an output that went on."""
        counts = self.reached.get(name)
        if counts is None or not counts.success:
            return False
        return not self._structure.opens(name) or any(
            state.status == "SUCCESS" and not _is_empty(state) for state in self.states(name)
        )


def _is_empty(state: StateView) -> bool:
    return state.status == "SUCCESS" and state.outputs is None


def _may_prune(body: Body) -> bool:
    """Say whether the code of a body names a signal that prunes."""
    source = body.code.source
    function: Any = inspect.unwrap(inspect.getattr_static(source, "execute", source))
    known = function.__globals__
    return any(_prunes(name, known.get(name)) for name in _names(function.__code__))


def _prunes(name: str, value: object) -> bool:
    return name in ("Prune", "PruneSignal") or (isinstance(value, type) and issubclass(value, Prune))


def _names(code: CodeType) -> Iterator[str]:
    """Give the names that code uses and does not define, those of functions inside it too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
