"""What a workflow takes, as it is written on a command line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from exodsl.template.schema_types import ValueType, properties, required

_DEEPEST = 3
_EXAMPLES = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def usage(inputs: Mapping[str, Any] | None, store_keys: Iterable[str]) -> str:
    """Return the options that a workflow takes; lists and objects show their form.

    :param inputs: the JSON schema of the run's inputs, if there is one.
    :param store_keys: the keys that a trigger must give.
    """
    schema = ValueType.of(dict(inputs or {}))
    needed = required(schema)
    given = [_form(name, kind) + ("" if name in needed else " (optional)") for name, kind in properties(schema).items()]
    takes = ", ".join([*given, *(f"--store {key}=VALUE" for key in store_keys)])
    return f"It takes: {takes}." if takes else "It takes no inputs."


def _form(name: str, kind: ValueType) -> str:
    kinds = {one.kind: one for one in kind.alternatives()}
    nested = kinds.get("array") or kinds.get("object")
    if nested is None or "string" in kinds:
        return f"--input {name}=VALUE"
    return f"--input {name}='{json.dumps(_example(nested, 0), ensure_ascii=False)}'"


def _example(kind: ValueType, depth: int) -> Any:
    """Return a value of a type, to show how it is written."""
    one = kind.alternatives()[0]
    if one.values is not None:
        return one.values[0]
    if depth > _DEEPEST:
        return None
    if one.kind == "array":
        return [_example(one.within(one.plain.get("items", {})), depth + 1)]
    if one.kind == "object":
        fields = properties(one)
        return {name: _example(fields[name], depth + 1) for name in required(one)}
    return _EXAMPLES.get(one.kind or "", "value")
