"""Workflows in tests: runs in no time, fakes, and snapshots of graphs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from exodsl.errors import ExtraMissing

if TYPE_CHECKING:
    from exodsl.testing.calling import context as context
    from exodsl.testing.clock import FakeClock as FakeClock
    from exodsl.testing.fakes import fail as fail
    from exodsl.testing.graphs import GraphSnapshot as GraphSnapshot
    from exodsl.testing.inline import run_inline as run_inline
    from exodsl.testing.run import InlineRun as InlineRun
    from exodsl.testing.scheduled import ScheduledRuns as ScheduledRuns
    from exodsl.testing.scheduled import run_scheduled as run_scheduled
    from exodsl.testing.stepping import Stepper as Stepper
    from exodsl.testing.stepping import step_inline as step_inline

__all__ = [
    "FakeClock",
    "GraphSnapshot",
    "InlineRun",
    "ScheduledRuns",
    "Stepper",
    "context",
    "fail",
    "run_inline",
    "run_scheduled",
    "step_inline",
]

_HOMES = {
    "FakeClock": "exodsl.testing.clock",
    "GraphSnapshot": "exodsl.testing.graphs",
    "InlineRun": "exodsl.testing.run",
    "ScheduledRuns": "exodsl.testing.scheduled",
    "Stepper": "exodsl.testing.stepping",
    "context": "exodsl.testing.calling",
    "fail": "exodsl.testing.fakes",
    "run_inline": "exodsl.testing.inline",
    "run_scheduled": "exodsl.testing.scheduled",
    "step_inline": "exodsl.testing.stepping",
}


def __getattr__(name: str) -> Any:
    # Each name is imported when it is first used: every pytest run of everybody imports this room.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f'module "exodsl.testing" has no attribute "{name}"')
    try:
        value = globals()[name] = getattr(importlib.import_module(home), name)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "syrupy":
            raise
        raise ExtraMissing(f"`{name}` and snapshots of graphs", "testing") from error
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
