"""The code of a class node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from exodsl.dsl.base_node import BaseNode, ClassParts, execute_of, read_class
from exodsl.dsl.code import Code, Injected, missing_secret
from exodsl.dsl.mistakes import reasons
from exodsl.dsl.signature import Signature
from exodsl.errors import InputInvalid, NodeRefused


class ClassCode(Code):
    """A subclass of `BaseNode`; each execution has an instance of its own."""

    def __init__(self, kind: type[BaseNode], name: str) -> None:
        try:
            execute = execute_of(kind)
        except NodeRefused as error:
            raise NodeRefused(f"Node `{name}` cannot be understood: {error}.") from error
        super().__init__(name, execute, cast("Callable[..., Any]", kind))
        self._kind = kind
        self.settle()

    @cached_property
    def _parts(self) -> ClassParts:
        return read_class(self._kind)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The fields of `Inputs`."""
        return tuple(self._parts.inputs.model_fields)

    @property
    def secrets(self) -> dict[str, bool]:
        """The fields of `Secrets`, and what `execute` asks for."""
        fields = self._parts.secrets.model_fields.items()
        return {**super().secrets, **{name: not field.is_required() for name, field in fields}}

    def _read(self) -> Signature:
        return self._parts.given

    def _input_adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._parts.inputs)

    def start(self, inputs: Any, injected: Injected) -> Any:
        """Make an instance and call its `execute`."""
        names = self._parts.secrets.model_fields
        values = {name: injected.secrets[name] for name in names if name in injected.secrets}
        return self._execute(inputs, values, self.given(injected))

    def _execute(self, inputs: BaseModel, secrets: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        instance = self._kind()
        instance.inputs = inputs
        instance.secrets = self._secrets(secrets)
        execute: Callable[..., Any] = getattr(instance, "execute")  # noqa: B009
        return execute(inputs, **given) if self._parts.takes_inputs else execute(**given)

    def _secrets(self, values: Mapping[str, Any]) -> BaseModel:
        model = self._parts.secrets
        for name, field in model.model_fields.items():
            if field.is_required() and name not in values:
                raise missing_secret(self.name, name)
        try:
            return model.model_validate(values, by_name=True)
        except ValidationError as error:
            raise InputInvalid(f'Node "{self.name}" cannot take its secrets: {reasons(error)}.') from None

    def plain(self, *args: Any, **kwargs: Any) -> Any:
        """Make an instance from inputs and secrets by name, and call its `execute`."""
        given = {name: kwargs.pop(name) for name in self.signature.injected if name in kwargs}
        secrets = {name: kwargs.pop(name) for name in self._parts.secrets.model_fields if name in kwargs}
        inputs = args[0] if args else self._parts.inputs.model_validate(kwargs, by_name=True)
        return self._execute(inputs, secrets, given)
