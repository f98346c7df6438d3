"""The store as a body sees it: committed values overlaid with its own writes (semantics 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from typing_extensions import TypeVar

from exodsl.errors import DefinitionError, OutputInvalid, did_you_mean
from exodsl.template.json_values import odd_number

Write = tuple[Literal["set", "add"], str, Any]
M = TypeVar("M", bound=BaseModel)


class StoreSession:
    """The writes of one body, in order, over a way to read what is committed.

    :param read: returns the committed store; called at each reading.
    """

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self._read = read
        self._writes: list[Write] = []

    @property
    def wrote(self) -> bool:
        """The body wrote something."""
        return bool(self._writes)

    @property
    def writes(self) -> tuple[Write, ...]:
        """What the body wrote, as `("set" | "add", key, value)`."""
        return tuple(self._writes)

    def read(self) -> dict[str, Any]:
        """Return the committed values overlaid with the own writes."""
        values = dict(self._read())
        for op, key, value in self._writes:
            values[key] = value if op == "set" else values.get(key, 0) + value
        return values

    def set(self, key: str, value: Any) -> None:
        """Replace the value of a key by a JSON value; the last commit wins."""
        self._writes.append(("set", key, _finite(key, value)))

    def add(self, key: str, amount: float) -> None:
        """Add to a number; parallel branches lose nothing."""
        self._writes.append(("add", key, _finite(key, amount)))


def _finite(key: str, value: Any) -> Any:
    odd = odd_number(value)
    if odd is not None:
        raise OutputInvalid(f'The store key "{key}" cannot hold {odd[1]}: JSON has no such number.')
    return value


class Edit(Generic[M]):
    """A copy of the store that is written back when the `with` block ends without an error."""

    def __init__(self, store: Store[M]) -> None:
        self._store = store

    def __enter__(self) -> M:
        self._copy = self._store.read()
        self._before = _values(self._copy)
        return self._copy

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        if kind is not None:
            return
        model = type(self._copy).model_validate(dict(self._copy), by_name=True)
        for key, value in _values(model).items():
            if value != self._before[key]:
                self._store.session.set(key, value)

    async def __aenter__(self) -> M:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        self.__exit__(kind, error, traceback)


def _values(model: BaseModel) -> dict[str, Any]:
    return {
        name: to_jsonable_python(getattr(model, name), by_alias=False, inf_nan_mode="constants")
        for name in type(model).model_fields
    }


class Store(Generic[M]):
    """The run's store, typed by a model; injected into a parameter annotated `Store[Model]`.

    `Store(value)` made by hand, in a unit test, works on that value.
    """

    def __init__(self, value: M) -> None:
        self.model = type(value)
        held = _values(value)
        self.session = StoreSession(lambda: held)

    @classmethod
    def over(cls, session: StoreSession, model: type[M]) -> Store[M]:
        """Return a store that reads and writes through `session`."""
        store = cls.__new__(cls)
        store.model, store.session = model, session
        return store

    def read(self) -> M:
        """Return the committed values and the body's own writes, as one model.

        :raises pydantic.ValidationError: when the store holds what the model does not allow.
        """
        held = self.session.read()
        known = {name: held[name] for name in self.model.model_fields if name in held}
        return self.model.model_validate(known, by_name=True)

    def edit(self) -> Edit[M]:
        """Change fields in a `with` block; what differs afterwards is `set`."""
        return Edit(self)

    def add(self, key: str, amount: float) -> None:
        """Add to a number; it commutes, so parallel branches lose nothing.

        :raises DefinitionError: when the model has no such key.
        """
        if key not in self.model.model_fields:
            known = ", ".join(self.model.model_fields)
            near = did_you_mean(key, self.model.model_fields)
            raise DefinitionError(f'E131 the store has no key "{key}". It has: {known}.{near}')
        self.session.add(key, amount)
