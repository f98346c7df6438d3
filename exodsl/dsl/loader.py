"""From a target on the command line, or an address, to the graph or node it names (semantics 12)."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard

from exodsl.dsl.base_node import is_node_class
from exodsl.dsl.code import Address
from exodsl.dsl.decorator import node
from exodsl.dsl.graph import Graph
from exodsl.dsl.nodes import AnyNode, class_node, is_node
from exodsl.dsl.places import place
from exodsl.dsl.spoken import finding_of
from exodsl.errors import ExodslError, GraphInvalid, TargetError, did_you_mean

AnyGraph = Graph[Any, Any]


def is_graph(value: object) -> TypeGuard[AnyGraph]:
    """Say whether a value is a graph."""
    return isinstance(value, Graph)


_OURS = str(Path(__file__).parents[1])


def load(target: str) -> AnyGraph:
    """Return the graph that `file.py`, `file.py:graph` or `package.module:graph` names.

    A file's folder becomes importable, as `python file.py` makes it.

    :raises TargetError: when there is no such file, module or graph, when the module raises, or when
        several graphs could be meant.
    :raises GraphInvalid: when the module itself compiles a graph that does not pass its checks.
    """
    source, name = _split(target)
    module = load_module(source)
    graphs = graphs_in(module)
    if name is not None:
        return _named(target, module, name, graphs)
    if not graphs:
        raise TargetError(f'"{source}" defines no graph. Write `graph = Graph("name")` at the top of the module.')
    if len(graphs) > 1:
        listed = ", ".join(f"{source}:{known}" for known in graphs)
        raise TargetError(f'"{source}" defines {len(graphs)} graphs. Name one: {listed}.')
    return next(iter(graphs.values()))


def _split(target: str) -> tuple[str, str | None]:
    source, colon, name = target.rpartition(":")
    if not colon or name.endswith(".py") or "/" in name or "\\" in name:
        return target, None
    return source, name or None


def _named(target: str, module: ModuleType, name: str, graphs: dict[str, AnyGraph]) -> AnyGraph:
    found = getattr(module, name, None)
    if is_graph(found):
        return found
    what = f"a {type(found).__name__}, no graph" if hasattr(module, name) else "not there"
    known = f"It has: {', '.join(graphs)}." if graphs else "It defines no graph."
    raise TargetError(f'"{name}" of "{target}" is {what}. {known}{did_you_mean(name, graphs)}')


def graphs_in(module: ModuleType) -> dict[str, AnyGraph]:
    """Return the graphs of a module by the first name each has; imported ones only where it has no own."""
    found: dict[int, tuple[str, AnyGraph]] = {}
    for name, value in vars(module).items():
        if is_graph(value):
            found.setdefault(id(value), (name, value))
    graphs = dict(found.values())
    own = {name: graph for name, graph in graphs.items() if graph.module == module.__name__}
    return own or graphs


def load_node(address: Address) -> AnyNode:
    """Return the node at an address; maybe in another process than the one that made it.

    A program that is itself the module is not executed again.

    :raises TargetError: when the module cannot be loaded, or no node is there.
    """
    found: Any = _program(address.source) or load_module(address.source)
    for name in address.qualname.split("."):
        found = getattr(found, name, None)
    if is_node(found):
        return found
    if is_node_class(found):
        return class_node(found)
    if inspect.isfunction(found):
        return node(found)
    raise TargetError(f'No node is at "{address}" in this process. Keep it at the top of its module under that name.')


def _program(source: str) -> ModuleType | None:
    """Return the program that runs here, if it is this file."""
    program = sys.modules.get("__main__")
    return program if program is not None and _is_file_of(program, Path(source)) else None


def load_module(source: str) -> ModuleType:
    """Return the module that a file or a dotted name means; :raises TargetError: when it cannot be loaded."""
    if source.endswith(".py") or "/" in source or "\\" in source:
        return _load_file(source)
    if Path(source).is_file() or not all(part.isidentifier() for part in source.split(".")):
        raise TargetError(f'"{source}" is no target. Write `file.py`, `file.py:graph` or `package.module:graph`.')
    return _load_name(source)


def _load_name(name: str) -> ModuleType:
    _importable(Path.cwd())
    with _reported(name, None):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
                raise
            file = Path(f"{name}.py")
            near = f' Did you mean "{file}"?' if file.is_file() else ""
            raise TargetError(f'No module is called "{error.name}".{near}') from None


def _load_file(source: str) -> ModuleType:
    path = Path(source)
    if path.is_dir():
        raise TargetError(f'"{source}" is a folder. Name a file in it: `{path / "workflow.py"}`.')
    if not path.is_file():
        near = did_you_mean(path.name, (one.name for one in path.parent.glob("*.py")))
        raise TargetError(f'There is no file "{source}".{near}')
    if path.suffix != ".py":
        raise TargetError(f'"{source}" is no Python file: its name does not end in ".py".')
    return _execute(path.resolve(), source)


def _execute(path: Path, source: str) -> ModuleType:
    _importable(path.parent)
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError(f'"{source}" cannot be loaded as a Python module.')
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__exodsl_file__"] = str(path)
    sys.modules[name] = module
    try:
        with _reported(source, path):
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _module_name(path: Path) -> str:
    """Return the name under which a file is a module: its own, unless that means something else already."""
    name = path.stem
    own = f"{name}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if not name.isidentifier() or name == "__main__":
        return own.replace("-", "_").replace(".", "_")
    if name in sys.modules:
        return name if _is_file_of(sys.modules[name], path) else own
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return own
    return name if spec is not None and spec.origin and Path(spec.origin).resolve() == path else own


def _is_file_of(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == path


@contextmanager
def _reported(source: str, path: Path | None) -> Generator[None]:
    """Turn whatever a module raises while it is imported into one error that names the line.

    What exodsl refuses there goes out as it would among the findings of a graph.
    """
    try:
        yield
    except (KeyboardInterrupt, TargetError, GraphInvalid):
        raise
    except SyntaxError as error:
        where = place(error.filename or source, error.lineno or 0)
        raise TargetError(f'"{source}" cannot be read: {error.msg}. ({where})') from error
    except BaseException as error:
        if isinstance(error, ExodslError) and "\n" not in str(error):
            raise TargetError(str(finding_of(error, _where(error, source, path)))) from error
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise TargetError(f'"{source}" fails when it is imported: {said} ({_where(error, source, path)})') from error


def _where(error: BaseException, source: str, path: Path | None) -> str:
    """Return the innermost line that the user wrote: in the file or beside it, else outside of exodsl."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith((_OURS, "<"))
    ]
    beside = [frame for frame in frames if path is not None and Path(frame.filename).parent == path.parent]
    for frame in reversed(beside or frames):
        return place(frame.filename, frame.lineno or 0)
    return source
