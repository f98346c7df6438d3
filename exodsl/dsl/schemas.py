"""JSON schemas as templates keep them: without the words, with their fields at the top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

_WORDS = ("title", "description")
_BY_NAME = ("properties", "$defs", "patternProperties", "dependentSchemas")
_VERBATIM = ("default", "const", "enum", "examples", "required", "discriminator")


def object_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return an object's schema without titles and descriptions, its properties at the top level."""
    plain = cast("dict[str, Any]", _stripped(schema))
    if "$ref" in plain:  # a model that refers to itself
        name = plain["$ref"].rpartition("/")[2]
        plain = {**plain["$defs"][name], "$defs": plain["$defs"]}
    plain.setdefault("properties", {})
    return plain


def _stripped(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_stripped(part) for part in cast("Sequence[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    kept = cast("dict[str, Any]", schema)
    return {key: _value(key, value) for key, value in kept.items() if key not in _WORDS}


def _value(key: str, value: Any) -> Any:
    if key in _VERBATIM:
        return value
    if key in _BY_NAME and isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {name: _stripped(part) for name, part in named.items()}
    return _stripped(value)


_WITHOUT_FLOATS = frozenset(
    {"str", "int", "bool", "none", "literal", "nullable", "default", "list", "dict", "definitions", "definition-ref"}
    | {"model", "model-fields", "model-field", "typed-dict", "typed-dict-field"}
    | {"dataclass", "dataclass-args", "dataclass-field"}
)


def may_hold_floats(core_schema: Any) -> bool:
    """Say whether values of a type can hold a number that is none of JSON's, such as NaN.

    :param core_schema: what pydantic made of the type. All that is not known to be safe counts as dangerous.
    """
    if isinstance(core_schema, list | tuple):
        return any(map(may_hold_floats, cast("list[Any]", core_schema)))
    if not isinstance(core_schema, dict):
        return bool(core_schema == "allow")  # fields that nobody declared
    parts = cast("dict[str, Any]", core_schema)
    kind = parts.get("type")  # of a schema; in a table of fields, one of this name
    if not isinstance(kind, str):
        return any(map(may_hold_floats, parts.values()))
    if kind not in _WITHOUT_FLOATS or "serialization" in parts:
        return True
    return any(may_hold_floats(part) for name, part in parts.items() if name not in ("metadata", "default", "expected"))
