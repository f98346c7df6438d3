"""What values a JSON schema lets through, as far as that is certain (semantics 2).

Whatever cannot be known counts as fitting: a mismatch is only reported where no value of
the one schema can be a value of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_core import to_json

MOST_ALTERNATIVES = 256
"""A schema with more alternatives than this, or that turns in circles, counts as unknown."""
DEEPEST = 24
"""Below this nesting everything fits."""
MOST_VALUES = 8
"""A message lists no more of the values that a schema lets through."""

_SPELLINGS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "array": "list",
    "object": "dict",
}
# A bool is an int to Python's type checkers, and both are floats.
_WIDENS_TO = {"boolean": {"integer", "number"}, "integer": {"number"}}


def as_object(value: object) -> dict[str, Any]:
    """Return a JSON object as it is, and anything else as an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> Sequence[Any]:
    """Return a JSON array as it is, and anything else as an empty one."""
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


@dataclass(frozen=True)
class ValueType:
    """A JSON schema, with the document that its `$ref`s point into."""

    schema: Any
    document: Any = field(default_factory=dict[str, Any], repr=False)

    @classmethod
    def of(cls, document: Any) -> ValueType:
        """Return the type that a whole schema document describes."""
        return cls(document, document)

    def within(self, schema: Any) -> ValueType:
        """Return a part of the same document."""
        return ValueType(schema, self.document)

    @property
    def plain(self) -> dict[str, Any]:
        """The keywords of this schema; none for `true`, `false` and what is no schema."""
        return as_object(self.schema)

    @property
    def kind(self) -> str | None:
        """The JSON type, if this schema names exactly one."""
        named = self.plain.get("type")
        return named if isinstance(named, str) and named in _SPELLINGS else None

    @property
    def values(self) -> Sequence[Any] | None:
        """The only values there are, for `const` and `enum`."""
        if "const" in self.plain:
            return (self.plain["const"],)
        return as_list(self.plain.get("enum")) or None

    def alternatives(self) -> tuple[ValueType, ...]:
        """Return the plain schemas of which a value follows at least one."""
        found: list[ValueType] = []
        seen: dict[int, Any] = {}  # holds the schemas, so that no id is used twice
        ahead = [self]
        while ahead:
            if len(seen) > MOST_ALTERNATIVES:
                return (self.within({}),)
            now = ahead.pop(0)._resolved()
            if id(now.schema) in seen:
                continue
            seen[id(now.schema)] = now.schema
            branches = now.branches()
            ahead = [*branches, *ahead]
            if not branches:
                found.append(now)
        return tuple(found) or (self.within({}),)

    def _resolved(self) -> ValueType:
        schema = self.schema
        for _ in range(DEEPEST):
            pointer = as_object(schema).get("$ref")
            if not isinstance(pointer, str):
                return self.within(schema)
            schema = _pointed(self.document, pointer)
        return self.within({})

    def branches(self) -> list[ValueType]:
        """Return the schemas that this one only combines; none for a plain one."""
        keywords = self.plain
        for word in ("anyOf", "oneOf"):
            if as_list(keywords.get(word)):
                return [self.within(part) for part in as_list(keywords[word])]
        if as_list(keywords.get("allOf")):
            return [self.within(self._merged())]
        kinds = as_list(keywords.get("type"))
        return [self.within({**keywords, "type": kind}) for kind in kinds]

    def _merged(self) -> dict[str, Any]:
        rest = {word: value for word, value in self.plain.items() if word != "allOf"}
        parts = [self.within(part)._resolved().plain for part in as_list(self.plain["allOf"])]
        merged: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        required: list[Any] = []
        for part in (*parts, rest):
            merged |= part
            properties |= as_object(part.get("properties"))
            required += as_list(part.get("required"))
        if properties:
            merged |= {"properties": properties, "required": required}
        return merged

    def can_give(self, target: ValueType) -> bool:
        """Say whether some value of this type is one of `target`; `True` where unknown."""
        return _Comparison().fits(self, target, 0)

    def takes(self, value: Any) -> bool:
        """Say whether a JSON value fits; bounds and patterns are left to the node's own model."""
        return _takes(self, value, 0)

    def listed(self) -> ValueType:
        """Return the type of a list of these."""
        return self.within({"type": "array", "items": self.schema})

    def __str__(self) -> str:
        return _spelling(self, 0)

    @property
    def with_article(self) -> str:
        """The type as a sentence has it: "an int", "a list[str]"."""
        text = str(self)
        return text if text == "None" else f"{'an' if text[0] in 'aeiouAEIOU' else 'a'} {text}"


