"""What the inputs of a node become in Exosphere's plain form, where every value is a text (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exodsl.template.export_unites import lets_read
from exodsl.template.models import GraphTemplate, JsonSchema, NodeTemplate
from exodsl.template.placeholders import OPEN, Part, Reference, as_text, parse, references, whole
from exodsl.template.schema_types import ValueType, fields, required
from exodsl.template.shape import Shape

_ANYTHING = ValueType.of({})
_KEEP = "Keep the value where both reach it, such as in a database."


def described_fields(schema: JsonSchema | None) -> dict[str, ValueType]:
    """Return the fields that a schema describes, if there is one."""
    return {} if schema is None else dict(fields(ValueType.of(schema)))


def is_text(kind: ValueType) -> bool:
    """Say whether every value of a type is a text."""
    return all(_may_be(one, text=True) and not _may_be(one, text=False) for one in kind.alternatives())


def takes_text(kind: ValueType) -> bool:
    """Say whether some value of a type is a text."""
    return any(_may_be(one, text=True) for one in kind.alternatives())


def _may_be(plain: ValueType, *, text: bool) -> bool:
    if plain.values is not None:
        return any(isinstance(value, str) is text for value in plain.values)
    return plain.kind is None or (plain.kind == "string") is text


@dataclass
class Inputs:
    """The inputs of one node on their way out.

    :param texts: what the plain form has.
    :param misfits: what no text says.
    :param remarks: what to give at trigger, and what is left to the node.
    """

    shape: Shape
    node: NodeTemplate
    texts: dict[str, str] = field(default_factory=dict)
    misfits: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, shape: Shape, node: NodeTemplate) -> Inputs:
        """Return what becomes of the inputs of a node of a checked template."""
        made = cls(shape, node)
        for name, value in node.inputs.items():
            made._mapped(name, value)
        for name, kind in described_fields(node.inputs_schema).items():
            if name not in node.inputs:
                made._unmapped(name, kind)
        return made

    @property
    def _is_root(self) -> bool:
        return self.node.identifier in self.shape.roots

    def _refuse(self, name: str, why: str) -> None:
        self.misfits += (f'input "{name}" {why}',)

    def _remark(self, name: str, what: str) -> None:
        self.remarks += (f'input "{name}" {what}',)

    def _mapped(self, name: str, value: Any) -> None:
        run_input = self._run_input(value)
        if self._is_root and run_input is not None:
            self._from_trigger(name, run_input)
            return
        value = self._named(value)
        self.texts[name] = as_text(value)
        for why in (*_inexpressible(value), *self._unreadable(value), *self._misread(name, value)):
            self._refuse(name, why)

    def _named(self, value: Any) -> Any:
        """Return a mapping value with the name of the only parent in the place of `previous`."""
        parents = self.shape.parents[self.node.identifier]
        if len(parents) != 1 or not any(found.kind == "previous" for found in references(value)):
            return value
        return "".join(str(_named(part, parents[0])) for part in parse(value))

    def _unmapped(self, name: str, kind: ValueType) -> None:
        needed = any(name in required(one) for one in ValueType.of(self.node.inputs_schema).alternatives())
        if needed:
            self._given_at_trigger(name)
        elif (text := _default_text(kind)) is not None:
            self.texts[name] = text
        elif self._is_root:
            self._refuse(name, "has a default that no text says, so no trigger could give it: make the default a text.")
        else:
            self._remark(name, "is left out, as no text says its default: a node that declares it is refused there.")

    def _run_input(self, value: Any) -> str | None:
        """Return which input of the run a mapping hands on as it is, if it does."""
        found = whole(parse(value)) if isinstance(value, str) else None
        return found.path[0] if found is not None and found.kind == "inputs" and len(found.path) == 1 else None

    def _from_trigger(self, name: str, run_input: str) -> None:
        kind = described_fields(self.shape.template.inputs_schema).get(run_input)
        text = None if kind is None else _default_text(kind)
        if text is None:
            self._given_at_trigger(name)
        else:
            self.texts[name] = text
        if name != run_input:
            self._remark(name, f'is given at trigger under this name, not as "{run_input}".')

    def _given_at_trigger(self, name: str) -> None:
        self.texts[name] = ""
        self._remark(name, "is exported empty: give it at trigger, which Exosphere does not demand.")

    def _unreadable(self, value: Any) -> Iterator[str]:
        """Say which nodes Exosphere does not let it read."""
        readable = lets_read(self.shape, self.node.identifier)
        for found in references(value):
            if found.kind != "outputs" or found.source in readable:
                continue
            if self.shape.nodes[found.source].unites is not None:
                yield f"reads `{found.source}`, which unites others: in Exosphere nothing can. {_KEEP}"
            else:
                yield (
                    f"reads `{found.source}`, which it unites: in Exosphere it can read only the node that it names in"
                    f" `unites`, and what lies before that. {_KEEP}"
                )

    def _misread(self, name: str, value: Any) -> Iterator[str]:
        """Say where a value that is no text could not be told from one."""
        if self.node.inputs_schema is None and isinstance(value, str):
            return  # nothing is known of a node of Exosphere's, whose values are texts
        target = described_fields(self.node.inputs_schema).get(name, _ANYTHING)
        if takes_text(target) and self._may_be_no_text(value):
            yield f"is of type {target} and may get what is no text, which arrives as one. Give it one type."

    def _may_be_no_text(self, value: Any) -> bool:
        if not isinstance(value, str):
            return True
        found = whole(parse(value))
        return found is not None and not self._gives_text(found)

    def _gives_text(self, reference: Reference) -> bool:
        if reference.kind == "store":
            default = self.shape.template.store_config.default_values.get(reference.path[0], "")
            return isinstance(default, str)
        source = self.shape.nodes.get(reference.source)
        kind = None if source is None else described_fields(source.outputs_schema).get(next(iter(reference.path), ""))
        return kind is None or is_text(kind)


def _named(part: Part, parent: str) -> Part:
    if isinstance(part, Reference) and part.kind == "previous":
        return Reference("outputs", parent, part.path)
    return part


def _default_text(kind: ValueType) -> str | None:
    """Return the default of an input as a text that is read as that again, if there is one."""
    if "default" not in kind.plain:
        return None
    default = kind.plain["default"]
    text = as_text(default)
    if OPEN in text or (not isinstance(default, str) and takes_text(kind)):
        return None
    return text


def _inexpressible(value: Any) -> Iterator[str]:
    """Say what it is in a mapping value that Exosphere's placeholders cannot say."""
    if not isinstance(value, str) and OPEN in as_text(value):
        yield f"has {OPEN} in its value, which Exosphere reads as a placeholder: return it from a node."
    for reference in references(value):
        why = _unknown(reference)
        if why is not None:
            yield f"takes {reference}: {why}"


