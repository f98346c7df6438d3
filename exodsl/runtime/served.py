"""Which nodes a runtime serves: their bodies by name, refused where that would go wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import SecretStr

from exodsl.dsl.body import Body
from exodsl.dsl.code import Address
from exodsl.dsl.graph import Graph
from exodsl.errors import DefinitionError, NotImportable, TargetError, did_you_mean
from exodsl.runtime.secrets import read_variables
from exodsl.template.check_executors import EXECUTORS, THREAD
from exodsl.template.models import GraphTemplate, NodeTemplate


@dataclass(frozen=True, slots=True)
class Served:
    """A graph as a runtime serves it.

    :param template: stored when the runtime starts.
    :param bodies: by node name; more than the template names, for runs of earlier versions.
    :param secrets: values that are stored with the template.
    """

    template: GraphTemplate
    bodies: Mapping[str, Body]
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)

    @classmethod
    def graph(cls, graph: Graph[Any, Any]) -> Served:
        """Return a graph that is written in Python; :raises GraphInvalid: when it does not pass its checks."""
        return cls(graph.compile(), bodies_by_name(graph_bodies(graph)), graph.secret_values)


def bodies_by_name(bodies: Iterable[Body]) -> dict[str, Body]:
    """Return bodies by node name.

    :raises DefinitionError: when two different functions have one name (semantics 10).
    """
    found: dict[str, Body] = {}
    for body in bodies:
        known = found.setdefault(body.node_name, body)
        if not known.same_code(body):
            raise DefinitionError(
                f'Two nodes of one runtime are called "{body.node_name}": {known.place} and {body.place}.'
                " Name one of them with @node(name=...)."
            )
    return found


def graph_bodies(graph: Graph[Any, Any]) -> Iterator[Body]:
    """Give the bodies of a graph's nodes without their options, which stand in the template, place by place."""
    for node in graph.nodes:
        yield replace(node.body, retry=None, timeout=None, executor=None)


def check_bodies(bodies: Iterable[Body], executors: Collection[str] = EXECUTORS) -> None:
    """Refuse executors that are not there, or that cannot find a body."""
    for body in bodies:
        check_executor(body.executor, body.node_name, executors)
        _check_place(body, body.executor)


def check_template(
    template: GraphTemplate,
    bodies: Mapping[str, Body],
    given: Collection[str] = (),
    executors: Collection[str] | None = EXECUTORS,
) -> None:
    """Refuse what a template asks of bodies that cannot be given, variables of secrets included.

    :param given: secrets that are given otherwise, whose variables need not be set.
    :param executors: the names of those that are there; `None` where bodies run in this process, whatever they name.
    :raises TargetError: when a node has no body.
    :raises DefinitionError: when an executor is not there or cannot run a node, or a secret is missing.
    """
    for node in template.nodes:
        if executors is not None:
            check_executor(node.executor, node.identifier, executors)
        body = bodies.get(node.node_name)
        if body is None:
            raise _bodiless(template, node, bodies)
        _check_place(body, node.executor)
        declared = body.code.secrets
        read_variables(template, {name: declared[name] for name in declared if name not in given})


def _bodiless(template: GraphTemplate, node: NodeTemplate, known: Collection[str]) -> TargetError:
    where = "" if node.identifier == node.node_name else f' for its "{node.identifier}"'
    return TargetError(
        f'Graph "{template.name}" needs the node "{node.node_name}"{where}, which is not among those given:'
        f" {', '.join(sorted(known)) or 'none'}.{did_you_mean(node.node_name, known)}"
        " Give one of that name, or go on with the code that the graph was stored with."
    )


def check_executor(name: str | None, node: str, executors: Iterable[str]) -> None:
    """:raises DefinitionError: for an executor that a runtime does not have, with those that it has."""
    known = sorted({*EXECUTORS, *executors})
    if name is not None and name not in known:
        raise DefinitionError(
            f'Node "{node}" asks for executor "{name}", which this runtime does not have. There is: {", ".join(known)}.'
            f'{did_you_mean(name, known)} Give it: executors={{"{name}": ...}}, or --executor {name}=process:4'
        )


def _check_place(body: Body, executor: str | None) -> None:
    if executor is not None and executor != THREAD:
        place_elsewhere(body, executor)


def place_elsewhere(body: Body, executor: str) -> Address:
    """Return where another process finds a body; :raises NotImportable: when it cannot."""
    if body.address is None:
        raise NotImportable(
            f"E140 node `{body.node_name}` ({body.place}) is defined inside a function, so another process"
            f' cannot import it. Move it to the top of its module, or leave executor="{executor}" out.'
        )
    return body.address
