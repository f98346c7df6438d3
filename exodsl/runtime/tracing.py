"""Whether runs are traced: only where the program has set OpenTelemetry up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from exodsl.dsl.body import Body
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunStatus
from exodsl.runtime.bodies import Bodies
from exodsl.runtime.executors.protocol import Elsewhere

RunsEnded = Callable[[Mapping[str, RunStatus]], None]


def traced(
    manager: StateManager,
    bodies: Mapping[str, Body],
    executors: Mapping[str, Elsewhere],
    runs_ended: RunsEnded | None = None,
) -> tuple[Bodies, RunsEnded | None]:
    """Return what runs these bodies, and what hears of runs that ended; with spans where tracing is set up.

    A program that has set it up has loaded OpenTelemetry. So nobody else pays for it: it is not loaded, and
    bodies run as if there were no such thing.
    """
    if "opentelemetry.trace" not in sys.modules:
        return Bodies(manager, bodies, executors), runs_ended
    from exodsl.runtime.spans import Spans, TracedBodies, set_up

    if not set_up():
        return Bodies(manager, bodies, executors), runs_ended
    spans = Spans(manager, runs_ended)
    return TracedBodies(manager, bodies, executors, spans), spans.runs_ended
