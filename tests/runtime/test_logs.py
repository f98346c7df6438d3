"""What bodies and the runtime log carries run and state."""

import logging

import pytest

from exodsl import Context, Graph, RetryPolicy, inject, node
from exodsl.manager.protocol import StateManager as Manager

ONCE = RetryPolicy(max_retries=0)


@node
async def speaks_in_the_loop(ctx: Context = inject()) -> None:
    ctx.log.info("hello from %s", ctx.identifier)


@node
def speaks_on_a_thread(ctx: Context = inject()) -> None:
    ctx.log.info("hello from %s", ctx.identifier)


@node(retry=ONCE)
def fails() -> None:
    raise ValueError("no luck")


@pytest.mark.parametrize("speaker", [speaks_in_the_loop, speaks_on_a_thread], ids=["loop", "thread"])
def test_what_a_body_logs_names_its_run_and_state(
    manager: Manager, caplog: pytest.LogCaptureFixture, speaker: object
) -> None:
    graph = Graph("speaking")
    graph.start(speaker)  # type: ignore[call-overload]

    with caplog.at_level(logging.INFO, logger="exodsl.runtime"):
        run = graph.run(db=manager)

    (record,), (state,) = caplog.records, run.states()
    told = record.__dict__
    assert record.getMessage() == f"hello from {state.identifier}"
    assert (told["run_id"], told["state_id"], told["retry_count"]) == (run.run_id, state.state_id, 0)


def test_a_failure_is_logged_with_its_state(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    graph = Graph("failing")
    graph.start(fails)

    with caplog.at_level(logging.INFO, logger="exodsl.runtime"):
        run = graph.run(db=manager)

    (record,) = caplog.records
    assert record.getMessage() == "fails failed: ValueError: no luck"
    assert record.__dict__["run_id"] == run.run_id