@dataclass
class _Comparison:
    """One comparison of two types; remembers pairs, so that recursive schemas end."""

    known: dict[tuple[int, int], bool] = field(default_factory=dict[tuple[int, int], bool])

    def fits(self, source: ValueType, target: ValueType, depth: int) -> bool:
        pair = id(source.schema), id(target.schema)
        if depth > DEEPEST or pair in self.known:
            return self.known.get(pair, True)
        self.known[pair] = True  # what it takes to be so while it is being found out
        self.known[pair] = any(
            self._plain_fits(one, other, depth) for one in source.alternatives() for other in target.alternatives()
        )
        return self.known[pair]

    def _plain_fits(self, source: ValueType, target: ValueType, depth: int) -> bool:
        if source.values is not None:
            return any(_takes(target, value, depth) for value in source.values)
        if target.values is not None:
            return any(_takes(source, value, depth) for value in target.values)
        if source.kind is None or target.kind is None:
            return True
        if source.kind != target.kind:
            return target.kind in _WIDENS_TO.get(source.kind, ())
        if source.kind == "array":
            return self._part_fits(source, target, "items", depth)
        return source.kind != "object" or self._object_fits(source, target, depth)

    def _object_fits(self, source: ValueType, target: ValueType, depth: int) -> bool:
        given, wanted = properties(source), properties(target)
        needed = required(target)
        if closed(source) and any(name not in given for name in needed):
            return False
        if not all(self.fits(given[name], wanted[name], depth + 1) for name in needed if name in given):
            return False
        return self._part_fits(source, target, "additionalProperties", depth)

    def _part_fits(self, source: ValueType, target: ValueType, word: str, depth: int) -> bool:
        one, other = source.plain.get(word), target.plain.get(word)
        if not isinstance(one, dict) or not isinstance(other, dict):
            return True
        return self.fits(source.within(one), target.within(other), depth + 1)


def properties(plain: ValueType) -> dict[str, ValueType]:
    """Return the described fields of an object schema."""
    return {name: plain.within(part) for name, part in as_object(plain.plain.get("properties")).items()}


def required(plain: ValueType) -> tuple[str, ...]:
    """Return the names of the described fields that an object has to have."""
    names = as_list(plain.plain.get("required"))
    return tuple(name for name in properties(plain) if name in names)


def closed(plain: ValueType) -> bool:
    """Say whether an object schema describes all fields there are.

    The schema of a model does, although JSON Schema would let further ones through.
    """
    if plain.plain.get("additionalProperties", False) is not False or plain.plain.get("patternProperties"):
        return False
    return "properties" in plain.plain or plain.plain.get("additionalProperties") is False


def _takes(target: ValueType, value: Any, depth: int) -> bool:
    return depth > DEEPEST or any(_plain_takes(one, value, depth) for one in target.alternatives())


def _plain_takes(target: ValueType, value: Any, depth: int) -> bool:
    if target.values is not None:
        return any(_same(value, known) for known in target.values)
    if target.kind is None:
        return True
    kind = kind_of(value)
    if kind == "number" and target.kind == "integer":
        return float(value).is_integer()
    if kind != target.kind:
        return target.kind in _WIDENS_TO.get(kind, ())
    if kind == "array":
        items = target.within(target.plain.get("items", {}))
        return all(_takes(items, item, depth + 1) for item in value)
    return kind != "object" or _object_takes(target, value, depth)


def _object_takes(target: ValueType, value: dict[str, Any], depth: int) -> bool:
    if any(name not in value for name in required(target)):
        return False
    described = properties(target)
    return all(_takes(described[name], part, depth + 1) for name, part in value.items() if name in described)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: `true` is not `1`."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def kind_of(value: Any) -> str:
    """Return the JSON type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


def _pointed(document: Any, pointer: str) -> Any:
    if pointer != "#" and not pointer.startswith("#/"):
        return {}
    found = document
    for step in pointer.split("/")[1:]:
        found = as_object(found).get(step.replace("~1", "/").replace("~0", "~"), {})
    return found


def _spelling(one: ValueType, depth: int) -> str:
    pointer = one.plain.get("$ref")
    if isinstance(pointer, str) and "/" in pointer:
        return pointer.rpartition("/")[2]
    branches = one.branches()
    if branches and depth < DEEPEST:
        return " | ".join(dict.fromkeys(_spelling(part, depth + 1) for part in branches))
    return _plain_spelling(one, depth)


def _plain_spelling(one: ValueType, depth: int) -> str:
    if one.values is not None:
        shown = [_literal(value) for value in one.values[:MOST_VALUES]]
        return f"Literal[{', '.join([*shown, *['...'][: len(one.values) - len(shown)]])}]"
    if one.kind is None:
        return "Any"
    word = _SPELLINGS[one.kind]
    part = {"array": "items", "object": "additionalProperties"}.get(one.kind, "")
    inner = one.plain.get(part)
    if not isinstance(inner, dict) or depth >= DEEPEST:
        return word
    inside = _spelling(one.within(cast("Any", inner)), depth + 1)
    return f"list[{inside}]" if word == "list" else f"dict[str, {inside}]"


def _literal(value: Any) -> str:
    text = to_json(value).decode()
    return text if len(text) <= 30 else f"{text[:27]}..."


def fields(one: ValueType) -> Iterator[tuple[str, ValueType]]:
    """Give the described fields of a type, those of all its alternatives."""
    for plain in one.alternatives():
        yield from properties(plain).items()
