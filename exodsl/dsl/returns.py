"""What a return annotation says: one output or many, fields or a plain value (semantics 1)."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Collection,
    Generator,
    Iterable,
    Iterator,
    MutableSequence,
    MutableSet,
    Sequence,
    Set,
)
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, TypeGuard, get_args, get_origin

from pydantic import BaseModel, RootModel

from exodsl.dsl.hints import bare, members, spell
from exodsl.errors import NodeRefused

Amount = Literal["one", "list", "stream", "either"]
Holds = Literal["fields", "value", "nothing"]
Yields = Literal["sync", "async"]

RESULT = "result"
"""The field that holds the output of a node that returns a plain value."""

_STREAMS: dict[Any, Yields] = {
    Iterator: "sync",
    Generator: "sync",
    AsyncIterator: "async",
    AsyncGenerator: "async",
}
_REFUSED = (
    Sequence,
    MutableSequence,
    Collection,
    Iterable,
    AsyncIterable,
    Set,
    MutableSet,
    set,
    frozenset,
    deque,
)


@dataclass(frozen=True, slots=True)
class Returned:
    """One output's annotation, what it holds, and how many a body gives."""

    item: Any
    holds: Holds
    amount: Amount

    @property
    def fans_out(self) -> bool | None:
        """Say whether the node is a fanout; `None` when nothing says so."""
        return None if self.amount == "either" else self.amount != "one"

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of one output's fields; none where it is a plain value or nothing."""
        item = bare(self.item)
        if is_model(item):
            return tuple(item.model_fields)
        return tuple(one.name for one in fields(item)) if self.holds == "fields" else ()

    def __str__(self) -> str:
        forms = {"one": "{}", "list": "list[{}]", "stream": "Iterator[{}]", "either": "{}"}
        return forms[self.amount].format(spell(self.item))


def holds(item: Any) -> Holds:
    """Say whether an output is the fields of a model, a plain value, or nothing."""
    item = bare(item)
    if item is None or item is type(None):
        return "nothing"
    return "fields" if is_model(item) or (isinstance(item, type) and is_dataclass(item)) else "value"


def is_model(item: Any) -> TypeGuard[type[BaseModel]]:
    """Say whether an annotation is a pydantic model whose JSON is an object."""
    return isinstance(item, type) and issubclass(item, BaseModel) and not issubclass(item, RootModel)


def read_return(annotation: Any, yields: Yields | None) -> Returned:
    """Read the return annotation of a body that is a generator (of this kind) or is none.

    :raises NodeRefused: when it is no way to say one output or many.
    """
    outer = bare(annotation)
    origin, arguments = get_origin(outer) or outer, get_args(outer)
    _refuse_collections(outer)
    stream = _STREAMS.get(origin)
    if yields is not None:
        if stream != yields:
            right = "Iterator" if yields == "sync" else "AsyncIterator"
            raise NodeRefused(f"it yields, so it returns `{right}[T]`, not `{spell(annotation)}`")
        return _many(annotation, arguments, "stream")
    if stream == "async":
        raise NodeRefused(f"`{spell(annotation)}` is what an async generator returns (`async def` with `yield`)")
    if stream == "sync":
        return _many(annotation, arguments, "stream")
    if origin is list:
        return _many(annotation, arguments, "list")
    return Returned(annotation, holds(outer), "one")


def _many(annotation: Any, arguments: tuple[Any, ...], amount: Amount) -> Returned:
    if not arguments:
        raise NodeRefused(f"`{spell(annotation)}` does not say of what: write `list[T]` with the type of one output")
    item = arguments[0]
    if holds(item) == "nothing":
        raise NodeRefused(f"`{spell(annotation)}` would be a fanout of nothing")
    return Returned(item, holds(item), amount)


def _refuse_collections(annotation: Any) -> None:
    parts = members(annotation)
    for part in parts:
        origin = get_origin(part) or part
        fanout = origin is list or origin in _STREAMS
        if (len(parts) > 1 and fanout) or origin in _REFUSED or _is_open_tuple(part):
            raise NodeRefused(
                f"`{spell(annotation)}` may mean many outputs or one: write `list[T]` for a fanout,"
                " or put it in a field of a model"
            )


def _is_open_tuple(annotation: Any) -> bool:
    return annotation is tuple or (get_origin(annotation) is tuple and Ellipsis in get_args(annotation))
