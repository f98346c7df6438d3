"""References: what stands for a value while a graph is declared, and refuses to be one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard, TypeVar, cast

from pydantic_core import core_schema

from exodsl.dsl.places import here
from exodsl.errors import DefinitionError, ReferenceMisuse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a reference starts from.

    `head` returns the first names of the placeholder; it is a function because a node's return
    annotation may resolve only later. `label` is what messages say until then.
    """

    label: str
    head: Callable[[], tuple[str, ...]]


def _refuse(form: str) -> Callable[..., NoReturn]:
    def refuse(self: Reference, *_: object, **__: object) -> NoReturn:
        raise _misuse("E150", form, self)

    return refuse


def _decide(self: Reference, *_: object) -> NoReturn:
    raise _misuse("E151", "`and`, `or`, `not`, `if` or `in`", self)


class Reference:
    """Stands for one value of a run; formats into its placeholder and refuses all else."""

    __slots__ = ("_collected", "_origin", "_path")

    def __init__(self, origin: Origin, path: tuple[str, ...] = (), *, collected: bool = False) -> None:
        object.__setattr__(self, "_origin", origin)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_collected", collected)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"A reference has no attribute {name}.")
        return Reference(self._origin, (*self._path, name), collected=self._collected)

    def __str__(self) -> str:
        return "${{ " + ".".join((*self._origin.head(), *self._path)) + " }}"

    def __repr__(self) -> str:
        return str(self)

    def __format__(self, spec: str) -> str:
        if spec:
            raise _misuse("E150", f'format "{spec}"', self)
        return str(self)

    def __call__(self, *_: object, **__: object) -> NoReturn:
        if not self._path:
            raise _misuse("E150", "a call", self)
        owner, form = Reference(self._origin, self._path[:-1]), f".{self._path[-1]}()"
        raise _misuse("E150", f"`{form}`", owner, f"`{_last(owner)}{form}`")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise _misuse("E150", f"setting `.{name}`", self)

    def __delattr__(self, name: str) -> NoReturn:
        raise _misuse("E150", f"deleting `.{name}`", self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Refuse to be a field's value wherever pydantic asks for a schema."""

        def refuse(value: Any) -> NoReturn:
            raise ReferenceMisuse(f"E150 {value} is no value of a model while declaring. Use `node.takes(...)`.")

        return core_schema.no_info_plain_validator_function(refuse)

    __bool__ = __contains__ = _decide
    __eq__ = _refuse("`==`")
    __ne__ = _refuse("`!=`")
    __hash__ = _refuse("a dictionary key or set member")
    __lt__, __le__, __gt__, __ge__ = _refuse("`<`"), _refuse("`<=`"), _refuse("`>`"), _refuse("`>=`")
    __len__ = _refuse("`len()`")
    __iter__ = _refuse("iterating over it")
    __reversed__ = _refuse("`reversed()`")
    __getitem__ = _refuse("`[...]`")
    __setitem__ = _refuse("`[...] =`")
    __delitem__ = _refuse("`del [...]`")
    __add__ = __radd__ = _refuse("`+`")
    __sub__ = __rsub__ = _refuse("`-`")
    __mul__ = __rmul__ = _refuse("`*`")
    __matmul__ = __rmatmul__ = _refuse("`@`")
    __truediv__ = __rtruediv__ = _refuse("`/`")
    __floordiv__ = __rfloordiv__ = _refuse("`//`")
    __mod__ = __rmod__ = _refuse("`%`")
    __divmod__ = __rdivmod__ = _refuse("`divmod()`")
    __pow__ = __rpow__ = _refuse("`**`")
    __and__ = __rand__ = _refuse("`&`")
    __or__ = __ror__ = _refuse("`|`")
    __xor__ = __rxor__ = _refuse("`^`")
    __lshift__ = __rlshift__ = _refuse("`<<`")
    __rshift__ = __rrshift__ = _refuse("`>>`")
    __neg__, __pos__, __invert__ = _refuse("`-`"), _refuse("`+`"), _refuse("`~`")
    __abs__, __round__ = _refuse("`abs()`"), _refuse("`round()`")
    __int__ = __index__ = _refuse("`int()`")
    __float__, __complex__, __bytes__ = _refuse("`float()`"), _refuse("`complex()`"), _refuse("`bytes()`")
    __await__ = _refuse("`await`")
    __enter__ = __exit__ = _refuse("`with`")
    __fspath__ = _refuse("a file's path")


def _misuse(code: str, form: str, reference: Reference, written: str = "the value") -> ReferenceMisuse:
    if code == "E150":
        advice = f"Do it inside a node: pass `{spelled(reference)}` on, and use {written} in its body."
    else:
        advice = "A reference cannot decide anything here: do it inside a node."
    return ReferenceMisuse(f"{code} {form} on `{label(reference)}` while declaring. {advice} ({here()})")


def _last(reference: Reference) -> str:
    return reference._path[-1] if reference._path else "value"  # pyright: ignore[reportPrivateUsage]


def spelled(reference: Reference) -> str:
    """Return a reference as a module spells it: a plain value has no field of its own there."""
    path = (reference._origin.label, *reference._path)  # pyright: ignore[reportPrivateUsage]
    return f"{'' if path[0].endswith('outputs') else 'graph.'}{'.'.join(path)}"


def label(reference: Reference) -> str:
    """Return the placeholder, or what comes nearest while an annotation does not resolve."""
    try:
        return str(reference)
    except DefinitionError:
        return ".".join((reference._origin.label, *reference._path))  # pyright: ignore[reportPrivateUsage]


def is_reference(value: object) -> TypeGuard[Reference]:
    """Say whether a value is a reference; `isinstance` and nothing that it could refuse."""
    return type(value) is Reference


def is_collected(reference: Reference) -> bool:
    """Say whether a reference went through `collect`."""
    return reference._collected is True  # pyright: ignore[reportPrivateUsage]


def collect(value: T) -> list[T]:
    """Take the values of all states there are, in fanout order, behind a unite (semantics 4).

    :raises DefinitionError: when `value` is no reference.
    """
    if not is_reference(value):
        raise DefinitionError(f"collect(...) takes a reference such as `node.outputs.field`. ({here()})")
    origin, path = value._origin, value._path  # pyright: ignore[reportPrivateUsage]
    return cast("list[T]", Reference(origin, path, collected=True))


def nested_reference(value: Any) -> Reference | None:
    """Return a reference that is, or hides in a list, tuple or dictionary of, a value, if there is one."""
    if is_reference(value):
        return value
    inner = (nested_reference(part) for part in _parts(value))
    return next((found for found in inner if found is not None), None)


def _parts(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value)
    return ()
