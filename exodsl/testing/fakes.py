"""Functions that stand in for the bodies of nodes, and are held to what those nodes declare."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import Parameter
from typing import Any

from pydantic import BaseModel, TypeAdapter

from exodsl.api.run import AnyPlace, stands_elsewhere
from exodsl.dsl.base_node import BaseNode, is_node_class
from exodsl.dsl.body import Body
from exodsl.dsl.code import Code, Injected, Style
from exodsl.dsl.codecs import InputCodec
from exodsl.dsl.graph import Graph
from exodsl.dsl.nodes import AnyNode, as_node, is_node
from exodsl.dsl.places import place_of
from exodsl.dsl.signature import Signature
from exodsl.errors import DefinitionError, NotFound, did_you_mean
from exodsl.runtime.served import graph_bodies

Function = Callable[..., Any]
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Failing:
    """A fake that fails at first: what `fail` returns."""

    what: object
    times: int
    error: BaseException | type[BaseException] | None

    def raised(self, node: str) -> BaseException:
        """Return what an attempt raises."""
        if self.error is None:
            return RuntimeError(f'"{node}" fails, as the test wants it.')
        return self.error() if isinstance(self.error, type) else self.error.with_traceback(None)


Fake = Function | AnyNode | Failing
Fakes = Mapping[AnyPlace, Fake]


def fail(
    what: AnyNode | type[BaseNode] | Function,
    *,
    times: int = 1,
    error: BaseException | type[BaseException] | None = None,
) -> Failing:
    """Return a fake whose first attempts fail, and which does after that what a node or another fake does.

    Each state fails so often that runs the node, those of a fanout too: `run_inline(graph, fake={load: fail(load)})`.

    :param what: the node itself, or what stands in for it.
    :param times: how many attempts fail, 1 by default.
    :param error: what they raise, a `RuntimeError` by default; a signal will do as well.
    :raises DefinitionError: when it cannot be raised, or `times` is less than 1.
    """
    if times < 1:
        raise DefinitionError(f"fail(times={times}) fails never: give 1 or more.")
    kind: object = error if isinstance(error, type) else type(error)
    if error is not None and not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise DefinitionError(f'fail(error={error!r}) cannot be raised: give an exception, such as ValueError("why").')
    return Failing(what, times, error)


def placed(graph: Graph[Any, Any], place: AnyPlace) -> str:
    """Return the identifier under which a node stands in a graph; :raises NotFound: when it does not."""
    nodes = {node.identifier: node for node in graph.nodes}
    identifier = place if isinstance(place, str) else as_node(place, "asked for").identifier
    if identifier in nodes:
        return identifier
    if not isinstance(place, str):
        raise stands_elsewhere(as_node(place, "asked for"), nodes)
    has = f"It has: {', '.join(nodes)}.{did_you_mean(identifier, nodes)}"
    raise NotFound(f'There is no node "{identifier}" in graph "{graph.name}". {has}')


def read_fakes(graph: Graph[Any, Any], fakes: Fakes) -> dict[str, Body]:
    """Return the bodies that stand in, by the identifier of the node.

    :raises NotFound: when the graph has no such node.
    :raises DefinitionError: when a fake is no function, or wants what the node does not have.
    """
    if not isinstance(fakes, Mapping):
        raise DefinitionError(f"fake={fakes!r}: takes a mapping of nodes to functions, write fake={{node: function}}.")
    bodies = dict(zip((node.identifier for node in graph.nodes), graph_bodies(graph), strict=True))
    found: dict[str, Body] = {}
    for place, fake in fakes.items():
        identifier = placed(graph, place)
        found[identifier] = _stand_in(identifier, bodies[identifier], fake)
    return found


def stand_ins(graph: Graph[Any, Any], faked: Mapping[str, Body]) -> dict[str, Body]:
    """Return fakes by node name, of those nodes whose own body runs nowhere in the graph."""
    real = {node.node_name for node in graph.nodes if node.identifier not in faked}
    return {body.node_name: body for body in faked.values() if body.node_name not in real}


def _stand_in(identifier: str, body: Body, fake: object) -> Body:
    if not isinstance(fake, Failing):
        return replace(body, code=FakeCode(identifier, body.code, _function(identifier, fake)))
    inner = body if _is_itself(fake.what, body) else _stand_in(identifier, body, fake.what)
    return replace(inner, code=FailingCode(inner.code, fake))


def _is_itself(what: object, body: Body) -> bool:
    source = what.body.code.source if is_node(what) else what
    return source is body.code.source


def _function(identifier: str, fake: object) -> Function:
    if is_node(fake) and inspect.isfunction(fake.body.code.source):
        return fake.body.code.source
    if is_node(fake) or is_node_class(fake) or not callable(fake):
        cure = "write a function, or `lambda: value`"
        raise DefinitionError(f'The fake of "{identifier}" is {fake!r}, which is no function: {cure}.')
    return fake


class _StandIn(Code):
    """Code in the place of other code: to everybody else it is that one.

    :param real: the code whose name, inputs and outputs it has.
    """

    def __init__(self, real: Code, style: Style) -> None:
        # Not as `Code` does it: what stands in has no source of its own.
        self.name, self.source, self.place = real.name, real.source, real.place
        self.address, self.file, self.qualified = real.address, real.file, real.qualified
        self.style = style
        self._real = real

    @property
    def input_names(self) -> tuple[str, ...]:
        """The inputs of the real one."""
        return self._real.input_names

    @cached_property
    def inputs(self) -> InputCodec:
        """What turns JSON into the inputs of the real one."""
        return self._real.inputs

    def _input_adapter(self) -> TypeAdapter[Any]:
        return self._real._input_adapter()

    def _read(self) -> Signature:
        return self._real.signature

    def plain(self, *args: Any, **kwargs: Any) -> Any:
        """Call the real one."""
        return self._real.plain(*args, **kwargs)


class FailingCode(_StandIn):
    """Fails in the first attempts of each state."""

    def __init__(self, real: Code, failing: Failing) -> None:
        super().__init__(real, real.style)
        self._failing = failing

    @property
    def secrets(self) -> dict[str, bool]:
        """The secrets of what runs after the failures."""
        return self._real.secrets

    def start(self, inputs: Any, injected: Injected) -> Any:
        """Fail, or go on with the code behind."""
        if injected.context.retry_count < self._failing.times:
            raise self._failing.raised(self.name)
        return self._real.start(inputs, injected)


class FakeCode(_StandIn):
    """Runs a function instead; it takes what it names of what the node takes.

    :raises DefinitionError: when it names something else.
    """

    def __init__(self, identifier: str, real: Code, function: Function) -> None:
        super().__init__(real, _style(function))
        self._function = function
        if inspect.isfunction(function):
            self.place = place_of(function.__code__)
        self._wanted, self._takes_all = _wanted(identifier, real, function)

    def _read(self) -> Signature:
        """What the function leaves out, secrets for one, is not needed either."""
        real, wanted = self._real.signature, self._wanted
        return replace(
            real,
            secrets={name: secret for name, secret in real.secrets.items() if name in wanted},
            contexts=tuple(name for name in real.contexts if name in wanted),
            stores={name: model for name, model in real.stores.items() if name in wanted},
        )

    def start(self, inputs: Any, injected: Injected) -> Any:
        """Call the function; what is given back fits the way in which the node gives its outputs."""
        values = {**self.signature.defaults, **_fields(inputs)}
        given = values if self._takes_all else {name: values[name] for name in self._wanted if name in values}
        result = self._function(**given, **self.given(injected))
        if self.style == "sync":
            return result
        streams = self.outputs.returned.amount == "stream"
        return _streamed(result) if streams else _gathered(result)


def _style(function: Function) -> Style:
    return "async" if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function) else "sync"


def _wanted(identifier: str, real: Code, function: Function) -> tuple[frozenset[str], bool]:
    """Return which parameters a fake has in common with the node, and whether it takes all inputs."""
    signature = real.signature
    known = [*real.input_names, *signature.contexts, *signature.stores, *signature.secrets]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # an `AsyncMock` of early Pythons 3.11, or a builtin: they do not say
        return frozenset(), True
    for parameter in parameters:
        required = parameter.default is Parameter.empty and parameter.kind not in (
            Parameter.VAR_POSITIONAL,
            Parameter.VAR_KEYWORD,
        )
        if required and (parameter.name not in known or parameter.kind not in _BY_NAME):
            raise _misfit(identifier, parameter.name, known)
    wanted = frozenset(one.name for one in parameters if one.kind in _BY_NAME and one.name in known)
    return wanted, any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters)


def _misfit(identifier: str, name: str, known: list[str]) -> DefinitionError:
    if name in known:
        return DefinitionError(f'The fake of "{identifier}" takes `{name}` only by position: inputs go by name.')
    has = f"It takes: {', '.join(known)}." if known else "It takes nothing."
    return DefinitionError(
        f'The fake of "{identifier}" asks for `{name}`, which the node does not take. {has}{did_you_mean(name, known)}'
    )


def _fields(inputs: Any) -> dict[str, Any]:
    """Return validated inputs by name, those of a class node too."""
    return dict(inputs) if isinstance(inputs, Mapping | BaseModel) else inputs


async def _streamed(result: Any) -> AsyncIterator[Any]:
    items = result if isinstance(result, AsyncIterator) else _each(await result)
    async for item in items:
        yield item


async def _each(values: Any) -> AsyncIterator[Any]:
    for value in values:
        yield value


async def _gathered(result: Any) -> Any:
    if isinstance(result, AsyncIterator):
        return [item async for item in result]
    return await result
