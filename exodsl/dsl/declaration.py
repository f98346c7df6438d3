"""What a graph declared, put in order: one node for each identifier, and the edges that count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel

from exodsl.dsl.body import Body
from exodsl.dsl.edges import Connection
from exodsl.dsl.nodes import AnyNode
from exodsl.dsl.schedules import Schedule
from exodsl.template.check_triggers import trigger_name
from exodsl.template.findings import Finding
from exodsl.template.policies import RetryPolicy
from exodsl.template.secrets import SecretSource


@dataclass(frozen=True)
class Declaration:
    """Everything a graph was given.

    `declared` are its calls of `connect` and `start`, in order, `scheduled` those of `schedule`.
    """

    name: str
    namespace: str
    inputs: type[BaseModel] | None
    store: type[BaseModel] | None
    keep_store: bool
    secrets: dict[str, SecretSource]
    retry: RetryPolicy | None
    place: str
    declared: tuple[Connection, ...]
    scheduled: tuple[Schedule, ...]

    @cached_property
    def nodes(self) -> dict[str, AnyNode]:
        """The node at each identifier: the newest definition, with the options it has as a target."""
        found: dict[str, AnyNode] = {}
        for connection in self.declared:
            for node in connection.sources:
                self._place(found, node, as_target=False)
            self._place(found, connection.target, as_target=True)
        return found

    @staticmethod
    def _place(found: dict[str, AnyNode], node: AnyNode, *, as_target: bool) -> None:
        known = found.setdefault(node.identifier, node)
        if known.body.same_code(node.body):
            if as_target or known.body.bare:
                found[node.identifier] = node
        elif _redefines(node.body, known.body):
            found[node.identifier] = node

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that count: a cell that runs again replaces what it declared before."""
        counted: dict[tuple[object, ...], Connection] = {}
        for connection in self.declared:
            newest = self.nodes[connection.target.identifier].body
            if newest is connection.target.body or not _redefines(newest, connection.target.body):
                sources = tuple(node.identifier for node in connection.sources)
                counted[connection.place, connection.kind, sources, connection.target.identifier] = connection
        return tuple(counted.values())

    @cached_property
    def into(self) -> dict[str, list[Connection]]:
        """The connections into each node, in the order of declaration."""
        found: dict[str, list[Connection]] = {name: [] for name in self.nodes}
        for connection in self.connections:
            found[connection.target.identifier].append(connection)
        return found

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        """The schedules that count: a cell that runs again replaces what it declared before."""
        counted = {(one.place, one.trigger.value.expression, one.trigger.value.tz): one for one in self.scheduled}
        return tuple(counted.values())

    @cached_property
    def places(self) -> dict[str, str]:
        """Where the inputs of each node, and each schedule, were declared, as "file:line"."""
        first = {name: ways[0].place for name, ways in self.into.items() if ways}
        first.update((trigger_name(index), one.place) for index, one in enumerate(self.schedules))
        for connection in self.connections:
            for node in connection.sources:
                first.setdefault(node.identifier, connection.place)
        return first

    def findings(self) -> Iterator[Finding]:
        """Give what is wrong with the declarations as such, before any structure is looked at."""
        yield from self._homonyms()
        for name, ways in self.into.items():
            yield from _several_ways(name, ways)
            for connection in ways:
                yield from _repeated(name, connection)

    def _homonyms(self) -> Iterator[Finding]:
        seen: set[str] = set()
        for connection in self.declared:
            for node in (*connection.sources, connection.target):
                known, name = self.nodes[node.identifier].body, node.identifier
                if known.same_code(node.body) or _redefines(known, node.body) or name in seen:
                    continue
                seen.add(name)
                message = f"two nodes are called `{name}`: {known.place} and {node.body.place}."
                cure = f'Give one a name: `{name}.named("{name}_2")`.'
                yield Finding("E122", message, connection.place, (name,), cure)


def _redefines(new: Body, old: Body) -> bool:
    """Say whether a body is the same function or class, defined again by a cell or a reload."""
    if new.code.qualified != old.code.qualified or "<locals>" in new.code.qualified:
        return False
    return new.place == old.place or new.code.file != old.code.file


def _several_ways(name: str, ways: list[Connection]) -> Iterator[Finding]:
    edges = [way for way in ways if way.kind != "start"]
    starts = [way for way in ways if way.kind == "start"]
    if len(edges) > 1:
        yield _ambiguous(name, edges)
    if len(starts) > 1:
        yield Finding("E121", f"`{name}` is started twice.", starts[1].place, (name,), "Keep one `start`.")
    if starts and edges:
        before = edges[0].sources[0].identifier
        message = f"`{name}` is the start, but `{before}` leads to it ({edges[0].place})."
        yield Finding("E121", message, starts[0].place, (name, before), "Take the `start` or the edge away.")


def _ambiguous(name: str, edges: list[Connection]) -> Finding:
    sources = list(dict.fromkeys(node.identifier for way in edges for node in way.sources))
    if len(sources) == 1:
        message = f"`{name}` is connected from `{sources[0]}` twice: {edges[0].place} and {edges[1].place}."
        return Finding("E110", message, edges[1].place, (name, *sources), "Keep one of them.")
    listed, both = " and from ".join(f"`{source}`" for source in sources), ", ".join(sources)
    cure = (
        f"`connect(({both}), {name})` waits for {'both' if len(sources) == 2 else 'all'};"
        f" `connect(any_of_nodes({both}), {name})` runs once for each."
    )
    return Finding("E110", f"`{name}` is reached from {listed}.", edges[1].place, (name, *sources), cure)


def _repeated(name: str, connection: Connection) -> Iterator[Finding]:
    sources = [node.identifier for node in connection.sources]
    for source in sorted({source for source in sources if sources.count(source) > 1}):
        message = f"`{source}` stands twice before `{name}` in one `connect`."
        yield Finding("E126", message, connection.place, (source, name), "Name each source once.")
    if connection.kind == "arrivals" and connection.unites is not None:
        message = f"`{name}` runs once per arrival, so it cannot unite as well."
        cure = "`connect((a, b), c).unites(x)` waits; `connect(any_of_nodes(a, b), c)` runs once for each."
        yield Finding("E118", message, connection.place, (name,), cure)
