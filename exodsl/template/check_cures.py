"""What to write where a value does not fit its input (semantics 2 and 4)."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from exodsl.template.candidates import candidates, in_module
from exodsl.template.check_references import Given, Scene
from exodsl.template.models import NodeTemplate
from exodsl.template.placeholders import Reference
from exodsl.template.schema_types import ValueType
from exodsl.template.structure import Role

TEXT = ValueType({"type": "string"})
_NUMBERS = {"integer", "number", "boolean"}


def of_a_type(scene: Scene, node: NodeTemplate, name: str, wanted: ValueType) -> str | None:
    """Name the sources that have a value of the type that is wanted, if there are any."""
    found = candidates(scene, node, name, wanted)
    if not found:
        return None
    listed = ", ".join(f"`{candidate}`" for candidate in found)
    return f"Candidates of type {wanted}: {listed}. Write {found[0].mapped(name, scene.in_python)}."


def for_literal(scene: Scene, name: str, value: Any, wanted: ValueType) -> str:
    """Say what the input takes, and how the value would be written as that."""
    takes = f"It takes {wanted.with_article}"
    if isinstance(value, int | float) and wanted.takes(to_json(value).decode()):
        text = to_json(value).decode()
        return f'{takes}, such as `{name}="{text}"`.' if scene.in_python else f'{takes}, such as `"{name}": "{text}"`.'
    return f"{takes}."


def for_reference(
    scene: Scene, node: NodeTemplate, name: str, reference: Reference, given: Given, wanted: ValueType
) -> str:
    """Say what to write for an input that is given a reference of another type."""
    one = given.type
    if one is not None and given.opener is None and one.listed().can_give(wanted):
        return _only_one(scene, node, name, reference, one)
    as_text = _as_text(scene, name, reference, given) if TEXT.can_give(wanted) else None
    cures = [cure for cure in (of_a_type(scene, node, name, wanted), as_text) if cure is not None]
    if cures:
        return " ".join(cures)
    whole = given.whole_type or one
    takes = "what it is given" if whole is None else whole.with_article
    return f"Let `{name}` take {takes}, or put a node between that gives {wanted.with_article}."


def _only_one(scene: Scene, node: NodeTemplate, name: str, reference: Reference, one: ValueType) -> str:
    opener = _opener(scene, node, reference)
    if opener is None:
        return f"There is only one value of it: let `{name}` take {one.with_article}."
    structure = scene.structure
    if structure is not None and structure.role(opener) is Role.ARRIVAL:
        return f"`{node.identifier}` runs once per arrival at `{opener}`, so there is one value."
    once = f"`{node.identifier}` runs once for each output of `{opener}`, so there is one value."
    cure = f'`"unites": {{"identifier": "{opener}"}}`'
    if scene.in_python:
        cure = f"`connect(..., {name}=collect({in_module(scene, reference)})).unites({opener})`"
    return f"{once} To run it once with all of them: {cure}."


def _opener(scene: Scene, node: NodeTemplate, reference: Reference) -> str | None:
    """Return the innermost open fanout that gives each state of the node its own value."""
    structure = scene.structure
    if structure is None or reference.kind != "outputs":
        return None
    shared = structure.reads[node.identifier][reference.source]
    levels = structure.outputs_levels[reference.source][:shared]
    return next((level.opener for level in reversed(levels) if level.declared), None)


def _as_text(scene: Scene, name: str, reference: Reference, given: Given) -> str | None:
    """Return the mapping that makes a longer text of a number, which alone keeps its type."""
    if given.opener is not None or given.type is None or given.type.kind not in _NUMBERS or not reference.path:
        return None
    word = reference.path[-1] if reference.path != ("result",) else reference.source
    if not scene.in_python:
        return f'As part of a text: `"{name}": "{word} {reference}"`.'
    if reference.kind == "previous":
        return None
    return f'As part of a text: `{name}=f"{word} {{{in_module(scene, reference)}}}"`.'
