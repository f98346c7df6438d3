"""Values that come as texts, as all do over Exosphere's HTTP API (semantics 10)."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from exodsl.template.schema_types import ValueType


def from_text(text: str, kind: ValueType) -> Any:
    """Return the value of a type that a text stands for: itself where the type takes it, else what it is as JSON."""
    if kind.takes(text):
        return text
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return text  # whoever checks the value says what was expected instead
