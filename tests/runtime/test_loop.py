"""The claim loop: how much runs at once, what wakes it, and how it takes leave."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from exodsl import (
    Context,
    ExodslError,
    Graph,
    Requeue,
    RetryPolicy,
    Runtime,
    current_run,
    env,
    inject,
    node,
    secret,
)
from exodsl.api.running import begin, drive
from exodsl.dsl import Node
from exodsl.manager.protocol import StateManager as Manager


class Crowd:
    """Counts how many bodies are inside at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def enter(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1


@pytest.fixture
def crowd() -> Crowd:
    """Counts how many bodies are inside at once."""
    return Crowd()


@node
def numbers(count: int) -> list[int]:
    return list(range(count))


def fan(graph_name: str, *targets: Node) -> Graph:
    """A fanout of numbers over each of the targets."""
    graph = Graph(graph_name)
    for target in targets:
        graph.connect(numbers, target, number=numbers.outputs)
    return graph


def test_workers_bounds_what_runs_at_once_whatever_it_is(manager: Manager, crowd: Crowd) -> None:
    @node
    async def in_the_loop(number: int) -> None:
        crowd.enter()
        await anyio.lowlevel.checkpoint()
        crowd.leave()

    @node
    def on_a_thread(number: int) -> None:
        crowd.enter()
        crowd.leave()

    run = fan("bounded", in_the_loop, on_a_thread).run(count=40, db=manager, workers=3)

    assert run.status == "SUCCESS"
    assert 1 <= crowd.most <= 3


def test_as_many_async_bodies_as_workers_run_at_once(manager: Manager) -> None:
    met = anyio.Event()
    waiting: list[int] = []

    @node
    async def meets(number: int) -> None:
        waiting.append(number)
        if len(waiting) == 20:
            met.set()
        await met.wait()

    assert fan("meeting", meets).run(count=20, db=manager, workers=20).status == "SUCCESS"


def test_as_many_sync_bodies_as_workers_run_at_once(manager: Manager) -> None:
    meeting = threading.Barrier(10, timeout=60)

    @node
    def meets(number: int) -> None:
        meeting.wait()

    assert fan("barrier", meets).run(count=10, db=manager, workers=10).status == "SUCCESS"


def test_sync_bodies_go_on_while_others_wait(manager: Manager) -> None:
    first_done = threading.Event()

    @node
    def waits_for_the_other(number: int) -> bool:
        if number == 1:
            first_done.set()
        return first_done.wait(60)

    run = fan("pair", waits_for_the_other).run(count=2, db=manager, workers=2)

    assert run.outputs(waits_for_the_other) == [True, True]


def test_a_requeue_comes_back_when_it_is_due(manager: Manager) -> None:
    calls: list[int] = []

    @node
    async def polls() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise Requeue(after=timedelta(milliseconds=10))
        return len(calls)

    graph = Graph("polling")
    graph.start(polls)

    assert graph.run(db=manager).output(polls) == 3


def test_a_retry_knows_its_count_and_keeps_its_idempotency_key(manager: Manager) -> None:
    seen: list[tuple[int, str]] = []

    @node(retry=RetryPolicy(max_retries=2, backoff_factor=1))
    async def flaky(ctx: Context = inject()) -> None:
        seen.append((ctx.retry_count, ctx.idempotency_key))
        if ctx.retry_count < 2:
            raise OSError("not yet")

    graph = Graph("flaky")
    graph.start(flaky)
    graph.run(db=manager)

    assert [count for count, _ in seen] == [0, 1, 2]
    assert len({key for _, key in seen}) == 1


def test_each_body_has_a_context_of_its_own(manager: Manager) -> None:
    @node
    async def in_the_loop(number: int) -> bool:
        before = current_run()
        await anyio.lowlevel.checkpoint()
        return before is current_run()

    @node
    def on_a_thread(number: int) -> str:
        return current_run().identifier

    run = fan("contexts", in_the_loop, on_a_thread).run(count=8, db=manager)

    assert run.outputs(in_the_loop) == [True] * 8
    assert set(run.outputs(on_a_thread)) == {"on_a_thread"}


def test_an_async_body_may_be_sent_to_a_thread(manager: Manager) -> None:
    @node(executor="thread")
    async def blocks() -> bool:
        return threading.current_thread() is threading.main_thread()

    graph = Graph("sent")
    graph.start(blocks)

    assert graph.run(db=manager).output(blocks) is False


def test_a_body_may_run_another_graph(manager: Manager, tmp_path: Path) -> None:
    @node
    def inner() -> int:
        return 7

    inside = Graph("inside")
    inside.start(inner)

    @node
    def outer() -> int:
        return inside.run(db=str(tmp_path / "inside.db")).output(inner)

    outside = Graph("outside")
    outside.start(outer)

    assert outside.run(db=manager).output(outer) == 7


def test_a_secret_is_read_where_it_is_declared(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_KEY", "value")

    @node
    def reads(key: SecretStr = secret("key")) -> int:
        return len(key.get_secret_value())

    graph = Graph("secret", secrets={"key": env("LOOP_KEY")})
    graph.start(reads)

    assert graph.run(db=manager).output(reads) == 5


def test_a_secret_that_has_gone_fails_its_state_for_good(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_KEY", "value")

    @node
    def takes_it_away() -> None:
        monkeypatch.delenv("LOOP_KEY")

    @node
    def needs_it(key: SecretStr = secret("key")) -> None:
        return None

    graph = Graph("gone", secrets={"key": env("LOOP_KEY")})
    graph.connect(takes_it_away, needs_it)
    run = graph.run(db=manager)

    (state,) = run.states(needs_it)
    assert state.error is not None
    assert (state.status, state.retry_count) == ("ERRORED", 0)
    assert '"LOOP_KEY", which is not set' in state.error.message


@pytest.mark.parametrize("in_the_loop", [False, True])
def test_an_outcome_is_recorded_while_others_wait_for_the_worker(manager: Manager, in_the_loop: bool) -> None:
    recorded: list[str] = []

    async def second_waits_for_the_first(number: int) -> None:
        while number == 1 and not recorded:
            recorded.extend(state.status for state in run.states(waits) if state.status == "SUCCESS")
            await asyncio.sleep(0.001)

    waits = node(second_waits_for_the_first)
    graph = fan("patient", waits if in_the_loop else waits.options(executor="thread"))
    run = begin(manager, graph, {"count": 20})
    drive(run, graph, 1)

    assert (recorded, run.status) == (["SUCCESS"], "SUCCESS")


def test_what_waits_for_a_thread_is_handed_back_at_a_stop(manager: Manager) -> None:
    @node
    def stops(number: int) -> None:
        runtime.stop()

    graph = fan("stopped", stops)
    run = begin(manager, graph, {"count": 20})
    runtime = Runtime(graphs=[graph], manager=manager, workers=1, grace=60)
    runtime.start()

    statuses = [state.status for state in run.states(stops)]
    assert (set(statuses), statuses.count("SUCCESS") < 20) == ({"SUCCESS", "CREATED"}, True)


def test_a_cancelled_run_hands_back_what_it_holds(manager: Manager) -> None:
    @node
    async def waits() -> None:
        began.set()
        await anyio.sleep_forever()

    graph = Graph("cancelled")
    graph.start(waits)
    run = begin(manager, graph)

    async def cancel_it() -> None:
        task = asyncio.create_task(Runtime(graphs=[graph], manager=manager, grace=0)._start())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = asyncio.Event()
    asyncio.run(cancel_it())

    assert [state.status for state in run.states(waits)] == ["CREATED"]


def test_bodies_may_finish_within_the_grace_time(manager: Manager) -> None:
    @node
    async def finishes() -> str:
        began.set()
        await go_on.wait()
        return "finished"

    graph = Graph("graceful")
    graph.start(finishes)
    run = begin(manager, graph)

    async def cancel_it() -> None:
        task = asyncio.create_task(Runtime(graphs=[graph], manager=manager, grace=60)._start())
        await began.wait()
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    began, go_on = asyncio.Event(), asyncio.Event()
    asyncio.run(cancel_it())

    assert (run.status, run.output(finishes)) == ("SUCCESS", "finished")


def test_an_outer_cancel_scope_stops_it_the_same_way(manager: Manager) -> None:
    cancelled: list[bool] = []

    @node
    async def waits() -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(True)

    graph = Graph("scoped")
    graph.start(waits)
    run = begin(manager, graph)

    async def cancel_it() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(Runtime(graphs=[graph], manager=manager, grace=0)._start)
            await began.wait()
            group.cancel_scope.cancel()

    began = anyio.Event()
    anyio.run(cancel_it)

    assert (cancelled, [state.status for state in run.states(waits)]) == ([True], ["CREATED"])


def test_what_ends_the_runtime_is_raised_as_one_error(manager: Manager) -> None:
    @node
    def closes_the_database() -> None:
        manager.close()

    graph = Graph("broken")
    graph.start(closes_the_database)

    with pytest.raises(ExodslError):
        graph.run(db=manager)
