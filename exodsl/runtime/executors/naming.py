"""From what a program or a command line calls executors to what runs bodies there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from importlib.util import find_spec

from exodsl.errors import ExtraMissing, SettingInvalid
from exodsl.runtime.executors.futures import Futures
from exodsl.runtime.executors.processes import Processes
from exodsl.runtime.executors.protocol import Elsewhere
from exodsl.template.check_executors import PROCESS, THREAD, misspelt

AnyExecutor = Executor | Callable[[], Executor] | str
"""An executor of `concurrent.futures`' kind, what makes one, or a text such as `process:4`."""
Executors = Mapping[str, AnyExecutor]

FORMS = "process:4, dask:tcp://host:8786 or ray:auto"


def executors_by_name(given: Executors | None = None) -> dict[str, Elsewhere]:
    """Return what runs bodies elsewhere, by the names that nodes use; `process` is always among them.

    :raises SettingInvalid: when a name or what it stands for cannot be meant.
    :raises ExtraMissing: when what a text asks for is not installed.
    """
    named = {name: _executor(_checked(name), executor) for name, executor in (given or {}).items()}
    return {PROCESS: Processes(), **named}


def executors_given(options: Iterable[str]) -> dict[str, str]:
    """Return the executors that options `NAME=WHERE` name; :raises SettingInvalid: for any other text."""
    found: dict[str, str] = {}
    for option in options:
        name, equals, where = option.partition("=")
        if not (equals and name.strip() and where.strip()):
            raise SettingInvalid(f'--executor "{option}": write NAME=WHERE, where WHERE is {FORMS}.')
        if name.strip() in found:
            raise SettingInvalid(f'--executor "{option}": "{name.strip()}" is given twice.')
        found[name.strip()] = where.strip()
    return found


def _checked(name: str) -> str:
    if not name.strip():
        raise SettingInvalid("An executor needs a name, which is what nodes ask for: @node(executor=NAME).")
    if name == THREAD:
        raise SettingInvalid(f'No executor can be called "{name}": these are the runtime\'s own threads.')
    meant = misspelt(name)
    if meant is not None:
        raise SettingInvalid(f'Executor "{name}" reads like "{meant}", which every runtime has. Give it another name.')
    return name


def _executor(name: str, given: AnyExecutor) -> Elsewhere:
    if isinstance(given, str):
        return _spelled(name, given)
    if isinstance(given, Executor) or callable(given):
        return Futures(name, given)
    cure = " Give its executor: client.get_executor(pure=False)." if hasattr(given, "get_executor") else ""
    raise SettingInvalid(
        f'Executor "{name}" is of type {type(given).__name__}.{cure} It takes an executor of `concurrent.futures`,'
        f" a function that makes one, or {FORMS}."
    )


def _spelled(name: str, text: str) -> Elsewhere:
    kind, colon, where = text.partition(":")
    if kind == "process" and (not colon or (where.isdecimal() and int(where) > 0)):
        return Processes(int(where) if colon else None)
    if kind == "dask" and where:
        _need("distributed", "Executors on Dask", "dask")
        return Futures(name, lambda: _dask(where))
    if kind == "ray" and where:
        _need("ray", "Executors on Ray", "ray")
        return Futures(name, lambda: _ray(where))
    raise SettingInvalid(f'Executor "{name}" cannot be "{text}". Write {FORMS}: --executor {name}=process:4')


def _need(library: str, what: str, extra: str) -> None:
    if find_spec(library) is None:
        raise ExtraMissing(what, extra)


def _dask(address: str) -> Executor:
    from exodsl.runtime.executors.dask_cluster import DaskExecutor  # takes seconds

    return DaskExecutor(address)


def _ray(address: str) -> Executor:
    from exodsl.runtime.executors.ray_cluster import RayExecutor  # takes seconds

    return RayExecutor(address)
