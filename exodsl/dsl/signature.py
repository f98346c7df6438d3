"""What the parameters of a function node are: inputs, secrets, or injected (semantics 1)."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, SecretStr

from exodsl.dsl.context import Context
from exodsl.dsl.hints import bare, is_generic, mentions, spell
from exodsl.dsl.injection import INJECT, NamedSecret
from exodsl.dsl.returns import Returned, Yields, is_model, read_return
from exodsl.dsl.store import Store
from exodsl.errors import NodeRefused

EMPTY: Final = Parameter.empty


@dataclass(frozen=True)
class Signature:
    """The parameters of a node by what fills them, and what it returns.

    `secrets` maps a parameter to the name of its secret; `optional_secrets` are parameters that have
    a default of their own.
    """

    inputs: Mapping[str, Any]
    defaults: Mapping[str, Any]
    secrets: Mapping[str, str]
    optional_secrets: frozenset[str]
    contexts: tuple[str, ...]
    stores: Mapping[str, type[BaseModel]]
    returns: Returned

    @property
    def injected(self) -> tuple[str, ...]:
        """The parameters that no mapping fills and that have no value by themselves."""
        needed = (name for name in self.secrets if name not in self.optional_secrets)
        return (*self.contexts, *self.stores, *needed)


def parameters_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the parameters of a function; annotations are not evaluated."""
    if sys.version_info >= (3, 14):
        import annotationlib

        found = inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    else:
        found = inspect.signature(function)
    return dict(found.parameters)


def check_parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the parameters, after all that can be said without resolving an annotation.

    :raises NodeRefused: for a method, `*args`, `**kwargs`, `/`, or a missing annotation.
    """
    parameters = parameters_of(function)
    owner = inspect.unwrap(function).__qualname__.rpartition(".")[0]
    if owner and not owner.endswith("<locals>") and next(iter(parameters), "") in ("self", "cls"):
        raise NodeRefused("it is a method: write a function, or a subclass of `BaseNode` with `execute(self)`")
    for name, parameter in parameters.items():
        _check_parameter(name, parameter)
    if "return" not in inspect.unwrap(function).__annotations__:
        raise NodeRefused("it has no return annotation: write `-> None` for no output")
    return parameters


def _check_parameter(name: str, parameter: Parameter) -> None:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        raise NodeRefused(f"`{parameter}` has no fixed inputs: name every parameter")
    if parameter.kind is Parameter.POSITIONAL_ONLY:
        raise NodeRefused(f"parameter `{name}` is positional-only: remove the `/`, inputs go by name")
    if parameter.annotation is EMPTY:
        raise NodeRefused(f"parameter `{name}` has no annotation: write `{name}: str`, or what it is")


def read_signature(parameters: Mapping[str, Parameter], hints: Mapping[str, Any], returns: Returned) -> Signature:
    """Sort the parameters by what fills them; :raises NodeRefused: naming the one and the cure."""
    inputs: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    optional: set[str] = set()
    contexts: list[str] = []
    stores: dict[str, type[BaseModel]] = {}
    for name, parameter in parameters.items():
        annotation, default = bare(hints[name]), parameter.default
        if annotation is SecretStr:
            secrets[name] = default.secret_name if isinstance(default, NamedSecret) else name
            if default is not EMPTY and default is not INJECT and not isinstance(default, NamedSecret):
                optional.add(name)
        elif annotation is Context:
            contexts.append(name)
        elif (get_origin(annotation) or annotation) is Store:
            stores[name] = store_model(name, annotation)
        else:
            inputs[name] = hints[name]
            _check_input(name, annotation, default)
            if default is not EMPTY:
                defaults[name] = default
    return Signature(inputs, defaults, secrets, frozenset(optional), tuple(contexts), stores, returns)


def store_model(name: str, annotation: Any) -> type[BaseModel]:
    """Return `Model` of `Store[Model]`; :raises NodeRefused: when it is no model."""
    arguments = get_args(annotation)
    if not arguments or not is_model(arguments[0]):
        raise NodeRefused(f"`{name}: {spell(annotation)}` does not say which store: write `Store[Model]`")
    return arguments[0]


def _check_input(name: str, annotation: Any, default: Any) -> None:
    if isinstance(default, NamedSecret):
        raise NodeRefused(f"`{name}` is a secret, so annotate it `{name}: SecretStr`, not `{spell(annotation)}`")
    if default is INJECT:
        raise NodeRefused(f"`{name}: {spell(annotation)}` cannot be injected: only `Context` and `Store[Model]` can")
    if mentions(annotation, SecretStr):
        raise NodeRefused(
            f"`{name}: {spell(annotation)}` would keep a secret among the inputs: annotate it `SecretStr`"
        )
    if mentions(annotation, Context):
        raise NodeRefused(f"`{name}: {spell(annotation)}` is no input: write `{name}: Context = inject()`")
    _refuse_generic(name, annotation)


def _refuse_generic(name: str, annotation: Any) -> None:
    if is_generic(annotation):
        raise NodeRefused(
            f"`{name}: {spell(annotation)}` has an open type variable: a node has one type, write that one"
        )


def function_returns(annotation: Any, yields: Yields | None) -> Returned:
    """Read a function's return annotation; :raises NodeRefused: when it says nothing clear."""
    _refuse_generic("return", annotation)
    returns = read_return(annotation, yields)
    item = bare(returns.item)
    if is_model(item):
        hidden = sorted(name for name in item.model_fields if hasattr(BaseModel, name))
        if hidden:
            raise NodeRefused(
                f"output field `{item.__name__}.{hidden[0]}` hides an attribute of every pydantic model, so that"
                f" `outputs.{hidden[0]}` is not what type checkers see: call it something else"
            )
    return returns
