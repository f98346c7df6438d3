"""Exosphere's SDK, spelled over exodsl: its names for programs that move here, and our nodes for its clusters."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exodsl.dsl import PruneSignal as PruneSignal
    from exodsl.dsl import ReQueueAfterSignal as ReQueueAfterSignal
    from exodsl.exosphere.hosting import runtime as runtime
    from exodsl.exosphere.managing import StateManager as StateManager
    from exodsl.exosphere.models import CronTrigger as CronTrigger
    from exodsl.exosphere.models import GraphNodeModel as GraphNodeModel
    from exodsl.exosphere.models import RetryPolicyModel as RetryPolicyModel
    from exodsl.exosphere.models import RetryStrategyEnum as RetryStrategyEnum
    from exodsl.exosphere.models import StoreConfigModel as StoreConfigModel
    from exodsl.exosphere.models import UnitesModel as UnitesModel
    from exodsl.exosphere.models import UnitesStrategyEnum as UnitesStrategyEnum
    from exodsl.exosphere.nodes import BaseNode as BaseNode
    from exodsl.exosphere.serving import Runtime as Runtime

__all__ = [
    "BaseNode",
    "CronTrigger",
    "GraphNodeModel",
    "PruneSignal",
    "ReQueueAfterSignal",
    "RetryPolicyModel",
    "RetryStrategyEnum",
    "Runtime",
    "StateManager",
    "StoreConfigModel",
    "UnitesModel",
    "UnitesStrategyEnum",
    "runtime",
]

_HOMES = {
    **dict.fromkeys(__all__, "exodsl.exosphere.models"),
    "BaseNode": "exodsl.exosphere.nodes",
    "PruneSignal": "exodsl.dsl",
    "ReQueueAfterSignal": "exodsl.dsl",
    "Runtime": "exodsl.exosphere.serving",
    "StateManager": "exodsl.exosphere.managing",
    "runtime": "exodsl.exosphere.hosting",
}


def __getattr__(name: str) -> Any:
    # Each name is imported when it is first used: the command line needs no more than one module from here.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f'module "exodsl.exosphere" has no attribute "{name}"')
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