def _unknown(reference: Reference) -> str | None:
    if reference.kind == "inputs":
        return (
            "in Exosphere the first node alone gets what a run is triggered with, each input as it is."
            " Take it from the store, or from what the first node returns."
        )
    if reference.kind == "previous":
        return "Exosphere has no `previous`. Give each way a node of its own."
    if not reference.path:
        return "Exosphere hands over one field, not all outputs. Take the fields one by one."
    if len(reference.path) > 1:
        return "Exosphere cannot look into a field. Return that as a field of its own."
    return None


def unshared(template: GraphTemplate, texts: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Say which inputs of a node that stands in several places are given in some of them only."""
    for node in template.nodes:
        mates = [other.identifier for other in template.nodes if _same_node(template, node, other)]
        known = described_fields(node.inputs_schema)
        for name in known:
            if name not in texts[node.identifier] and any(name in texts[mate] for mate in mates):
                yield (
                    f'{node.identifier}: input "{name}" is left to its default here, and mapped elsewhere: Exosphere'
                    " wants it everywhere. Map it here, too."
                )


def _same_node(template: GraphTemplate, one: NodeTemplate, other: NodeTemplate) -> bool:
    own = template.namespace
    return (one.node_name, one.namespace or own) == (other.node_name, other.namespace or own)
