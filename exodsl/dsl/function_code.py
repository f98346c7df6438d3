"""The code of a function node."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from exodsl.dsl.code import Code, Injected
from exodsl.dsl.codecs import input_record
from exodsl.dsl.hints import Scope
from exodsl.dsl.injection import Marker, NamedSecret
from exodsl.dsl.returns import Yields
from exodsl.dsl.signature import Signature, check_parameters, function_returns, read_signature
from exodsl.errors import DefinitionError, NodeRefused


class FunctionCode(Code):
    """A function, sync or async, that returns or yields."""

    def __init__(self, function: Callable[..., Any], name: str, scope: Scope) -> None:
        super().__init__(name, function, function)
        self._function, self._scope = function, scope
        try:
            self._parameters = check_parameters(function)
        except NodeRefused as error:
            raise NodeRefused(f"Node `{name}` cannot be understood: {error}. ({self.place})") from error
        self.settle()

    @property
    def input_names(self) -> tuple[str, ...]:
        """The parameters that are inputs."""
        return tuple(self.signature.inputs)

    @property
    def positional(self) -> tuple[str, ...]:
        """Every parameter in order, for arguments without a name."""
        return tuple(self._parameters)

    def _read(self) -> Signature:
        hints = self._scope.resolve(self._function, self.name)
        return read_signature(self._parameters, hints, function_returns(hints["return"], self._yields))

    @property
    def _yields(self) -> Yields | None:
        plain = inspect.unwrap(self._function)
        if inspect.isasyncgenfunction(plain):
            return "async"
        return "sync" if inspect.isgeneratorfunction(plain) else None

    def _input_adapter(self) -> TypeAdapter[Any]:
        return input_record(self.signature.inputs, self.signature.defaults)

    @cached_property
    def _needs(self) -> bool:
        signature = self.signature
        return bool(signature.contexts or signature.stores or signature.secrets)

    def start(self, inputs: Any, injected: Injected) -> Any:
        """Call the function."""
        if self._needs:
            inputs.update(self.given(injected))
        return self._function(**inputs)

    def plain(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; :raises DefinitionError: when an injected parameter is not given."""
        bound = inspect.Signature(list(self._parameters.values())).bind_partial(*args, **kwargs)
        missing = [
            name
            for name, parameter in self._parameters.items()
            if name not in bound.arguments and isinstance(parameter.default, Marker | NamedSecret)
        ]
        if missing:
            raise DefinitionError(
                f"`{self.name}` called by hand needs {_listed(missing)} given by hand:"
                ' `Context("run", "node")`, `Store(Model())`, `SecretStr("x")`.'
            )
        return self._function(*args, **kwargs)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
