"""Edges as they are declared: who leads to whom, with which inputs, waiting for what (semantics 2, 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast, get_args

from exodsl.dsl.base_node import BaseNode
from exodsl.dsl.nodes import AnyNode, Node, as_node, is_node
from exodsl.dsl.places import here
from exodsl.dsl.references import Origin, Reference
from exodsl.dsl.returns import RESULT
from exodsl.errors import DefinitionError
from exodsl.template.models import Strategy

N = TypeVar("N", bound="AnyNode | type[BaseNode]")
T = TypeVar("T")
Kind = Literal["start", "edge", "join", "arrivals"]


@dataclass(frozen=True)
class Arrivals:
    """Several sources, each of whose outputs is an arrival of its own."""

    nodes: tuple[AnyNode, ...]

    @property
    def outputs(self) -> Any:
        """The outputs of the one that arrived, whichever it is."""
        listed = ", ".join(node.identifier for node in self.nodes)
        return Reference(Origin(f"any_of_nodes({listed}).outputs", self._head))

    def _head(self) -> tuple[str, ...]:
        plain = {node.body.code.signature.returns.holds == "value" for node in self.nodes}
        if len(plain) > 1:
            listed = ", ".join(f"`{node.identifier}`" for node in self.nodes)
            raise DefinitionError(
                f"{listed} give a plain value here and fields there, so `outputs` of any of them is no one thing."
                " Let each return a model."
            )
        return ("previous", "outputs", RESULT) if plain == {True} else ("previous", "outputs")


def any_of_nodes(*nodes: Node[..., T, Any]) -> Node[..., T, Any]:
    """Let the target run once for each output of each of these nodes (semantics 2).

    `arrived = any_of_nodes(a, b); graph.connect(arrived, c, x=arrived.outputs.x)` reads from the one
    that arrived.

    :raises DefinitionError: for fewer than two nodes, or one given twice.
    """
    found = tuple(as_node(node, "a source") for node in nodes)
    if len(found) < 2 or len({node.identifier for node in found}) < len(found):
        raise DefinitionError(f"any_of_nodes(...) takes two nodes or more, each once. ({here()})")
    return cast("Node[..., T, Any]", Arrivals(found))


@dataclass(frozen=True)
class Connection:
    """One `connect` or `start`, as it was called.

    `mapping` is `None` where every input is found by name; `unites` is what `.unites(...)` said.
    """

    kind: Kind
    sources: tuple[AnyNode, ...]
    target: AnyNode
    mapping: Mapping[str, Any] | None
    place: str
    unites: tuple[AnyNode, Strategy] | None = None


def read_sources(source: object) -> tuple[Kind, tuple[AnyNode, ...]]:
    """Return what stands at the first place of `connect`; :raises DefinitionError: when it is no source."""
    if isinstance(source, Arrivals):
        return "arrivals", source.nodes
    if isinstance(source, Sequence) and not isinstance(source, str):
        nodes = tuple(as_node(one, "a source") for one in cast("Sequence[object]", source))
        if not nodes:
            raise DefinitionError(f"connect(...) needs a source: the first argument is empty. ({here()})")
        several: Kind = "join" if len(nodes) > 1 else "edge"
        return several, nodes
    return "edge", (as_node(source, "a source"),)


def read_unites(source: object, strategy: Strategy) -> tuple[AnyNode, Strategy]:
    """Return what `.unites(...)` was given; :raises DefinitionError: for an unknown strategy."""
    if strategy not in get_args(Strategy):
        raise DefinitionError(f'No strategy is called "{strategy}": take ALL_SUCCESS or ALL_DONE. ({here()})')
    return as_node(source, "what is united"), strategy


Change = Callable[[Connection, Connection], None]
"""Puts a connection at the place of an earlier one; refuses when the graph is frozen."""


class Edge:
    """What `graph.connect(source, target)` returns, to say more about it."""

    def __init__(self, connection: Connection, change: Change) -> None:
        self._connection, self._change = connection, change

    def unites(self, source: AnyNode | type[BaseNode], *, strategy: Strategy = "ALL_SUCCESS") -> Edge:
        """Let the target wait for all that one execution of `source` opened, and run once (semantics 4).

        :param strategy: ALL_SUCCESS blocks the target when a branch failed; ALL_DONE runs it anyway.
        """
        if self._connection.unites is not None:
            raise DefinitionError(f"`{self._connection.target.identifier}` unites already. ({here()})")
        united = replace(self._connection, unites=read_unites(source, strategy))
        self._change(self._connection, united)
        self._connection = united
        return self


class Connector:
    """What `@graph.connect(source, ...)` is: connects the node that is defined below it."""

    def __init__(
        self,
        add: Callable[[Connection], None],
        kind: Kind,
        sources: tuple[AnyNode, ...],
        mapping: Mapping[str, Any] | None,
    ) -> None:
        self._add, self._sources, self._mapping = add, sources, mapping
        self._kind: Kind = kind
        self._place = here()
        self._unites: tuple[AnyNode, Strategy] | None = None

    def unites(self, source: AnyNode | type[BaseNode], *, strategy: Strategy = "ALL_SUCCESS") -> Connector:
        """Let the node below wait for all that one execution of `source` opened; see `Edge.unites`."""
        self._unites = read_unites(source, strategy)
        return self

    def __call__(self, node: N) -> N:
        """Connect the node and return it; :raises DefinitionError: when `@node` does not stand below."""
        if not (is_node(node) or isinstance(node, type)):
            name = getattr(node, "__name__", repr(node))
            raise DefinitionError(
                f"`@graph.connect(...)` stands above `@node`, not below it: `{name}` is no node yet. ({self._place})"
            )
        target = as_node(node, "a target")
        self._add(Connection(self._kind, self._sources, target, self._mapping, self._place, self._unites))
        return node
