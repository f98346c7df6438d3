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
