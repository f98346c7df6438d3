"""Class nodes: Exosphere's shape, with nested `Inputs`, `Outputs` and `Secrets` (semantics 1)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, ClassVar, TypeGuard, cast, get_args, get_origin

from pydantic import BaseModel

from exodsl.dsl.hints import Scope, bare, members, spell
from exodsl.dsl.places import caller
from exodsl.dsl.references import Origin, Reference
from exodsl.dsl.returns import RESULT, Amount, Returned, Yields, is_model, read_return
from exodsl.dsl.signature import EMPTY, Signature, parameters_of, read_signature
from exodsl.errors import NodeRefused


def is_node_class(value: object) -> TypeGuard[type[BaseNode]]:
    """Say whether a value is a class node."""
    return isinstance(value, type) and issubclass(value, BaseNode)


class Nothing(BaseModel):
    """What a class node without a nested `Inputs`, `Outputs` or `Secrets` has instead."""


class _Outputs:
    """Gives a reference when the class is asked for its outputs."""

    def __get__(self, instance: object | None, owner: type[BaseNode]) -> Any:
        if instance is not None:
            raise AttributeError("An instance has no outputs: return `self.Outputs(...)` from `execute`.")
        return Reference(class_origin(owner, owner.__name__))


class BaseNode:
    """A node written as a class: nested models, and `async def execute(self)`.

    `execute(self, inputs)` works as well. `self.inputs` and `self.secrets` are set before it; further
    parameters of `execute` are injected like those of a function node (`ctx: Context = inject()`). The class
    itself may stand in `connect(...)`; `node(Class)` is the same thing, typed.
    """

    inputs: Any
    secrets: Any
    outputs: ClassVar[Any] = _Outputs()
    _exodsl_scope: ClassVar[Scope]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        nested = {name: kind for name, kind in vars(cls).items() if isinstance(kind, type)}
        cls._exodsl_scope = Scope(caller(), {**_inherited(cls), **nested})


def _inherited(kind: type) -> dict[str, Any]:
    names = ("Inputs", "Outputs", "Secrets")
    return {name: getattr(kind, name) for name in names if isinstance(getattr(kind, name, None), type)}


def class_origin(kind: type[BaseNode], identifier: str) -> Origin:
    """Return what references to the outputs of a class node start from."""

    def head() -> tuple[str, ...]:
        plain = read_class(kind).returns.holds == "value"
        return (identifier, "outputs", RESULT) if plain else (identifier, "outputs")

    return Origin(f"{identifier}.outputs", head)


@dataclass(frozen=True)
class ClassParts:
    """What a class node is made of; `given` are its parameters that are injected."""

    inputs: type[BaseModel]
    secrets: type[BaseModel]
    given: Signature
    takes_inputs: bool

    @property
    def returns(self) -> Returned:
        """What `execute` returns."""
        return self.given.returns


def execute_of(kind: type[BaseNode]) -> Callable[..., Any]:
    """Return the `execute` of a class node; :raises NodeRefused: when it is missing or not async."""
    execute = inspect.getattr_static(kind, "execute", None)
    if not inspect.isfunction(execute):
        raise NodeRefused("it has no `async def execute(self)`")
    plain = inspect.unwrap(execute)
    if not (inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain)):
        raise NodeRefused("its `execute` must be `async def`; write a function node for a body that blocks")
    return execute


def read_class(kind: type[BaseNode]) -> ClassParts:
    """Read the nested models and `execute`; :raises NodeRefused: naming what is wrong."""
    execute = execute_of(kind)
    hints = kind._exodsl_scope.resolve(execute, kind.__name__)  # pyright: ignore[reportPrivateUsage]
    parameters = dict(list(parameters_of(execute).items())[1:])
    takes_inputs = parameters.pop("inputs", None) is not None
    for name, parameter in parameters.items():
        _check_extra(name, parameter)
    yields: Yields | None = "async" if inspect.isasyncgenfunction(inspect.unwrap(execute)) else None
    returns = _returns(kind, hints, yields)
    given = read_signature(parameters, hints, returns)
    if given.inputs:
        raise NodeRefused(f"parameter `{next(iter(given.inputs))}` of `execute` belongs into `class Inputs`")
    return ClassParts(_nested(kind, "Inputs"), _nested(kind, "Secrets"), given, takes_inputs)


def _check_extra(name: str, parameter: Parameter) -> None:
    if parameter.annotation is EMPTY or parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        raise NodeRefused(f"parameter `{name}` of `execute` is neither `inputs` nor annotated as injected")


def _nested(kind: type[BaseNode], name: str) -> type[BaseModel]:
    model = getattr(kind, name, Nothing)
    if not is_model(model):
        raise NodeRefused(f"its `{name}` is no pydantic model: write `class {name}(BaseModel)`")
    return model


def _returns(kind: type[BaseNode], hints: dict[str, Any], yields: Yields | None) -> Returned:
    """Read what `execute` returns; a nested `Outputs` says what one output is."""
    declared = getattr(kind, "Outputs", None)
    if _says_either(hints.get("return", Any), declared):
        return _unannotated(declared and _nested(kind, "Outputs"), yields)
    returned = read_return(hints["return"], yields)
    if declared is None:
        return returned
    item = bare(returned.item)
    outputs = _nested(kind, "Outputs")
    if item in (None, type(None)) and not outputs.model_fields:
        return Returned(None, "nothing", "one")
    if not (isinstance(item, type) and issubclass(item, outputs)):
        raise NodeRefused(f"its `execute` returns `{spell(returned.item)}`, but its outputs are `Outputs`")
    return Returned(outputs, "fields", returned.amount)


def _says_either(annotation: Any, outputs: Any) -> bool:
    """Say whether an annotation leaves open how many outputs there are: `Any`, or `Outputs | list[Outputs]`."""
    parts = {get_args(part) if get_origin(part) is list else part for part in members(bare(annotation))}
    return annotation is Any or parts == {outputs, (outputs,)}


def _unannotated(outputs: type[BaseModel] | None, yields: Yields | None) -> Returned:
    amount: Amount = "either" if yields is None else "stream"
    if outputs is None or (not outputs.model_fields and yields is None):
        return Returned(None, "nothing", "one")
    return Returned(cast("Any", outputs), "fields", amount)
