"""The fields of a trigger form, made from the JSON schema kept with a graph: pure, and no code of users is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from exodsl.errors import InputInvalid
from exodsl.template.models import GraphTemplate, JsonSchema
from exodsl.template.needs import needed_inputs, root_of
from exodsl.template.schema_types import ValueType, properties
from exodsl_tui.words import compact

Kind = Literal["text", "integer", "number", "boolean", "choice", "date", "datetime", "json"]
_PLAIN: Mapping[str | None, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_DATES: Mapping[str, Kind] = {"date": "date", "date-time": "datetime"}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in.

    :param type: as it is shown: `int`, `list[str]`.
    :param required: whether a run cannot start without it.
    :param initial: what stands in it at first, as it is typed.
    :param choices: the only values there are, for a `choice`.
    :param text: whether the command line takes what is typed for it as text, rather than as JSON.
    """

    name: str
    kind: Kind
    type: str
    required: bool
    initial: str = ""
    choices: tuple[Any, ...] = ()
    nullable: bool = False
    text: bool = False
    help: str = ""

    def spelled(self, value: Any) -> str:
        """Return how a value is typed."""
        if self.kind in ("text", "date", "datetime"):
            return "" if value is None else str(value)
        return compact(value)

    def read(self, typed: str) -> Any:
        """Return the value of what was typed. :raises InputInvalid: when it is none of this field's."""
        if self.kind == "text":
            return typed
        if self.kind in ("date", "datetime"):
            return self._date(typed.strip())
        try:
            value = json.loads(typed, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise InputInvalid(f'"{_cut(typed)}" is no {self.type}: {_why(self.kind, error)}') from error
        return value

    def _date(self, typed: str) -> str:
        try:
            (date if self.kind == "date" else datetime).fromisoformat(typed)
        except ValueError as error:
            example = "2027-01-31" if self.kind == "date" else "2027-01-31T09:00:00Z"
            raise InputInvalid(f'"{_cut(typed)}" is no {self.kind}. Write it like {example}') from error
        return typed


def input_fields(template: GraphTemplate) -> tuple[Field, ...]:
    """Return the inputs of a graph's runs: those it declares, else those of its root that its mapping leaves out."""
    root = root_of(template)
    schema = template.inputs_schema or root.inputs_schema
    needed = needed_inputs(template)
    mapped = () if template.inputs_schema else tuple(root.inputs)
    parts = properties(ValueType.of(schema or {}))
    required = [name for name in needed if name in parts]
    names = [*required, *(name for name in parts if name not in required and name not in mapped)]
    return tuple(_field(name, parts[name], name in required) for name in names)


def store_fields(template: GraphTemplate) -> tuple[Field, ...]:
    """Return the declared keys of a graph's store; they have no types."""
    config = template.store_config
    needed = [Field(key, "json", "JSON", required=True) for key in config.required_keys]
    rest = [
        Field(key, "json", "JSON", required=False, initial=compact(value))
        for key, value in config.default_values.items()
        if key not in config.required_keys
    ]
    return (*needed, *rest)


def secret_names(template: GraphTemplate) -> tuple[str, ...]:
    """Return the names of the secrets that runs of a graph use; a form names them, and never asks for them."""
    return tuple(sorted({*template.secrets, *(secret for node in template.nodes for secret in node.secrets)}))


def _field(name: str, part: ValueType, required: bool) -> Field:
    alternatives = [one for one in part.alternatives() if one.kind != "null"]
    nullable = len(alternatives) < len(part.alternatives())
    choices = tuple(value for one in alternatives for value in one.values or ())
    kind = _kind(alternatives)
    described: JsonSchema = part.plain
    field = Field(
        name,
        kind,
        _called(kind, part, choices),
        required,
        choices=choices if kind == "choice" else (),
        nullable=nullable,
        text=any(one.kind == "string" for one in alternatives) or any(isinstance(value, str) for value in choices),
        help=str(described.get("description", "")),
    )
    if described.get("default") is None:
        return field
    return with_initial(field, described["default"])


def with_initial(field: Field, value: Any) -> Field:
    """Return a field in which a value stands at first."""
    return replace(field, initial=field.spelled(value))


def _kind(alternatives: list[ValueType]) -> Kind:
    if alternatives and all(one.values is not None for one in alternatives):
        return "choice"
    if len(alternatives) != 1:
        return "json"
    only = alternatives[0]
    return _DATES.get(str(only.plain.get("format")), _PLAIN.get(only.kind, "json"))


def _called(kind: Kind, part: ValueType, choices: tuple[Any, ...]) -> str:
    """Return a type as a form says it."""
    if kind == "choice":
        return f"one of {len(choices)}"
    return kind if kind in ("date", "datetime") else str(part)


def _why(kind: Kind, error: Exception) -> str:
    return f"{error}." if kind == "json" else "write a number." if kind in ("integer", "number") else "write JSON."


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _cut(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:27]}..."
