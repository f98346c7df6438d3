"""Placeholders: what `${{ ... }}` in a mapping stands for (semantics 2).

A mapping value is a literal, or a string with placeholders in it. Parsing gives parts:
text as it is, and references.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import to_json

Kind = Literal["outputs", "previous", "store", "inputs"]
OPEN, CLOSE = "${{", "}}"
_NAME = re.compile(r"[^\s.{}]+")


class PlaceholderError(ValueError):
    """A placeholder does not follow the grammar; says which, and what would."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One placeholder, taken apart.

    `source` is the identifier whose outputs are meant (only for kind `outputs`); `path` the
    field, and the fields inside it. An empty path means all outputs.
    """

    kind: Kind
    source: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        heads = {"outputs": (self.source, "outputs"), "previous": ("previous", "outputs")}
        head = heads.get(self.kind, (self.kind,))
        return f"{OPEN} {'.'.join((*head, *self.path))} {CLOSE}"


Part = str | Reference
Parts = tuple[Part, ...]


def parse(text: str) -> Parts:
    """Split `text` into literal text and references; :raises PlaceholderError: when malformed."""
    parts: list[Part] = []
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        end = text.find(CLOSE, start)
        if end < 0:
            raise PlaceholderError(f'"{text[start:]}" opens a placeholder that is never closed with "}}}}".')
        if start > at:
            parts.append(text[at:start])
        parts.append(_reference(text[start + len(OPEN) : end].strip()))
        at = end + len(CLOSE)
    if at < len(text) or not parts:
        parts.append(text[at:])
    return tuple(parts)


def references(value: Any) -> tuple[Reference, ...]:
    """Return the references in a mapping value; a literal has none."""
    if not isinstance(value, str) or OPEN not in value:
        return ()
    return tuple(part for part in parse(value) if isinstance(part, Reference))


def whole(parts: Parts) -> Reference | None:
    """Return the reference that is all there is, so that its value keeps its type."""
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Reference) else None


def as_text(value: Any) -> str:
    """Return a value as it stands inside a longer string: text as it is, the rest compact JSON."""
    return value if isinstance(value, str) else to_json(value).decode()


def _reference(inside: str) -> Reference:
    names = [name.strip() for name in inside.split(".")]
    if not all(_NAME.fullmatch(name) for name in names):
        raise _malformed(inside)
    head, rest = names[0], tuple(names[1:])
    if head == "store" and len(rest) == 1:
        return Reference("store", "", rest)
    if head == "inputs" and rest:
        return Reference("inputs", "", rest)
    if head in ("store", "inputs") or not rest or rest[0] != "outputs":
        raise _malformed(inside)
    if head == "previous":
        return Reference("previous", "", rest[1:])
    return Reference("outputs", head, rest[1:])


def _malformed(inside: str) -> PlaceholderError:
    return PlaceholderError(
        f'"{OPEN} {inside} {CLOSE}" is no placeholder. Write identifier.outputs.field, store.key,'
        " inputs.field or previous.outputs.field."
    )
