"""Values that a transcript does not show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from exodsl.errors import InputInvalid

Way = tuple[str, ...]
"""How a value is found: `("fetch", "outputs", "page", "token")`; what lies in a list has the way of the list."""
_INSTEAD = "<redacted>"


class Redactions:
    """Puts a text in the place of values.

    :param fields: names of fields, or the ends of the ways to them, with dots; a mapping says what is shown instead.
    :raises InputInvalid: when they are a text, and not several.
    """

    def __init__(self, fields: Mapping[str, str] | Iterable[str]) -> None:
        if isinstance(fields, str):
            raise InputInvalid(f'redact="{fields}" is one text. Write redact=["{fields}"].')
        named = cast("Mapping[str, str]", fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, _INSTEAD)
        self._instead: dict[Way, str] = {tuple(field.split(".")): shown for field, shown in named.items()}
        self._names = {way[-1] for way in self._instead}

    def shown(self, way: Way, value: Any) -> Any:
        """Return a value as it may be shown, down to its parts."""
        if not self._names:
            return value
        if way[-1] in self._names:
            for end, instead in self._instead.items():
                if way[-len(end) :] == end:
                    return instead
        if isinstance(value, dict):
            fields = cast("Mapping[str, Any]", value)
            return {name: self.shown((*way, name), part) for name, part in fields.items()}
        if isinstance(value, list):
            return [self.shown(way, part) for part in cast("Iterable[Any]", value)]
        return value
