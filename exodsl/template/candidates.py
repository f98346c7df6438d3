"""What could fill an input that nothing is given to (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exodsl.template.check_references import Given, Scene, dotted, givens
from exodsl.template.models import JsonSchema, NodeTemplate
from exodsl.template.placeholders import Reference
from exodsl.template.schema_types import ValueType, fields

MOST_CANDIDATES = 3
"""A suggestion names no more sources than this."""


@dataclass(frozen=True)
class Candidate:
    """One reference whose value fits; `written` is how a module spells it."""

    reference: Reference
    given: Given
    written: str

    def __str__(self) -> str:
        return self.given.name

    def mapped(self, name: str, in_python: bool) -> str:
        """Return the mapping that uses it, as a module or a template spells it."""
        if not in_python:
            return f'`"{name}": "{self.reference}"`'
        return f"`{name}={self.written if self.given.opener is None else f'collect({self.written})'}`"


def candidates(scene: Scene, node: NodeTemplate, name: str, wanted: ValueType) -> list[Candidate]:
    """Return the sources that fit: those of the same name first, then the nearest."""
    found = [
        Candidate(reference, given, in_module(scene, reference))
        for reference in _references(scene, node)
        for given in givens(scene, node, reference)
        if given.whole_type is not None and given.whole_type.can_give(wanted)
    ]
    if scene.in_python:  # most modules have no model of the run's inputs, so these come last
        found = [one for one in found if one.reference.kind != "inputs"] or found
    found.sort(key=lambda candidate: candidate.reference.path != (name,))
    return found[:MOST_CANDIDATES]


def in_module(scene: Scene, reference: Reference) -> str:
    """Return a reference as a module writes it: what a function returns that is no model has no field there."""
    if reference.kind != "outputs":
        return ".".join(("graph", reference.kind, *reference.path))
    plain = _names(scene.shape.nodes[reference.source].outputs_schema) == ["result"]
    return dotted(reference.source, reference.path[1:] if plain else reference.path)


def _references(scene: Scene, node: NodeTemplate) -> Iterator[Reference]:
    """Give every reference to one field that the node may use, those to near nodes first."""
    readable = {} if scene.structure is None else scene.structure.reads[node.identifier]
    for source in reversed(scene.shape.order if readable else ()):
        names = _names(scene.shape.nodes[source].outputs_schema) if source in readable else []
        for field in names:
            yield Reference("outputs", source, (field,))
    for field in _names(scene.shape.template.inputs_schema):
        yield Reference("inputs", "", (field,))


def _names(schema: JsonSchema | None) -> list[str]:
    found = () if schema is None else fields(ValueType.of(schema))
    return list(dict.fromkeys(name for name, _ in found))
