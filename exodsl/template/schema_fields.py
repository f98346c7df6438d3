"""What a path of field names finds in a JSON schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exodsl.template.schema_types import ValueType, as_object, closed, fields, properties


@dataclass(frozen=True)
class NoField:
    """The end of a path: `owner` has no field of this name, but those in `known`."""

    owner: tuple[str, ...]
    name: str
    known: tuple[str, ...]


def follow(start: ValueType, path: Sequence[str]) -> ValueType | NoField:
    """Return the type of the value at `path`; unknown where the schema leaves it open."""
    now = start
    for at, name in enumerate(path):
        found = _step(now, name)
        if found is None:
            return NoField(tuple(path[:at]), name, tuple(dict.fromkeys(known for known, _ in fields(now))))
        now = found
    return now


def _step(owner: ValueType, name: str) -> ValueType | None:
    found = [part for one in owner.alternatives() if (part := _field(one, name)) is not None]
    if len(found) < 2:
        return found[0] if found else None
    return owner.within({"anyOf": [part.schema for part in found]})


def _field(plain: ValueType, name: str) -> ValueType | None:
    described = properties(plain)
    if name in described:
        return described[name]
    if closed(plain) or plain.kind not in (None, "object"):
        return None
    # additionalProperties is the type of the rest; patternProperties may say otherwise
    rest = {} if "patternProperties" in plain.plain else as_object(plain.plain.get("additionalProperties"))
    return plain.within(rest)
