"""Nodes: what `@node` returns, and what stands in a graph (semantics 1, 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeGuard, TypeVar, cast

from exodsl.dsl.base_node import BaseNode, is_node_class
from exodsl.dsl.body import Body
from exodsl.dsl.class_code import ClassCode
from exodsl.dsl.function_code import FunctionCode
from exodsl.dsl.options import check_retry, check_text, check_timeout
from exodsl.dsl.places import here
from exodsl.dsl.references import Origin, Reference, is_reference
from exodsl.dsl.returns import RESULT
from exodsl.errors import DefinitionError, ReferenceMisuse
from exodsl.template.policies import RetryPolicy

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
_IDENTIFIER = re.compile(r"[^\s.{}]+")


@dataclass(frozen=True)
class Bound(Generic[T]):
    """A node together with the mapping of its inputs: what `takes` returns."""

    node: Node[..., T, Any]
    mapping: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Node(Generic[P, T, R]):
    """A node: its body, and the identifier under which it stands in a graph.

    `P` are its parameters, `T` is one output, `R` what a direct call returns.
    """

    __test__ = False  # a node called `test_...` is no test

    def __init__(self, body: Body, identifier: str | None = None) -> None:
        self.body = body
        self.identifier = identifier or body.node_name
        self.__name__ = body.node_name
        self.__doc__ = body.code.source.__doc__
        self.__module__ = body.code.source.__module__

    def __repr__(self) -> str:
        return f"<node {self.identifier}>"

    if not TYPE_CHECKING:  # to type checkers a node has what it declares, and nothing else

        def __getattr__(self, name: str) -> NoReturn:
            # Only what is not there comes here.
            raise AttributeError(self._missing(name), name=name, obj=self)

    def _missing(self, name: str) -> str:
        if name.startswith("_") or "body" not in self.__dict__:
            return f"A node has no attribute {name}."
        known = {one: f"{self.identifier}.{one}" for one in ("outputs", "named", "options", "takes")}
        known |= {one: f"{self.identifier}.outputs.{one}" for one in self.output_names}
        near = get_close_matches(name, known, n=1)
        meant = f" Did you mean `{known[near[0]]}`?" if near else ""
        return f"`{self.identifier}` has no attribute `{name}`.{meant}"

    @property
    def output_names(self) -> tuple[str, ...]:
        """The fields of one output; none for a plain value, and while an annotation does not resolve."""
        try:
            return self.body.code.signature.returns.fields
        except DefinitionError:
            return ()

    @property
    def node_name(self) -> str:
        """The name of its code, the same under every identifier."""
        return self.body.node_name

    @property
    def outputs(self) -> T:
        """One output, as a reference that is typed as what it will be."""
        return cast("T", Reference(self.origin))

    @property
    def origin(self) -> Origin:
        """What references to its outputs start from."""
        return Origin(f"{self.identifier}.outputs", self._head)

    def _head(self) -> tuple[str, ...]:
        plain = self.body.code.signature.returns.holds == "value"
        return (self.identifier, "outputs", RESULT) if plain else (self.identifier, "outputs")

    def named(self, identifier: str) -> Node[P, T, R]:
        """Return the same node under another identifier.

        :raises DefinitionError: when the identifier is empty or holds blanks, dots or braces.
        """
        if not _IDENTIFIER.fullmatch(identifier):
            raise DefinitionError(
                f'"{identifier}" cannot be an identifier: it must not be empty and holds no blank, dot or brace.'
                f" ({here()})"
            )
        return Node(self.body, identifier)

    def options(
        self,
        *,
        retry: RetryPolicy | None = None,
        timeout: timedelta | None = None,
        executor: str | None = None,
    ) -> Node[P, T, R]:
        """Return a copy with other options; those left out stay as they are.

        :param retry: overrides the graph's policy.
        :param timeout: for one execution, at least a millisecond.
        :param executor: the name of the executor that runs it, such as `"process"`.
        :raises DefinitionError: when one of these is of another type; names what to write instead.
        """
        given = {
            "retry": check_retry(retry),
            "timeout": check_timeout(timeout),
            "executor": check_text("executor", executor),
        }
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return Node(replace(self.body, **changes), self.identifier)

    def takes(self, *args: P.args, **kwargs: P.kwargs) -> Bound[T]:
        """Return the node with a mapping of its inputs, for `connect(source, node.takes(...))`."""
        return Bound(self, self.mapping(args, kwargs))

    def mapping(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Give arguments without a name the names of the parameters; :raises DefinitionError: for too many."""
        code = self.body.code
        names = code.positional if isinstance(code, FunctionCode) else ()
        if len(args) > len(names):
            raise DefinitionError(
                f"`{self.identifier}` is given {len(args)} inputs without a name and has {len(names)} that can be."
                f" Name them: `input=...`. ({here()})"
            )
        mapping = dict(zip(names, args, strict=False))
        for name in mapping.keys() & kwargs.keys():
            raise DefinitionError(f"`{self.identifier}` is given `{name}` twice. ({here()})")
        return {**mapping, **kwargs}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the plain function, or a class node's `execute`: for unit tests.

        :raises DefinitionError: when an injected parameter is not given by hand.
        """
        reference = next((value for value in (*args, *kwargs.values()) if is_reference(value)), None)
        if reference is not None:
            raise ReferenceMisuse(
                f"E150 calling `{self.node_name}` runs it now, and `{reference}` has no value yet."
                f" Write `graph.connect(source, {self.node_name}, ...)`. ({here()})"
            )
        return cast("R", self.body.code.plain(*args, **kwargs))


AnyNode = Node[..., Any, Any]


_CLASSES: dict[type[BaseNode], AnyNode] = {}


def class_node(kind: type[BaseNode]) -> AnyNode:
    """Return the node of a class that is used bare; the same one each time."""
    if kind not in _CLASSES:
        _CLASSES[kind] = Node(Body(ClassCode(kind, kind.__name__)))
    return _CLASSES[kind]


def is_node(value: object) -> TypeGuard[AnyNode]:
    """Say whether a value is a node."""
    return isinstance(value, Node)


def is_bound(value: object) -> TypeGuard[Bound[Any]]:
    """Say whether a value is a node with a mapping."""
    return isinstance(value, Bound)


def as_node(value: object, role: str) -> AnyNode:
    """Return a node for what a user put at a node's place; :raises DefinitionError: when it is none."""
    if is_node(value):
        return value
    if is_node_class(value):
        return class_node(value)
    name = getattr(value, "__name__", None)
    if callable(value) and name:
        cure = f"put `@node` above `{name}`" if not isinstance(value, type) else f"make `{name}` a `BaseNode`"
        raise DefinitionError(f"`{name}` is no node, so it cannot be {role}: {cure}. ({here()})")
    raise DefinitionError(f"{value!r} is no node, so it cannot be {role}. ({here()})")
