"""Who is told when a run has ended in this process: nobody, unless a test session wants to know."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module

from exodsl.dsl.body import Body
from exodsl.errors import ExodslError, SettingInvalid
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunStatus
from exodsl.runtime.logs import LOG
from exodsl.template.models import GraphTemplate

OBSERVER_VARIABLE = "EXODSL_OBSERVER"
"""Names an observer, `module:function`, for processes that a test session starts."""
Observer = Callable[[StateManager, str, GraphTemplate, Mapping[str, Body]], None]
"""Takes the id of the run, the template of its graph as the code has it by now, and the bodies by node name."""
RunsEnded = Callable[[Mapping[str, RunStatus]], None]

_observers: list[Observer] = []


def observe_endings(observer: Observer) -> Callable[[], None]:
    """Call `observer` with each run that ends here; returns what ends that."""
    _observers.append(observer)
    return lambda: _observers.remove(observer)


def tell_ended(manager: StateManager, run_id: str, template: GraphTemplate, bodies: Mapping[str, Body]) -> None:
    """Tell all who want to know that a run has ended."""
    for observer in _found():
        observer(manager, run_id, template, bodies)


def tell_ended_as_stored(manager: StateManager, run_id: str, bodies: Mapping[str, Body]) -> None:
    """Tell it where the code is that of the newest version stored."""
    if not _found():
        return
    run = manager.run(run_id)
    tell_ended(manager, run_id, manager.template(run.namespace, run.graph), bodies)


def told(manager: StateManager, bodies: Mapping[str, Body], runs_ended: RunsEnded | None) -> RunsEnded | None:
    """Return what a runtime calls with runs that ended, so that observers hear of them, too."""
    if not _found():
        return runs_ended

    def ended(runs: Mapping[str, RunStatus]) -> None:
        for run_id in runs:
            try:
                tell_ended_as_stored(manager, run_id, bodies)
            except ExodslError as error:  # it was removed in this moment, for one: no reason to stop
                LOG.warning("nobody is told that run %s has ended: %s", run_id, error)
        if runs_ended is not None:
            runs_ended(runs)

    return ended


def _found() -> list[Observer]:
    named = os.environ.get(OBSERVER_VARIABLE)
    if named and not _observers:
        _observers.append(_load(named))
    return _observers


def _load(named: str) -> Observer:
    module, _, function = named.partition(":")
    try:
        observer: Observer = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        said = f'{OBSERVER_VARIABLE}="{named}" names no function that can be imported: {error}.'
        raise SettingInvalid(said) from error
    return observer
