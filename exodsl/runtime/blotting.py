"""Blotting secrets out of the errors that a body raises (semantics 8)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

HIDDEN = "[secret]"
SHORTEST = 4
"""Shorter values are left alone: they would be found in every other word."""


def blotted(text: str, values: Collection[str]) -> str:
    """Return a text without the values of secrets, also as they stand in a repr, in JSON or in a URL."""
    pattern = _pattern(frozenset(values))
    return text if pattern is None else pattern.sub(HIDDEN, text)


@lru_cache(64)
def _pattern(values: frozenset[str]) -> re.Pattern[str] | None:
    found = {spelled for value in values for spelled in _spellings(value) if len(spelled) >= SHORTEST}
    longest_first = sorted(found, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if found else None


def _spellings(value: str) -> Iterator[str]:
    if len(value) < SHORTEST:
        return
    yield value
    yield from (line.strip() for line in value.splitlines())  # a traceback may indent each of them
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="", errors="replace")
    yield quote_plus(value, errors="replace")
    for escaped in (repr, ascii):
        yield escaped(value)[1:-1]
        yield escaped(value + "\"'")[1:-4]  # as in a longer text that has both kinds of quotes
    yield repr(value.encode("utf-8", "replace"))[2:-1]
