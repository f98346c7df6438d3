"""`node`: turns a function or a class into a node, typed for both checkers (semantics 1)."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import timedelta
from types import FrameType
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from exodsl.dsl.base_node import BaseNode, is_node_class
from exodsl.dsl.body import Body
from exodsl.dsl.class_code import ClassCode
from exodsl.dsl.code import Code
from exodsl.dsl.function_code import FunctionCode
from exodsl.dsl.hints import Scope
from exodsl.dsl.nodes import AnyNode, Node, class_node, is_node
from exodsl.dsl.options import check_options, check_retry, check_text, check_timeout
from exodsl.dsl.places import caller, here, place
from exodsl.errors import DefinitionError
from exodsl.template.policies import RetryPolicy

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _One(Protocol[T_co]):
    async def execute(self) -> T_co: ...


class _Many(Protocol[T]):
    async def execute(self) -> list[T]: ...


class _OneIn(Protocol[T_co]):
    async def execute(self, inputs: Any, /) -> T_co: ...


class _ManyIn(Protocol[T]):
    async def execute(self, inputs: Any, /) -> list[T]: ...


class _Stream(Protocol[T_co]):
    def execute(self) -> AsyncIterator[T_co]: ...


class Decorate:
    """`node(...)` with options: makes a node of the function below it, or of a class given to it."""

    def __init__(
        self,
        name: str | None = None,
        retry: RetryPolicy | None = None,
        timeout: timedelta | None = None,
        executor: str | None = None,
    ) -> None:
        self._name, self._executor = check_text("name", name), check_text("executor", executor)
        self._retry, self._timeout = check_retry(retry), check_timeout(timeout)

    @overload
    def __call__(self, cls: type[_Many[T]], /) -> Node[..., T, Any]: ...
    @overload
    def __call__(self, cls: type[_ManyIn[T]], /) -> Node[..., T, Any]: ...
    @overload
    def __call__(self, cls: type[_Stream[T]], /) -> Node[..., T, Any]: ...
    @overload
    def __call__(self, cls: type[_One[T]], /) -> Node[..., T, Any]: ...
    @overload
    def __call__(self, cls: type[_OneIn[T]], /) -> Node[..., T, Any]: ...
    @overload
    def __call__(self, fn: Callable[P, AsyncIterator[T]], /) -> Node[P, T, AsyncIterator[T]]: ...
    @overload
    def __call__(self, fn: Callable[P, Iterator[T]], /) -> Node[P, T, Iterator[T]]: ...
    @overload
    def __call__(
        self, fn: Callable[P, Coroutine[Any, Any, list[T]]], /
    ) -> Node[P, T, Coroutine[Any, Any, list[T]]]: ...
    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]], /) -> Node[P, T, Coroutine[Any, Any, T]]: ...
    @overload
    def __call__(self, fn: Callable[P, list[T]], /) -> Node[P, T, list[T]]: ...
    @overload
    def __call__(self, fn: Callable[P, T], /) -> Node[P, T, T]: ...
    def __call__(self, target: Any, /) -> Any:
        """Make the node; :raises DefinitionError: when the target cannot be understood."""
        code = read_code(target, self._name)
        return AnyNode(Body(code, self._retry, self._timeout, self._executor))


@overload
def node(cls: type[_Many[T]], /) -> Node[..., T, Any]: ...
@overload
def node(cls: type[_ManyIn[T]], /) -> Node[..., T, Any]: ...
@overload
def node(cls: type[_Stream[T]], /) -> Node[..., T, Any]: ...
@overload
def node(cls: type[_One[T]], /) -> Node[..., T, Any]: ...
@overload
def node(cls: type[_OneIn[T]], /) -> Node[..., T, Any]: ...
@overload
def node(fn: Callable[P, AsyncIterator[T]], /) -> Node[P, T, AsyncIterator[T]]: ...
@overload
def node(fn: Callable[P, Iterator[T]], /) -> Node[P, T, Iterator[T]]: ...
@overload
def node(fn: Callable[P, Coroutine[Any, Any, list[T]]], /) -> Node[P, T, Coroutine[Any, Any, list[T]]]: ...
@overload
def node(fn: Callable[P, Coroutine[Any, Any, T]], /) -> Node[P, T, Coroutine[Any, Any, T]]: ...
@overload
def node(fn: Callable[P, list[T]], /) -> Node[P, T, list[T]]: ...
@overload
def node(fn: Callable[P, T], /) -> Node[P, T, T]: ...
@overload
def node(
    *,
    name: str | None = None,
    retry: RetryPolicy | None = None,
    timeout: timedelta | None = None,
    executor: str | None = None,
) -> Decorate: ...
def node(target: Any = None, /, **options: Any) -> Any:
    """Turn a function, or a `BaseNode` subclass, into a node (semantics 1).

    Stands bare above a function, with options above a function, or is called with a class:
    `write = node(Write)`.

    :param name: the node's name; by default that of the function or class.
    :param retry: overrides the graph's policy.
    :param timeout: for one execution, at least a millisecond; by default none.
    :param executor: the name of the executor that runs it, such as `"process"`.
    :raises DefinitionError: when the target or an option cannot be understood; names it and the cure.
    """
    check_options(options)
    if target is None:
        return Decorate(**options)
    if is_node_class(target):
        _refuse_decorated(target, caller())
        return class_node(target)
    return Decorate(**options)(target)


def read_code(target: object, name: str | None = None) -> Code:
    """Return the code of a function or class; :raises DefinitionError: when it is neither."""
    frame = caller()
    if is_node_class(target):
        _refuse_decorated(target, frame)
        return ClassCode(target, name or target.__name__)
    if isinstance(target, type):
        raise DefinitionError(f"`{target.__name__}` is no node: make it a subclass of `BaseNode`. ({here()})")
    if is_node(target):
        raise DefinitionError(f"`{target.identifier}` is a node already: one `@node` is enough. ({here()})")
    if isinstance(target, str):
        raise DefinitionError(f'`@node("{target}")` has no name for its option: `@node(name="{target}")`. ({here()})')
    if not inspect.isfunction(target):
        raise DefinitionError(f"{target!r} is no function, so it cannot be a node. ({here()})")
    if name is None and target.__name__ == "<lambda>":
        raise DefinitionError(f"A lambda has no name or types to make a node of: write a function. ({here()})")
    return FunctionCode(target, name or target.__name__, Scope(frame))


def _refuse_decorated(kind: type[BaseNode], frame: FrameType) -> None:
    """Refuse `@node` above a class, which one type checker ignores."""
    file, line = frame.f_code.co_filename, frame.f_lineno
    if linecache.getline(file, line).lstrip().startswith("@"):
        raise DefinitionError(
            f"`@node` above class `{kind.__name__}` is not seen by every type checker: use the class as it is, or"
            f" `{kind.__name__.lower()} = node({kind.__name__})`. ({place(file, line)})"
        )
