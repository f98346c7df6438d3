"""Running a graph inside a test: the real engine, in this process, in no time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from exodsl.dsl.graph import Graph
from exodsl.testing.clock import FakeClock
from exodsl.testing.fakes import Fakes
from exodsl.testing.run import InlineRun
from exodsl.testing.stage import Path, Secrets
from exodsl.testing.stepping import LIMIT, step_inline

I = TypeVar("I", bound=BaseModel)  # noqa: E741
S = TypeVar("S", bound=BaseModel)


def run_inline(
    graph: Graph[I, S],
    inputs: I | Mapping[str, Any] | None = None,
    /,
    *,
    store: S | Mapping[str, Any] | None = None,
    start_delay: timedelta | None = None,
    secrets: Secrets | None = None,
    clock: FakeClock | None = None,
    fake: Fakes | None = None,
    seed: int = 0,
    db: Path | None = None,
    limit: int = LIMIT,
    **fields: Any,
) -> InlineRun:
    """Run a graph until it has ended, one body after the other, on a clock that jumps to what is due.

    A FAILED run is returned, not raised. Where an event loop is running, the bodies run on a thread beside it, and
    this still waits for them.

    The parameters are those of `step_inline`.

    :raises RunStuck: when the run cannot end, or takes more than `limit` exchanges; names what waits.
    """
    with step_inline(
        graph,
        inputs,
        store=store,
        start_delay=start_delay,
        secrets=secrets,
        clock=clock,
        fake=fake,
        seed=seed,
        db=db,
        limit=limit,
        **fields,
    ) as step:
        return step.finish()
