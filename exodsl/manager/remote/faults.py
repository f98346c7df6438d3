"""Errors on their way: the same class, attributes and message arrive that were raised."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_jsonable_python

from exodsl.errors import DatabaseUnusable, ExodslError
from exodsl.template.findings import Finding


class Raised(BaseModel):
    """Which error it was."""

    code: str = Field(description="Short and stable: the `code` of the error's class.")
    attributes: dict[str, Any] = Field(default={}, description="What the error is about.")


class Fault(BaseModel):
    """An answer that says why something cannot be done, and what helps."""

    detail: str
    error: Raised | None = None


def told(error: ExodslError) -> Fault:
    """Return an error as it travels."""
    kept = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    return Fault(detail=str(error), error=Raised(code=error.code, attributes=to_jsonable_python(kept, fallback=str)))


def heard(body: bytes) -> ExodslError | None:
    """Return the error that an answer tells, if it tells one; of a class that is unknown here, the nearest."""
    try:
        fault = Fault.model_validate_json(body)
    except ValidationError:
        return None
    if fault.error is None:
        return None
    kind = _classes().get(fault.error.code, DatabaseUnusable)
    error = kind.__new__(kind)  # its message was made where it was raised
    error.args = (fault.detail,)
    for name, value in fault.error.attributes.items():
        setattr(error, name, _as_it_was(name, value))
    return error


def _as_it_was(name: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return tuple(_finding(one) if name == "findings" else one for one in value)


def _finding(told: Mapping[str, Any]) -> Finding:
    return Finding(**{**told, "identifiers": tuple(told["identifiers"])})


@cache
def _classes() -> Mapping[str, type[ExodslError]]:
    found: dict[str, type[ExodslError]] = {}
    waiting: list[type[ExodslError]] = [ExodslError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    return found
