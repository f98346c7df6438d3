"""Is every input known, filled, and of a type that its source can give (semantics 2 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exodsl.errors import did_you_mean
from exodsl.template.check_cures import TEXT, for_literal, for_reference, of_a_type
from exodsl.template.check_references import Given, Scene, check_reference, givens
from exodsl.template.findings import Finding
from exodsl.template.models import NodeTemplate
from exodsl.template.placeholders import OPEN, Parts, PlaceholderError, Reference, parse, whole
from exodsl.template.schema_fields import NoField, follow
from exodsl.template.schema_types import ValueType, as_list, as_object, fields, kind_of, required

LIST = ValueType({"type": "array"})
KINDS = {"string": "a str", "integer": "an int", "number": "a float", "boolean": "a bool", "null": "None"}


def check_inputs(scene: Scene) -> Iterator[Finding]:
    """Give what is wrong with the mappings and the secrets of every node."""
    text_only = _text_only(scene)
    for node in scene.shape.template.nodes:
        yield from _unknown(node)
        yield from _unfilled(scene, node)
        for name, value in node.inputs.items():
            yield from _Input(scene, node, name, text_only).check(value)
        yield from _secrets(scene, node)


def _unknown(node: NodeTemplate) -> Iterator[Finding]:
    for name in node.inputs:
        missing = None if node.inputs_schema is None else follow(ValueType.of(node.inputs_schema), (name,))
        if isinstance(missing, NoField):
            known = ", ".join(missing.known) or "none"
            message = f"`{node.identifier}` has no input `{name}`. It has: {known}."
            cure = did_you_mean(name, missing.known).strip() or None
            yield Finding("E105", message, None, (node.identifier,), cure)


def _unfilled(scene: Scene, node: NodeTemplate) -> Iterator[Finding]:
    if node.inputs_schema is None or (scene.is_root(node) and scene.shape.template.inputs_schema is None):
        return  # what the root's mapping leaves out is given at trigger
    whole_type = ValueType.of(node.inputs_schema)
    alternatives = whole_type.alternatives()
    if len(alternatives) != 1:
        return
    for name in required(alternatives[0]):
        wanted = follow(whole_type, (name,))
        if name not in node.inputs and isinstance(wanted, ValueType):
            message = f"`{node.identifier}` needs `{name}`, and {_why_empty(scene, node, name)}."
            yield Finding("E103", message, None, (node.identifier,), _fill(scene, node, name, wanted))


def _why_empty(scene: Scene, node: NodeTemplate, name: str) -> str:
    if scene.structure is None or scene.is_root(node):
        return "nothing is given to it"
    above = [scene.shape.nodes[source].outputs_schema for source in scene.structure.reads[node.identifier]]
    known = {field for schema in above if schema is not None for field, _ in fields(ValueType.of(schema))}
    return "nothing is given to it" if name in known else f"nothing upstream is called `{name}`"


def _fill(scene: Scene, node: NodeTemplate, name: str, wanted: ValueType) -> str:
    return of_a_type(scene, node, name, wanted) or f"Map {wanted.with_article} to it, or give it a default."


def _secrets(scene: Scene, node: NodeTemplate) -> Iterator[Finding]:
    template = scene.shape.template
    for secret in node.secrets:
        if secret not in template.secrets:
            message = (
                f"`Secrets.{secret}` of `{node.node_name}` is not provided:"
                f" graph `{template.name}` has no secret `{secret}`."
            )
            cure = did_you_mean(secret, template.secrets).strip() or None
            yield Finding("E130", message, None, (node.identifier,), cure)


def _text_only(scene: Scene) -> bool:
    """Say whether every described field is a string (v1), so that lists arrive as JSON text."""
    nodes = scene.shape.template.nodes
    schemas = [schema for node in nodes for schema in (node.inputs_schema, node.outputs_schema)]
    described = [ValueType.of(schema) for schema in schemas if schema is not None]
    return all(part.kind == "string" for one in described for _, part in fields(one))


@dataclass(frozen=True)
class _Input:
    """One input of one node, with what is mapped to it."""

    scene: Scene
    node: NodeTemplate
    name: str
    text_only: bool

    @property
    def type(self) -> ValueType | None:
        """What the input takes, where its schema says so."""
        schema = self.node.inputs_schema
        found = None if schema is None else follow(ValueType.of(schema), (self.name,))
        return found if isinstance(found, ValueType) else None

    @property
    def spelled(self) -> str:
        return f"`{self.node.identifier}({self.name}: {self.type or 'Any'})`"

    def check(self, value: Any) -> Iterator[Finding]:
        """Give what is wrong with the value that is mapped to the input."""
        if not isinstance(value, str):
            yield from self._literal(value)
            return
        try:
            parts = parse(value)
        except PlaceholderError as error:
            yield self._finding("E106", f"in `{self.name}` of `{self.node.identifier}`: {error}")
            return
        references = [part for part in parts if isinstance(part, Reference)]
        wrong = [finding for one in references for finding in check_reference(self.scene, self.node, self.name, one)]
        yield from wrong
        if not references:
            yield from self._literal(value)
        elif not wrong:
            yield from self._types(parts)

    def _literal(self, value: Any) -> Iterator[Finding]:
        if not isinstance(value, str) and _holds_placeholder(value):
            message = (
                f"in `{self.name}` of `{self.node.identifier}`: a placeholder inside of a list or an object stays text."
            )
            yield self._finding("E106", message, "Give it an input of its own.")
        if self.type is not None and not self.type.takes(value):
            cure = for_literal(self.scene, self.name, value, self.type)
            yield self._finding("E102", f"{self.spelled} is given {_shown(value)}.", cure)

    def _types(self, parts: Parts) -> Iterator[Finding]:
        if self.type is None:
            return
        reference = whole(parts)
        if reference is not None:
            for given in givens(self.scene, self.node, reference):
                yield from self._given(reference, given, self.type)
        elif not TEXT.can_give(self.type):
            cure = of_a_type(self.scene, self.node, self.name, self.type) or f"It takes {self.type.with_article}."
            yield self._finding("E102", f"{self.spelled} is given text with placeholders in it, a str.", cure)

    def _given(self, reference: Reference, given: Given, wanted: ValueType) -> Iterator[Finding]:
        if given.opener is not None and not LIST.can_give(wanted):
            if self.text_only and TEXT.can_give(wanted):
                return
            above = f"{given.opener_text} above it"
            message = f"`{self.node.identifier}` takes `{given.name}` directly, but {above}."
            yield self._finding("E111", message, self._collected(given.opener))
        elif given.whole_type is not None and not given.whole_type.can_give(wanted):
            message = f"{self.spelled} is given `{given.name}`, {given.whole_type.with_article}."
            cure = for_reference(self.scene, self.node, self.name, reference, given, wanted)
            yield self._finding("E102", message, cure)

    def _collected(self, opener: str) -> str:
        several = f"`collect(...)` into a list as `{self.name}`" if self.scene.in_python else f"a list as `{self.name}`"
        if self.node.unites is not None:
            return f"Take {several}."
        return f"Add `.unites({opener})` and take {several}, or read something there is one of."

    def _finding(self, code: str, message: str, cure: str | None = None) -> Finding:
        return Finding(code, message, None, (self.node.identifier,), cure, self.name)


def _holds_placeholder(value: Any) -> bool:
    ahead = [value]
    while ahead:
        part = ahead.pop()
        if isinstance(part, str) and OPEN in part:
            return True
        ahead.extend(as_list(part))
        ahead.extend(as_object(part).values())
    return False


def _shown(value: Any) -> str:
    kind = kind_of(value)
    if kind in ("array", "object"):
        return "a list that does not fit" if kind == "array" else "an object that does not fit"
    text = repr(value)
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    return shown if value is None else f"{shown}, {KINDS[kind]}"
