"""The code of a node, whichever way it is written: what it takes, gives, and how it is called."""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic.errors import PydanticUserError

from exodsl.dsl.codecs import TAKE, InputCodec, OutputCodec
from exodsl.dsl.context import Context
from exodsl.dsl.hints import NotYet, spell
from exodsl.dsl.mistakes import first_line
from exodsl.dsl.places import place_of
from exodsl.dsl.signature import Signature
from exodsl.dsl.store import Store, StoreSession
from exodsl.errors import DefinitionError, NodeRefused, NotStorable

Style = Literal["sync", "async"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where another process finds a node: a module's name, or an absolute file, and a name in it."""

    source: str
    qualname: str

    def __str__(self) -> str:
        return f"{self.source}:{self.qualname}"


@dataclass(slots=True)
class Injected:
    """What a runtime hands to a body beside its inputs; `secrets` by the names the graph gives them."""

    context: Context
    store: StoreSession
    secrets: Mapping[str, str] = field(repr=False)


class Code(ABC):
    """What every copy of a node shares; annotations are read, and validators built, once and late."""

    def __init__(self, name: str, function: Callable[..., Any], source: Callable[..., Any]) -> None:
        plain = inspect.unwrap(function)
        self.name = name
        self.source = source
        self.place = place_of(plain.__code__)
        self.address = _address(plain, source)
        self.file = plain.__code__.co_filename
        self.qualified = f"{source.__module__}.{source.__qualname__}"
        is_async = inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain)
        self.style: Style = "async" if is_async else "sync"

    def settle(self) -> None:
        """Refuse now what can be refused now; names that are not defined yet wait for compiling."""
        try:
            _ = self.signature
        except NotYet:
            return

    @cached_property
    def signature(self) -> Signature:
        """What the parameters are; :raises NodeRefused: naming the node, the parameter and the cure."""
        try:
            return self._read()
        except NotYet:
            raise
        except NodeRefused as error:
            raise type(error)(f"Node `{self.name}` cannot be understood: {error}. ({self.place})") from error

    @cached_property
    def inputs(self) -> InputCodec:
        """What turns JSON into the inputs."""
        signature = self.signature
        try:
            return InputCodec(self.name, self._input_adapter(), signature.defaults)
        except NameError as error:
            raise NotYet(f"An input of node `{self.name}` names `{error.name}`, which is not defined.") from error
        except PydanticUserError as error:
            raise self._not_an_input(error) from error

    @cached_property
    def outputs(self) -> OutputCodec:
        """What turns returned values into JSON, and back."""
        return OutputCodec(self.name, self.place, self.signature.returns)

    def _not_an_input(self, error: PydanticUserError) -> NotStorable:
        for name, annotation in self.signature.inputs.items():
            try:
                TypeAdapter(annotation)
            except PydanticUserError:
                what = f"parameter `{name}` of type `{spell(annotation)}`"
                return NotStorable(f"E141 {what} of node `{self.name}` cannot be read from JSON. {TAKE} ({self.place})")
        return NotStorable(
            f"E141 the inputs of node `{self.name}` cannot be read from JSON: {first_line(error)}. {TAKE}"
        )

    def given(self, injected: Injected) -> dict[str, Any]:
        """Return the arguments that no mapping gives."""
        signature = self.signature
        found: dict[str, Any] = dict.fromkeys(signature.contexts, injected.context)
        for name, model in signature.stores.items():
            found[name] = Store[BaseModel].over(injected.store, model)
        for name, secret in signature.secrets.items():
            if secret in injected.secrets:
                found[name] = SecretStr(injected.secrets[secret])
            elif name not in signature.optional_secrets:
                raise missing_secret(self.name, secret)
        return found

    @property
    def secrets(self) -> dict[str, bool]:
        """The names of the secrets it declares, and whether it can do without."""
        signature = self.signature
        found: dict[str, bool] = {}
        for name, secret in signature.secrets.items():
            found[secret] = found.get(secret, True) and name in signature.optional_secrets
        return found

    def secrets_of(self, given: Collection[str]) -> tuple[str, ...]:
        """Return the names of the secrets it gets in a graph that gives these; it can do without others."""
        return tuple(sorted(name for name, optional in self.secrets.items() if not optional or name in given))

    @property
    @abstractmethod
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""

    @abstractmethod
    def _read(self) -> Signature: ...

    @abstractmethod
    def _input_adapter(self) -> TypeAdapter[Any]: ...

    @abstractmethod
    def start(self, inputs: Any, injected: Injected) -> Any:
        """Call the body with validated inputs; what comes back is awaited or iterated by the caller."""

    @abstractmethod
    def plain(self, *args: Any, **kwargs: Any) -> Any:
        """Call the body as a unit test does, everything given by hand."""


def missing_secret(node: str, secret: str) -> DefinitionError:
    """Return the error for a secret that a node declares and nobody gives."""
    return DefinitionError(
        f'E130 node `{node}` needs the secret "{secret}", which is not given.'
        f' Write `Graph(..., secrets={{"{secret}": env("VARIABLE")}})`.'
    )


def _address(function: Callable[..., Any], source: Callable[..., Any]) -> Address | None:
    """Return where a module-level node is found; files that Python runs or a loader read go by path."""
    names = vars(sys.modules[source.__module__]) if source.__module__ in sys.modules else function.__globals__
    if "<" in source.__qualname__:
        return None
    spec: ModuleSpec | None = names.get("__spec__")
    if spec is not None and "__exodsl_file__" not in names:
        return Address(spec.name, source.__qualname__)
    file = names.get("__file__")
    return Address(str(Path(file).resolve()), source.__qualname__) if file else None
