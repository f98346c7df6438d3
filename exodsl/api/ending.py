"""Who is told when a run has ended in this process: nobody, unless a test session wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exodsl.api.run import Run
from exodsl.dsl.graph import Graph

Observer = Callable[[Run, Graph[Any, Any]], None]

_observers: list[Observer] = []


def observe_endings(observer: Observer) -> Callable[[], None]:
    """Call `observer` with each run that ends here, and with its graph; returns what ends that."""
    _observers.append(observer)
    return lambda: _observers.remove(observer)


def tell_ended(run: Run, graph: Graph[Any, Any]) -> Run:
    """Tell all who want to know that a run has ended; return it."""
    for observer in _observers:
        observer(run, graph)
    return run
