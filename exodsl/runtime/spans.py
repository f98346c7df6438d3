"""OpenTelemetry: one span for each run and each state.

Every process finds the trace of a run by itself. The trace id is the run's id, both have 128 bits, and all spans
of the run have one remote parent, whose id is a hash of the run's. That parent is a place and no span: a run may
be worked on by many processes, and may outlive each of them, so none of them could end a span around it all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    NoOpTracerProvider,
    ProxyTracerProvider,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)

from exodsl.dsl.body import Body
from exodsl.engine.reports import Claim, Executed, Pruned, Requeued
from exodsl.errors import ExodslError
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunStatus, RunView
from exodsl.runtime.bodies import Bodies
from exodsl.runtime.executors.protocol import Elsewhere
from exodsl.runtime.judging import Ending, Raised, failure
from exodsl.runtime.kinship import Kinship
from exodsl.runtime.logs import LOG


def set_up() -> bool:
    """Say whether the program has set tracing up, so that spans go anywhere."""
    return not isinstance(trace.get_tracer_provider(), ProxyTracerProvider | NoOpTracerProvider)


class TracedBodies(Bodies):
    """Runs each body inside its state's span, so that spans of its own lie in that one."""

    def __init__(
        self,
        manager: StateManager,
        bodies: Mapping[str, Body],
        executors: Mapping[str, Elsewhere],
        spans: Spans,
    ) -> None:
        super().__init__(manager, bodies, executors)
        self._spans = spans

    def run_on_thread(self, claim: Claim) -> Ending:
        """Run a body in the thread that calls."""
        with self._spans.of_state(claim) as ended:
            return ended(super().run_on_thread(claim))

    async def run_in_loop(self, claim: Claim) -> Ending:
        """Await an async body in this event loop."""
        with self._spans.of_state(claim) as ended:
            return ended(await super().run_in_loop(claim))

    async def run_elsewhere(self, claim: Claim) -> Ending:
        """Run a body in its executor; its span is here, around the call."""
        with self._spans.of_state(claim) as ended:
            return ended(await super().run_elsewhere(claim))


class Spans:
    """Makes the spans of one runtime.

    :param runs_ended: is told of runs that ended, too.
    """

    def __init__(self, manager: StateManager, runs_ended: Callable[[Mapping[str, RunStatus]], None] | None) -> None:
        self._manager, self._told = manager, runs_ended
        self._tracer: Tracer = trace.get_tracer("exodsl")
        self._kinship = Kinship[SpanContext](manager)
        here = trace.get_current_span().get_span_context()
        self._started_in = [Link(here)] if here.is_valid else []

    @contextmanager
    def of_state(self, claim: Claim) -> Iterator[Callable[[Ending], Ending]]:
        """Make the span of a state; gives what notes how its body ended, and returns just that."""
        with self._tracer.start_as_current_span(
            claim.identifier,
            run_context(claim.run_id),
            attributes=_attributes(claim),
            links=self._links(claim),
            record_exception=False,
        ) as span:

            def ended(ending: Ending) -> Ending:
                _note_ending(span, claim, ending)
                if isinstance(ending, Executed):
                    self._kinship.remember(claim, span.get_span_context())
                return ending

            yield ended

    def _links(self, claim: Claim) -> list[Link]:
        """Return links to the states that a unite unites, as far as they ran in this process."""
        return [Link(parent) for parent in self._kinship.parents(claim)]

    def runs_ended(self, runs: Mapping[str, RunStatus]) -> None:
        """Make the spans of runs that ended here, from the times on record."""
        for run_id in runs:
            try:
                self._make_run_span(self._manager.run(run_id))
            except ExodslError as error:  # it was removed in this moment, for one: no reason to stop
                LOG.warning("run %s gets no span: %s", run_id, error)
        if self._told is not None:
            self._told(runs)

    def _make_run_span(self, run: RunView) -> None:
        span = self._tracer.start_span(
            run.graph,
            run_context(run.run_id),
            attributes={
                "exodsl.run_id": run.run_id,
                "exodsl.namespace": run.namespace,
                "exodsl.graph": run.graph,
                "exodsl.version": run.version,
                "exodsl.status": run.status,
            },
            links=self._started_in,
            start_time=_nanoseconds(run.created_at),
        )
        if run.status == "FAILED":
            span.set_status(Status(StatusCode.ERROR, run.error))
        span.end(None if run.finished_at is None else _nanoseconds(run.finished_at))


def run_context(run_id: str) -> Context:
    """Return the context that all spans of a run have as their parent, in whichever process."""
    number = int.from_bytes(blake2b(run_id.encode(), digest_size=8).digest(), "big")
    place = SpanContext(UUID(run_id).int, number or 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(place))


def _attributes(claim: Claim) -> dict[str, Any]:
    return {
        "exodsl.run_id": claim.run_id,
        "exodsl.state_id": claim.state_id,
        "exodsl.namespace": claim.namespace,
        "exodsl.graph": claim.graph,
        "exodsl.identifier": claim.identifier,
        "exodsl.retry_count": claim.retry_count,
    }


def _note_ending(span: Span, claim: Claim, ending: Ending) -> None:
    span.set_attribute("exodsl.status", _status(claim, ending))
    if not isinstance(ending, Raised):
        return
    error = ending.error
    told = {"type": error.type, "message": error.message, "stacktrace": error.traceback}
    span.add_event("exception", {f"exception.{name}": text for name, text in told.items()})
    span.set_status(Status(StatusCode.ERROR, f"{error.name}: {error.message}"))


def _status(claim: Claim, ending: Ending) -> str:
    """Return what becomes of the state, as far as its runtime knows: whether children can be created it does not."""
    if isinstance(ending, Raised):
        retryable = failure(ending, claim.retry_policy).retryable
        return "RETRY_CREATED" if retryable and claim.retry_count < claim.retry_policy.max_retries else "ERRORED"
    if isinstance(ending, Pruned):
        return "PRUNED"
    return "CREATED" if isinstance(ending, Requeued) else "EXECUTED"


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000) * 1_000_000
