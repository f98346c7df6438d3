"""One span for each run and each state, in one trace whichever process made them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from exodsl import Context, Graph, Prune, Requeue, RetryPolicy, Runtime, collect, inject, node
from exodsl.api.run import Run
from exodsl.api.running import begin
from exodsl.dsl import Node
from exodsl.manager.protocol import StateManager as Manager


class Traces:
    """What was traced so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def __call__(self, name: str | None = None) -> Sequence[ReadableSpan]:
        """Return the spans of this name, or all, in the order of their ends."""
        return [span for span in self._exporter.get_finished_spans() if name in (None, span.name)]

    def one(self, name: str) -> ReadableSpan:
        """Return the only span of this name."""
        (span,) = self(name)
        return span


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Traces:
    """Tracing as a program sets it up, for one test only."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return Traces(exporter)


def own_span() -> None:
    """Trace something, as a library that a body calls would."""
    with trace.get_tracer("library").start_as_current_span("own"):
        pass


@node
async def in_the_loop() -> None:
    own_span()


@node
def on_a_thread() -> None:
    own_span()


@node(executor="process")
def in_a_process() -> int:
    return 7


@node
def numbers(count: int) -> list[int]:
    return list(range(count))


@node
def doubled(number: int) -> int:
    return 2 * number


@node
def total(found: list[int]) -> int:
    return sum(found)


@node(retry=RetryPolicy(max_retries=1, backoff_factor=1))
def fails() -> None:
    raise ValueError("no luck")


@node
def prunes() -> None:
    raise Prune("no need")


@node
def comes_back(ctx: Context = inject()) -> None:
    if not seen:
        seen.append(ctx.identifier)
        raise Requeue(after=timedelta(milliseconds=1))


seen: list[str] = []


def graph_of(start: Node) -> Graph:
    """A graph of one node."""
    graph = Graph("traced")
    graph.start(start)
    return graph


def place_of(span: ReadableSpan) -> tuple[int, int]:
    """Return the trace of a span, and its parent there."""
    assert span.context is not None
    assert span.parent is not None
    return span.context.trace_id, span.parent.span_id


def statuses(spans: Sequence[ReadableSpan]) -> list[object]:
    """Return what the spans say became of their states."""
    return [(span.attributes or {})["exodsl.status"] for span in spans]


def test_a_run_and_its_states_are_spans_of_one_trace(manager: Manager, traces: Traces) -> None:
    run = graph_of(in_a_process).run(db=manager)

    (state,) = run.states()
    of_run, of_state = traces.one("traced"), traces.one("in_a_process")
    assert place_of(of_run) == place_of(of_state)
    assert place_of(of_run)[0] == UUID(run.run_id).int
    assert dict(of_state.attributes or {}) == {
        "exodsl.run_id": run.run_id,
        "exodsl.state_id": state.state_id,
        "exodsl.namespace": "default",
        "exodsl.graph": "traced",
        "exodsl.identifier": "in_a_process",
        "exodsl.retry_count": 0,
        "exodsl.status": "EXECUTED",
    }
    assert dict(of_run.attributes or {}) == {
        "exodsl.run_id": run.run_id,
        "exodsl.namespace": "default",
        "exodsl.graph": "traced",
        "exodsl.version": 1,
        "exodsl.status": "SUCCESS",
    }


def test_the_span_of_a_run_has_the_times_on_record(manager: Manager, traces: Traces) -> None:
    view = graph_of(on_a_thread).run(db=manager).view

    span = traces.one("traced")
    assert view.finished_at is not None
    assert [span.start_time, span.end_time] == [
        round(moment.timestamp() * 1000) * 1_000_000 for moment in (view.created_at, view.finished_at)
    ]


@pytest.mark.parametrize("body", [in_the_loop, on_a_thread])
def test_spans_of_a_body_lie_in_that_of_its_state(manager: Manager, traces: Traces, body: Node) -> None:
    graph_of(body).run(db=manager)

    own, of_state = traces.one("own"), traces.one(body.identifier)
    assert of_state.context is not None
    assert place_of(own) == (of_state.context.trace_id, of_state.context.span_id)
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_failure_is_an_event_and_a_status(manager: Manager, traces: Traces) -> None:
    run = graph_of(fails).run(db=manager)

    first, second = traces("fails")
    (event,) = second.events
    told = dict(event.attributes or {})
    assert statuses([first, second]) == ["RETRY_CREATED", "ERRORED"]
    assert (second.status.status_code, second.status.description) == (StatusCode.ERROR, "ValueError: no luck")
    assert (event.name, told["exception.type"], told["exception.message"]) == (
        "exception",
        "builtins.ValueError",
        "no luck",
    )
    assert str(told["exception.stacktrace"]).startswith("Traceback")
    assert traces.one("traced").status.description == run.error


def test_a_prune_and_a_requeue_are_no_errors(manager: Manager, traces: Traces) -> None:
    seen.clear()
    graph_of(prunes).run(db=manager)
    graph_of(comes_back).run(db=manager)

    spans = [*traces("prunes"), *traces("comes_back")]
    assert statuses(spans) == ["PRUNED", "CREATED", "EXECUTED"]
    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}


def test_a_unite_has_links_to_the_states_that_it_unites(manager: Manager, traces: Traces) -> None:
    graph = Graph("linked")
    graph.connect(numbers, doubled, number=numbers.outputs)
    graph.connect(doubled, total, found=collect(doubled.outputs)).unites(numbers)

    graph.run(count=3, db=manager)

    parents = {span.context.span_id for span in traces("doubled") if span.context is not None}
    assert len(parents) == 3
    assert {link.context.span_id for link in traces.one("total").links} == parents
    assert not any(span.links for span in (*traces("numbers"), *traces("doubled")))


def test_each_unite_of_a_nested_fanout_has_its_own_links(manager: Manager, traces: Traces) -> None:
    graph = Graph("nested")
    rows = numbers.named("rows")
    graph.connect(rows, numbers, count=2)
    graph.connect(numbers, doubled, number=numbers.outputs)
    graph.connect(doubled, total, found=collect(doubled.outputs)).unites(numbers)

    graph.run(count=2, db=manager)

    linked = [{link.context.span_id for link in span.links} for span in traces("total")]
    assert [len(parents) for parents in linked] == [2, 2]
    assert linked[0].isdisjoint(linked[1])


def test_two_runtimes_find_the_same_trace(manager: Manager, traces: Traces) -> None:
    @node
    def before() -> int:
        first.stop()
        return 1

    graph = Graph("shared")
    graph.connect(before, doubled, number=before.outputs)
    first = Runtime(nodes=[before], manager=manager)
    second = Runtime(nodes=[doubled], manager=manager, runs_ended=lambda runs: second.stop())
    run: Run = begin(manager, graph)

    first.start()
    second.start()

    assert run.status == "SUCCESS"
    assert [span.name for span in traces()] == ["before", "doubled", "shared"]
    assert len({place_of(span) for span in traces()}) == 1


def test_a_run_has_a_link_to_the_span_that_it_was_started_in(manager: Manager, traces: Traces) -> None:
    with trace.get_tracer("program").start_as_current_span("request") as request:
        graph_of(on_a_thread).run(db=manager)

    (link,) = traces.one("traced").links
    assert link.context == request.get_span_context()


def test_without_tracing_nothing_is_traced(manager: Manager) -> None:
    graph_of(on_a_thread).run(db=manager)

    assert trace.get_current_span() is trace.INVALID_SPAN
