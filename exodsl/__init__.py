"""Durable workflows from a plain Python module: typed nodes, a checked graph, every step a persisted state."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exodsl.api import Graph as Graph
    from exodsl.api import Run as Run
    from exodsl.api import Runtime as Runtime
    from exodsl.api import StateManager as StateManager
    from exodsl.api import resume as resume
    from exodsl.dsl import BaseNode as BaseNode
    from exodsl.dsl import Context as Context
    from exodsl.dsl import Fatal as Fatal
    from exodsl.dsl import Prune as Prune
    from exodsl.dsl import PruneSignal as PruneSignal
    from exodsl.dsl import Requeue as Requeue
    from exodsl.dsl import ReQueueAfterSignal as ReQueueAfterSignal
    from exodsl.dsl import Store as Store
    from exodsl.dsl import any_of_nodes as any_of_nodes
    from exodsl.dsl import collect as collect
    from exodsl.dsl import current_run as current_run
    from exodsl.dsl import env as env
    from exodsl.dsl import inject as inject
    from exodsl.dsl import node as node
    from exodsl.dsl import secret as secret
    from exodsl.dsl import stored as stored
    from exodsl.errors import DatabaseUnusable as DatabaseUnusable
    from exodsl.errors import DefinitionError as DefinitionError
    from exodsl.errors import ExodslError as ExodslError
    from exodsl.errors import GraphInvalid as GraphInvalid
    from exodsl.errors import InputInvalid as InputInvalid
    from exodsl.errors import NotFound as NotFound
    from exodsl.errors import OutputInvalid as OutputInvalid
    from exodsl.errors import RunFailed as RunFailed
    from exodsl.errors import StoreUnavailable as StoreUnavailable
    from exodsl.errors import TargetError as TargetError
    from exodsl.template.policies import RetryPolicy as RetryPolicy

__all__ = [
    "BaseNode",
    "Context",
    "DatabaseUnusable",
    "DefinitionError",
    "ExodslError",
    "Fatal",
    "Graph",
    "GraphInvalid",
    "InputInvalid",
    "NotFound",
    "OutputInvalid",
    "Prune",
    "PruneSignal",
    "ReQueueAfterSignal",
    "Requeue",
    "RetryPolicy",
    "Run",
    "RunFailed",
    "Runtime",
    "StateManager",
    "Store",
    "StoreUnavailable",
    "TargetError",
    "any_of_nodes",
    "collect",
    "current_run",
    "env",
    "inject",
    "node",
    "resume",
    "secret",
    "stored",
]

_API = ("Graph", "Run", "Runtime", "StateManager", "resume")
_ERRORS = (
    "DatabaseUnusable",
    "DefinitionError",
    "ExodslError",
    "GraphInvalid",
    "InputInvalid",
    "NotFound",
    "OutputInvalid",
    "RunFailed",
    "StoreUnavailable",
    "TargetError",
)
_HOMES = {
    **dict.fromkeys(__all__, "exodsl.dsl"),
    **dict.fromkeys(_API, "exodsl.api"),
    **dict.fromkeys(_ERRORS, "exodsl.errors"),
    "RetryPolicy": "exodsl.template.policies",
}


def __getattr__(name: str) -> Any:
    # Each name is imported when it is first used, so that `import exodsl` costs next to nothing.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f'module "exodsl" has no attribute "{name}"')
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
