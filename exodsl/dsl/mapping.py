"""The values of a mapping as a template keeps them: placeholders and JSON (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from exodsl.dsl.base_node import is_node_class
from exodsl.dsl.edges import Connection
from exodsl.dsl.mistakes import described
from exodsl.dsl.nodes import as_node, is_node
from exodsl.dsl.references import Reference, is_collected, is_reference, label, nested_reference, spelled
from exodsl.dsl.spoken import finding_of
from exodsl.errors import DefinitionError
from exodsl.template.findings import Finding
from exodsl.template.json_values import odd_number
from exodsl.template.placeholders import Reference as Placeholder
from exodsl.template.placeholders import parse
from exodsl.template.structure import Structure


class _NotJson(ValueError):
    """A literal is no JSON; says why."""


@dataclass(frozen=True)
class Mapped:
    """The mapping of one connection, read: what is wrong with it stands in `findings`."""

    connection: Connection
    values: dict[str, Any]
    findings: list[Finding]

    @classmethod
    def of(cls, connection: Connection) -> Mapped:
        """Turn every value into text or JSON."""
        values: dict[str, Any] = {}
        findings: list[Finding] = []
        for name, value in (connection.mapping or {}).items():
            try:
                values[name] = _as_json(value)
            except DefinitionError as error:
                findings.append(finding_of(error, connection.place, (connection.target.identifier,), code="E145"))
            except _NotJson as error:
                message = f"`{name}` of `{connection.target.identifier}` is given {error}."
                findings.append(_finding("E106", connection, name, message, _instead(name, value)))
            else:
                findings.extend(_hidden(connection, name, value))
        return cls(connection, values, findings)

    def amounts(self, structure: Structure) -> Iterator[Finding]:
        """Give references that are one where a list is taken, or many where one is (semantics 4)."""
        target = self.connection.target.identifier
        for name, value in (self.connection.mapping or {}).items():
            if is_reference(value) and name in self.values:
                yield from self._amount(structure, target, name, value)

    def _amount(self, structure: Structure, target: str, name: str, value: Reference) -> Iterator[Finding]:
        placeholder = parse(str(value))[0]
        source = placeholder.source if isinstance(placeholder, Placeholder) else ""
        if source and source not in structure.reads[target]:
            return
        many = bool(source) and structure.many(target, source)
        if is_collected(value) and not many:
            message = f"`{name}` of `{target}` collects `{_named(value)}`, of which there is only one here."
            yield _finding("E127", self.connection, name, message, "Take it without `collect(...)`.")
        elif not is_collected(value) and many and structure.sure_list(target, source):
            level = structure.outputs_levels[source][structure.reads[target][source]]
            above = f"`{level.opener}` opens several branches above it"
            message = f"`{target}` takes `{_named(value)}` directly, but {above}."
            cure = f"`{name}=collect({spelled(value)})` takes the list"
            unite = "" if structure.nodes[target].unites else f", behind `.unites({level.opener})`"
            yield _finding("E111", self.connection, name, message, f"{cure}{unite}.")


def _named(value: Reference) -> str:
    return label(value).strip("${} ")


def _finding(code: str, connection: Connection, name: str, message: str, cure: str | None = None) -> Finding:
    return Finding(code, message, connection.place, (connection.target.identifier,), cure, name)


def _instead(name: str, value: Any) -> str | None:
    """Return what to write for an input that is given a node itself."""
    if not (is_node(value) or is_node_class(value)):
        return None
    node = as_node(value, "an input")
    known = node.output_names
    outputs = f"{value.__name__ if isinstance(value, type) else node.identifier}.outputs"
    if name in known or len(known) == 1:
        outputs = f"{outputs}.{name if name in known else known[0]}"
    elif known:
        return f"Write `{name}={outputs}.field`, where the field is one of: {', '.join(known)}."
    return f"Write `{name}={outputs}`."


def _as_json(value: Any) -> Any:
    if is_reference(value):
        return str(value)
    if is_node(value) or is_node_class(value):
        raise _NotJson(f"the node `{value.__name__}` itself")
    if nested_reference(value) is not None:
        return None
    try:
        plain = to_jsonable_python(value, by_alias=False, inf_nan_mode="constants")
    except (PydanticSerializationError, ValueError) as error:
        raise _NotJson(f"{described(value)}, which cannot be stored as JSON") from error
    odd = odd_number(plain)
    if odd is not None:
        raise _NotJson(f"{odd[1]}, a number that JSON does not have")
    return plain


def _hidden(connection: Connection, name: str, value: Any) -> Iterator[Finding]:
    hidden = None if is_reference(value) else nested_reference(value)
    if hidden is not None:
        message = (
            f"`{name}` of `{connection.target.identifier}` hides `{label(hidden)}` inside a"
            f" {type(value).__name__}, where it would stay text."
        )
        cure = "Give it an input of its own, and put them together in the node."
        yield _finding("E150", connection, name, message, cure)
