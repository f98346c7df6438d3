"""Values as strict JSON: what JSON does not have is refused, never changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json


def strict_json(value: object) -> str:
    """Return a value as JSON text; :raises ValueError: saying what in it is no JSON."""
    try:
        text = to_json(value, by_alias=False, inf_nan_mode="constants")
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise ValueError(str(error).partition("\n")[0]) from error
    if b"NaN" in text or b"Infinity" in text:
        odd = odd_number(value)
        if odd is not None:
            raise ValueError(f"`{odd[0]}` is {odd[1]}, a number that JSON does not have")
    return text.decode()


def odd_number(value: object, path: str = "") -> tuple[str, float] | None:
    """Return the first NaN or infinity inside a value, with the dotted way to it."""
    if isinstance(value, float):
        return None if math.isfinite(value) else (path, value)
    inner = (odd_number(part, f"{path}.{name}" if path else name) for name, part in _parts(value))
    return next((found for found in inner if found is not None), None)


def _parts(value: object) -> Iterable[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        return [(name, getattr(value, name)) for name in type(value).model_fields]
    if isinstance(value, Mapping):
        return [(str(name), part) for name, part in cast("Mapping[str, Any]", value).items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [(str(index), part) for index, part in enumerate(cast("Sequence[Any]", value))]
    return ()
