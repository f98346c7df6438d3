"""Outputs that hold plain values and nothing else: whether one is as declared is told by the types of its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

_PLAIN: dict[str, type[Any]] = {"str": str, "int": int, "float": float, "bool": bool, "none": type(None)}
_OF_MODELS = {"type", "fields", "model_name", "computed_fields"}


@dataclass(frozen=True, slots=True)
class Plain:
    """The type of an output, a model or a dictionary, and that of each of its values."""

    kind: type[Any]
    fields: dict[str, type[Any]]

    def fits(self, value: Any) -> bool:
        """Say whether a value surely is as declared; what is not sure has to be looked at closer."""
        if type(value) is not self.kind:
            return False
        parts = cast("dict[str, Any]", value if self.kind is dict else vars(value))
        return {name: type(part) for name, part in parts.items()} == self.fields


def plain_output(core_schema: Any) -> Plain | None:
    """Return what tells values of a type, if all that they hold is plain and written as it is.

    :param core_schema: what pydantic made of the type.
    """
    if core_schema["type"] == "typed-dict":
        return _plain(dict, core_schema)
    if core_schema["type"] != "model" or "serialization" in core_schema:
        return None
    inner = core_schema["schema"]
    if inner["type"] != "model-fields" or inner["computed_fields"] or not inner.keys() <= _OF_MODELS:
        return None
    return _plain(core_schema["cls"], inner)


def _plain(kind: type[Any], core_schema: Any) -> Plain | None:
    schemas = {name: _undefaulted(field["schema"]) for name, field in core_schema["fields"].items()}
    if any(schema["type"] not in _PLAIN or "serialization" in schema for schema in schemas.values()):
        return None
    return Plain(kind, {name: _PLAIN[schema["type"]] for name, schema in schemas.items()})


def _undefaulted(schema: Any) -> Any:
    return schema["schema"] if schema["type"] == "default" and "serialization" not in schema else schema
