"""Graphs that run inside a test: the real engine, and a clock that jumps."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from exodsl import (
    Context,
    Graph,
    InputInvalid,
    Requeue,
    RetryPolicy,
    StateManager,
    Store,
    collect,
    inject,
    node,
)
from exodsl.errors import RunStuck
from exodsl.testing import FakeClock, fail, run_inline

HOURLY = RetryPolicy(max_retries=3, strategy="FIXED", backoff_factor=3_600_000)


@node
def numbers(upto: int) -> list[int]:
    return list(range(upto))


@node
async def double(number: int) -> int:
    await anyio.sleep(3600)
    return 2 * number


@node
def total(doubles: list[int]) -> int:
    return sum(doubles)


@pytest.fixture
def graph() -> Graph:
    """Doubles some numbers, an hour each, and adds them up."""
    graph = Graph("sums", retry=HOURLY)
    graph.connect(numbers, double, number=numbers.outputs)
    graph.connect(double, total, doubles=collect(double.outputs)).unites(numbers)
    return graph


def alone(body: object, **options: object) -> Graph:
    """Return a graph of one node."""
    graph = Graph("alone", **options)  # type: ignore[arg-type]
    graph.start(body)  # type: ignore[call-overload]
    return graph


def test_a_run_gives_what_a_run_gives(graph: Graph) -> None:
    run = run_inline(graph, upto=4)

    assert (run.status, run.output(total), run.outputs(double)) == ("SUCCESS", 12, [0, 2, 4, 6])
    assert len(run.states(double, status="SUCCESS")) == 4


def test_inputs_are_taken_as_a_mapping_too_and_judged(graph: Graph) -> None:
    with pytest.raises(InputInvalid, match="upto"):
        run_inline(graph, {"upto": "many"})

    assert run_inline(graph, {"upto": 1}).status == "SUCCESS"


def test_sleeps_of_async_bodies_end_at_once_and_move_the_clock(graph: Graph) -> None:
    run = run_inline(graph, upto=100)

    assert run.clock.elapsed == 100 * 3600
    assert run.states(double)[0].finished_at == FakeClock().now + timedelta(hours=1)


def test_retries_with_hours_of_backoff_end_at_once(graph: Graph) -> None:
    clock = FakeClock("2026-01-01T09:00:00Z")

    run = run_inline(graph, upto=0, clock=clock, fake={numbers: fail(numbers, times=3)})

    assert (run.status, run.output(total), run.clock.elapsed) == ("SUCCESS", 0, 3 * 3600)
    assert run.clock is clock


def test_a_body_that_asks_to_be_run_later_is_run_later() -> None:
    answers = iter([None, None, "ready"])

    @node
    def poll() -> str:
        answer = next(answers)
        if answer is None:
            raise Requeue(after=timedelta(seconds=30))
        return answer

    run = run_inline(alone(poll))

    assert (run.output(poll), run.clock.elapsed) == ("ready", 60)


def test_a_start_delay_ends_at_once_and_counts() -> None:
    run = run_inline(alone(thread_of), start_delay=timedelta(days=3))

    assert (run.status, run.clock.elapsed) == ("SUCCESS", 3 * 24 * 3600)
    assert run.states(thread_of)[0].created_at == FakeClock().now


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (30, r"start_delay=30: takes a timedelta, write start_delay=timedelta\(seconds=30\)"),
        (timedelta(seconds=-1), "give 0 or more"),
    ],
)
def test_a_start_delay_that_is_none_is_refused(delay: timedelta, said: str) -> None:
    with pytest.raises(InputInvalid, match=said):
        run_inline(alone(thread_of), start_delay=delay)


def test_an_async_body_times_out_in_no_time() -> None:
    @node(timeout=timedelta(minutes=5), retry=RetryPolicy(max_retries=0))
    async def slow() -> int:
        await anyio.sleep(3600)
        return 1

    run = run_inline(alone(slow))

    assert (run.error, run.clock.elapsed) == ('slow: TimeoutError: "slow" took longer than 300 s.', 300)


def test_a_sync_body_times_out_when_the_clock_is_moved_meanwhile() -> None:
    clock = FakeClock()

    @node(timeout=timedelta(minutes=5), retry=RetryPolicy(max_retries=0))
    def slow() -> int:
        clock.advance(301)
        return 1

    run = run_inline(alone(slow), clock=clock)

    assert run.error is not None
    assert 'TimeoutError: "slow" took longer than 300 s.' in run.error


def test_time_stands_still_while_a_thread_is_at_work() -> None:
    done = threading.Event()

    @node
    async def call() -> str:
        with anyio.fail_after(5):
            await asyncio.to_thread(done.wait, 0.05)
            return await anyio.to_thread.run_sync(lambda: str(done.wait(0.05)))

    run = run_inline(alone(call))

    assert (run.output(call), run.clock.elapsed) == ("False", 0)


def test_a_sync_body_may_have_an_event_loop_of_its_own() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    @node
    def ask() -> int:
        return asyncio.run(answer())

    assert run_inline(alone(ask)).output(ask) == 42


def test_it_works_where_an_event_loop_is_running(graph: Graph) -> None:
    async def inside() -> int:
        return run_inline(graph, upto=3).output(total)

    assert anyio.run(inside) == 6


@pytest.mark.parametrize("executor", ["process", "cluster"])
def test_bodies_for_executors_run_in_this_process(executor: str) -> None:
    here = threading.get_ident()

    run = run_inline(alone(thread_of.options(executor=executor)))

    assert run.output(thread_of) == here


@node
def thread_of() -> int:
    return threading.get_ident()


def test_jitter_is_the_same_for_the_same_seed() -> None:
    jitter = RetryPolicy(max_retries=3, strategy="EXPONENTIAL_FULL_JITTER")

    def elapsed(seed: int) -> float:
        graph = Graph("jitter", retry=jitter)
        graph.start(numbers)
        return run_inline(graph, upto=1, seed=seed, fake={numbers: fail(numbers, times=3)}).clock.elapsed

    assert elapsed(1) == elapsed(1) != elapsed(2)


class Counts(BaseModel):
    seen: int = 0
    last: str = ""


@node
def note(name: str, store: Store[Counts] = inject()) -> None:
    store.add("seen", 2)
    with store.edit() as counts:
        counts.last = name


def test_the_store_can_be_read_after_the_end_of_the_run() -> None:
    run = run_inline(alone(note, store=Counts), {"name": "a"}, store={"seen": 1})

    assert (run.status, run.store()) == ("SUCCESS", {"seen": 3, "last": "a"})


def test_what_a_body_logs_is_kept() -> None:
    @node
    def talk(ctx: Context = inject()) -> None:
        ctx.log.info("hello")

    run = run_inline(alone(talk))

    assert [line.message for line in run.notes(run.states(talk)[0]).lines] == ["hello"]


def test_a_run_in_a_file_is_there_afterwards(graph: Graph, tmp_path: Path) -> None:
    with run_inline(graph, upto=2, db=tmp_path / "runs.db") as run:
        run_id = run.run_id
    manager = StateManager.open(tmp_path / "runs.db")

    assert manager.run(run_id).status == "SUCCESS"
    manager.close()


def test_a_run_that_never_ends_says_what_waits() -> None:
    @node
    def never() -> None:
        raise Requeue(after=timedelta(days=1))

    with pytest.raises(RunStuck, match=r'has not ended after 50 exchanges: "never" is CREATED\.'):
        run_inline(alone(never), limit=50)


def test_a_body_that_waits_for_nothing_is_named() -> None:
    @node
    async def forever() -> None:
        await anyio.sleep_forever()

    with pytest.raises(RunStuck, match='The body of "forever" waits for something that nobody does'):
        run_inline(alone(forever))


def test_where_tracing_is_set_up_a_body_still_traces_and_the_run_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)

    @node
    def work() -> None:
        with trace.get_tracer("library").start_as_current_span("own"):
            pass

    with trace.get_tracer("test").start_as_current_span("test"):
        run_inline(alone(work))

    own, test = exporter.get_finished_spans()
    assert (own.name, own.parent) == ("own", test.context)


def test_a_failing_run_is_returned() -> None:
    run = run_inline(alone(numbers, retry=RetryPolicy(max_retries=0)), upto=1, fake={numbers: fail(numbers)})

    assert (run.status, run.error) == ("FAILED", 'numbers: RuntimeError: "numbers" fails, as the test wants it.')
