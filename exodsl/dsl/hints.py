"""Annotations resolved as late as they can be: postponed ones, and types local to a function."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from typing_extensions import TypeAliasType

from exodsl.dsl.places import place_of
from exodsl.errors import NodeRefused


class NotYet(NodeRefused):
    """A name in an annotation is not defined, at least not so far."""


class Scope:
    """Where the names of a node's annotations are looked up: its module, and the frame around it."""

    def __init__(self, frame: FrameType, names: Mapping[str, Any] | None = None) -> None:
        local = frame.f_code.co_name != "<module>"
        self._frame = frame if local else None
        self._names = dict(names or {})

    def resolve(self, function: Callable[..., Any], name: str) -> dict[str, Any]:
        """Return the annotations of `function`; :raises NotYet: when a name is not defined."""
        plain = inspect.unwrap(function)
        around = dict(self._frame.f_locals) if self._frame else {}
        try:
            hints = get_type_hints(plain, plain.__globals__, around | self._names, include_extras=True)
        except (NameError, AttributeError) as error:
            raise NotYet(_unresolved(name, plain, error)) from error
        except Exception as error:
            raise NodeRefused(
                f"An annotation of node `{name}` cannot be read: {error} ({place_of(plain.__code__)})"
            ) from error
        self._frame = None
        return hints


def _unresolved(name: str, function: Callable[..., Any], error: NameError | AttributeError) -> str:
    missing = error.name or str(error)
    where = place_of(inspect.unwrap(function).__code__)
    statement = _type_only_import(function.__module__, missing)
    if statement:
        cure = f"It is imported for type checkers only: move `{statement}` out of `if TYPE_CHECKING:`."
    else:
        cure = "Define or import it before the graph is compiled."
    return f"An annotation of node `{name}` names `{missing}`, which is not defined. {cure} ({where})"


def _type_only_import(module: str, name: str) -> str | None:
    """Return the import of `name` that stands below `if TYPE_CHECKING:` in a module's source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return None
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    for statement in (s for block in guarded for s in block.body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    return ast.unparse(statement)
    return None


def bare(annotation: Any) -> Any:
    """Return an annotation without `Annotated[...]` and aliases around it."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        else:
            return annotation


def members(annotation: Any) -> tuple[Any, ...]:
    """Return what a union is made of; of anything else, itself."""
    annotation = bare(annotation)
    if get_origin(annotation) is Union or type(annotation).__name__ == "UnionType":
        return tuple(bare(member) for member in get_args(annotation))
    return (annotation,)


def is_generic(annotation: Any) -> bool:
    """Say whether a type variable is still open in an annotation."""
    if isinstance(annotation, TypeVar):
        return True
    return not isinstance(annotation, type) and bool(getattr(annotation, "__parameters__", ()))


def mentions(annotation: Any, kind: type) -> bool:
    """Say whether `kind` stands anywhere inside an annotation."""
    annotation = bare(annotation)
    return annotation is kind or any(mentions(part, kind) for part in get_args(annotation))


def spell(annotation: Any) -> str:
    """Return an annotation as a user would write it."""
    if annotation is type(None):
        return "None"
    text = annotation.__qualname__ if isinstance(annotation, type) and not get_args(annotation) else repr(annotation)
    return re.sub(r"(?:[\w<>]+\.)+(?=\w)|~", "", text)
