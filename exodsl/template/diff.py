"""What is not the same in two templates, thing by thing (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from exodsl.template.models import GraphTemplate
from exodsl.template.structure import Structure
from exodsl.template.traits import Trait, traits_of_graph, traits_of_node

Edge = tuple[str, str]
Schema = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Change:
    """One trait that differs; `None` on the side that does not have it.

    :param node: the identifier of the node, `None` for the graph itself.
    :param kind: `input`, `mapping`, `output`, `next`, `unites`, `retry`, …; `details` for what no trait shows: the
        schemas of fields of one kind, or the `form` of a template that says the same otherwise.
    """

    node: str | None
    kind: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How a template became another one; `changes` are in topological order, those of added and removed nodes too."""

    nodes_added: tuple[str, ...]
    nodes_removed: tuple[str, ...]
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.nodes_added or self.nodes_removed)

    @property
    def edges_added(self) -> tuple[Edge, ...]:
        """The edges that only the second template has."""
        return tuple((change.node or "", change.name) for change in self.changes if _is_edge(change, change.after))

    @property
    def edges_removed(self) -> tuple[Edge, ...]:
        """The edges that only the first template has."""
        return tuple((change.node or "", change.name) for change in self.changes if _is_edge(change, change.before))

    @property
    def within(self) -> tuple[Change, ...]:
        """The changes of the graph, and of nodes that both templates have; edges left out."""
        whole = {*self.nodes_added, *self.nodes_removed}
        return tuple(change for change in self.changes if change.kind != "next" and change.node not in whole)


def difference(before: GraphTemplate, after: GraphTemplate) -> Difference:
    """Compare two checked templates; the difference is false only where the second is no new version of the first."""
    old, new = Structure.of(before), Structure.of(after)
    changes = [*_changed(None, traits_of_graph(before), traits_of_graph(after))]
    changes += _details(None, changes, [("input", before.inputs_schema, after.inputs_schema)])
    for name in dict.fromkeys((*new.shape.order, *old.shape.order)):
        changes += _changed_node(old, new, name)
    if not changes and before.canonical_json() != after.canonical_json():
        changes.append(Change(None, "details", "form", None, None))
    return Difference(
        tuple(name for name in new.shape.order if name not in old.nodes),
        tuple(name for name in old.shape.order if name not in new.nodes),
        tuple(changes),
    )


def _changed_node(old: Structure, new: Structure, name: str) -> list[Change]:
    changes = [*_changed(name, _traits(old, name), _traits(new, name))]
    if name not in old.nodes or name not in new.nodes:
        return changes
    one, other = old.nodes[name], new.nodes[name]
    schemas = [("input", one.inputs_schema, other.inputs_schema), ("output", one.outputs_schema, other.outputs_schema)]
    return [*changes, *_details(name, changes, schemas)]


def _traits(structure: Structure, name: str) -> Iterable[Trait]:
    return traits_of_node(structure, name) if name in structure.nodes else ()


def _changed(node: str | None, before: Iterable[Trait], after: Iterable[Trait]) -> Iterator[Change]:
    """Give the traits that are not the same on both sides, in the order in which they are said."""
    old, new = ({(trait.kind, trait.name): trait for trait in traits} for traits in (before, after))
    for kind, name in dict.fromkeys((*old, *new)):
        one, other = old.get((kind, name)), new.get((kind, name))
        if one != other:
            yield Change(node, kind, name, one.line if one else None, other.line if other else None)


def _details(
    node: str | None, changes: Iterable[Change], schemas: Iterable[tuple[str, Schema, Schema]]
) -> list[Change]:
    """Return the schemas that differ in what short types do not show."""
    shown = {change.kind for change in changes}
    return [
        Change(node, "details", kind, to_json(before).decode(), to_json(after).decode())
        for kind, before, after in schemas
        if kind not in shown and before != after
    ]


def _is_edge(change: Change, side: str | None) -> bool:
    return change.kind == "next" and side is not None
