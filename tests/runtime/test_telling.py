"""What a body logs and how far it is: kept with its state, seen while it runs, wherever it runs."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import anyio.lowlevel
import pytest
from pydantic import SecretStr

from exodsl import Context, Graph, RetryPolicy, Runtime, StateManager, env, inject, node, secret
from exodsl.api.run import Run
from exodsl.api.running import begin
from exodsl.dsl import Env, Node
from exodsl.engine.notes import Line, Progressed
from exodsl.engine.reports import Claim, Executed, Report
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.views import StateNotes
from exodsl.runtime.notebook import Notebook
from exodsl.runtime.pace import GATHER_SECONDS, TELL_SECONDS

ONCE = RetryPolicy(max_retries=0)
TWICE = RetryPolicy(max_retries=1, backoff_factor=1)


def tell(ctx: Context) -> None:
    """Log a line, and say how far it is."""
    ctx.log.info("hello from %s", ctx.identifier)
    ctx.progress(2, 3, "nearly")


@node
async def in_the_loop(ctx: Context = inject()) -> None:
    tell(ctx)


@node
def on_a_thread(ctx: Context = inject()) -> None:
    tell(ctx)


@node(executor="process")
def in_a_process(ctx: Context = inject()) -> None:
    tell(ctx)


EVERYWHERE = pytest.mark.parametrize("teller", [in_the_loop, on_a_thread, in_a_process])


def seen_elsewhere(db: str, run_id: str) -> Iterator[str]:
    """Look at the only state of a run through another manager until its progress is there; give what is seen."""
    with closing(StateManager.open(db)) as other:
        (state,) = other.states(run_id).items
        while (progress := other.notes(state.state_id).progress) is None:
            yield ""
        (line,) = other.notes(state.state_id).lines
        yield f"{other.state(state.state_id).status}: {line.message}; {progress.done} of {progress.total}"


@node
async def looks_in_the_loop(db: str, ctx: Context = inject()) -> str:
    tell(ctx)
    for seen in seen_elsewhere(db, ctx.run_id):
        await anyio.lowlevel.checkpoint()
        if seen:
            return seen
    return "nothing"


@node
def looks_on_a_thread(db: str, ctx: Context = inject()) -> str:
    tell(ctx)
    return next(filter(None, seen_elsewhere(db, ctx.run_id)))


@node(executor="process")
def looks_in_a_process(db: str, ctx: Context = inject()) -> str:
    tell(ctx)
    return next(filter(None, seen_elsewhere(db, ctx.run_id)))


@node
def logs_much(ctx: Context = inject()) -> None:
    for number in range(1000):
        ctx.log.info("line %s", number)
        ctx.progress(number, 1000)


@node(executor="process")
def logs_much_in_a_process(ctx: Context = inject()) -> None:
    for number in range(1000):
        ctx.log.info("line %s", number)
        ctx.progress(number, 1000)


def spill(ctx: Context, value: str) -> None:
    """Give a secret away in every way there is."""
    ctx.log.warning("the key is %s", value)
    ctx.progress(1, note=f"with {value}")
    try:
        raise ValueError(value)
    except ValueError:
        ctx.log.exception("it failed")


@node
def spills(ctx: Context = inject(), key: SecretStr = secret("key")) -> None:
    spill(ctx, key.get_secret_value())


@node(executor="process")
def spills_in_a_process(ctx: Context = inject(), key: SecretStr = secret("key")) -> None:
    spill(ctx, key.get_secret_value())


@node(executor="process", retry=ONCE)
def crashes(ctx: Context = inject()) -> None:
    ctx.log.info("about to crash")
    os._exit(3)


@node(retry=TWICE)
def fails_once(ctx: Context = inject()) -> None:
    ctx.log.info("attempt %s", ctx.retry_count)
    if ctx.retry_count == 0:
        raise ValueError("the first time")


@node(retry=ONCE)
def counts_wrongly(ctx: Context = inject()) -> None:
    ctx.progress(math.nan)


@node
def talks_at_every_level(ctx: Context = inject()) -> None:
    for level in (logging.DEBUG, logging.INFO, logging.ERROR):
        ctx.log.log(level, logging.getLevelName(level))


@node
def fits_badly(ctx: Context = inject()) -> None:
    ctx.log.info("%d of %d", 1)


def run_of(start: Node, manager: Manager, secrets: dict[str, Env] | None = None, **inputs: Any) -> Run:
    """Run a graph of one node."""
    graph = Graph("telling", secrets=secrets)
    graph.start(start)
    return graph.run(inputs, db=manager)


def notes_of(run: Run, at: int = 0) -> StateNotes:
    """Return what one state of a run told, the first by default."""
    return run.notes(run.states()[at])


def messages(run: Run, at: int = 0) -> list[str]:
    """Return the messages that are kept of one state."""
    return [line.message for line in notes_of(run, at).lines]


@EVERYWHERE
def test_what_a_body_tells_is_kept_with_its_state(manager: Manager, teller: Node) -> None:
    run = run_of(teller, manager)

    ((line,), dropped, progress) = (notes_of(run).lines, notes_of(run).dropped, notes_of(run).progress)
    assert (line.level, line.message, dropped) == ("INFO", f"hello from {teller.identifier}", 0)
    assert progress is not None
    assert (progress.done, progress.total, progress.note) == (2, 3, "nearly")
    assert run.view.created_at <= line.at <= progress.at


@pytest.mark.parametrize("looker", [looks_in_the_loop, looks_on_a_thread, looks_in_a_process])
def test_it_is_seen_from_elsewhere_while_the_body_runs(tmp_path: Path, manager: Manager, looker: Node) -> None:
    run = run_of(looker, manager, db=str(tmp_path / "exodsl.db"))

    assert run.output(looker) == f"QUEUED: hello from {looker.identifier}; 2 of 3"


@pytest.mark.parametrize("teller", [logs_much, logs_much_in_a_process])
def test_the_oldest_of_many_lines_give_way(manager: Manager, teller: Node) -> None:
    run = run_of(teller, manager)

    assert messages(run) == [f"line {number}" for number in range(800, 1000)]
    assert notes_of(run).dropped == 800
    progress = notes_of(run).progress
    assert progress is not None
    assert progress.done == 999


@pytest.mark.parametrize("teller", [spills, spills_in_a_process])
def test_a_secret_is_blotted_out_of_what_a_body_tells(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, teller: Node
) -> None:
    monkeypatch.setenv("TELLING_KEY", "open-sesame")

    run = run_of(teller, manager, {"key": env("TELLING_KEY")})

    warning, failure = messages(run)
    assert warning == "the key is [secret]"
    assert failure.startswith("it failed\nTraceback")
    assert failure.endswith("ValueError: [secret]")
    assert "[secret]" in str(notes_of(run).progress)
    assert "open-sesame" not in f"{notes_of(run)}{caplog.text}"
    assert "the key is [secret]" in caplog.text


def test_the_last_words_before_a_crash_are_kept(manager: Manager) -> None:
    run = run_of(crashes, manager)

    assert (run.status, messages(run)) == ("FAILED", ["about to crash"])


def test_each_attempt_keeps_its_own_lines(manager: Manager) -> None:
    run = run_of(fails_once, manager)

    assert [messages(run, at) for at in range(2)] == [["attempt 0"], ["attempt 1"]]


def test_a_progress_that_makes_no_sense_fails_the_state(manager: Manager) -> None:
    run = run_of(counts_wrongly, manager)

    assert run.error is not None
    assert run.error.endswith("ctx.progress(done=nan) says nothing: give a finite number from 0 on.")


def test_lines_are_kept_although_nobody_listens_to_them(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    run = run_of(talks_at_every_level, manager)

    assert messages(run) == ["INFO", "ERROR"]
    assert [record.getMessage() for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize(("level", "kept"), [("DEBUG", ["DEBUG", "INFO", "ERROR"]), ("ERROR", ["ERROR"])])
def test_the_level_of_a_nodes_logger_says_what_is_kept(
    manager: Manager, caplog: pytest.LogCaptureFixture, level: str, kept: list[str]
) -> None:
    with caplog.at_level(level, logger="exodsl.runtime.talks_at_every_level"):
        run = run_of(talks_at_every_level, manager)

    assert messages(run) == kept == [record.getMessage() for record in caplog.records]


def test_a_line_whose_arguments_do_not_fit_is_kept_with_the_reason(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    run = run_of(fits_badly, manager)

    assert messages(run) == ["%d of %d (not enough arguments for format string)"]


def test_what_a_thread_says_after_its_body_has_ended_is_dropped(manager: Manager) -> None:
    contexts: list[Context] = []

    @node
    def ends(ctx: Context = inject()) -> None:
        tell(ctx)
        contexts.append(ctx)

    run = run_of(ends, manager)
    tell(contexts[0])

    assert messages(run) == ["hello from ends"]


def test_what_a_body_told_before_its_runtime_was_stopped_is_kept(manager: Manager) -> None:
    @node
    async def waits(ctx: Context = inject()) -> None:
        ctx.log.info("waiting")
        runtime.stop()
        await anyio.sleep_forever()

    graph = Graph("stopped")
    graph.start(waits)
    run = begin(manager, graph)
    runtime = Runtime(graphs=[graph], manager=manager, grace=0)
    runtime.start()

    assert [state.status for state in run.states()] == ["CREATED"]
    assert messages(run) == ["waiting"]


def claim(state_id: int) -> Claim:
    """A claimed state, of which only the place counts."""
    return Claim(state_id, 7, "", "", "", "", "", "{}", b"", 0, 0, RetryPolicy(), None, None)


def line(text: str) -> Line:
    """A line of a log."""
    return Line(0, logging.INFO, text)


@pytest.fixture
def notebook() -> tuple[Notebook, list[None]]:
    """A notebook, and a list that grows with each wake."""
    woken: list[None] = []
    made = Notebook()
    made.wake_with(lambda: woken.append(None))
    return made, woken


def test_what_is_heard_waits_a_moment_and_wakes_once(notebook: tuple[Notebook, list[None]]) -> None:
    book, woken = notebook
    before = monotonic()

    for number in range(5):
        book.hear(claim(1), Progressed(0, number, None, ""))

    assert (len(woken), book.take([], before)) == (1, [])
    assert before + GATHER_SECONDS <= book.due_at <= monotonic() + GATHER_SECONDS
    (told,) = book.take([], book.due_at)
    assert told.progress == Progressed(0, 4, None, "")
    assert book.due_at == math.inf


def test_telling_has_pauses(notebook: tuple[Notebook, list[None]]) -> None:
    book, woken = notebook
    book.hear(claim(1), line("one"))
    book.take([], told_at := book.due_at)

    book.hear(claim(1), line("two"))

    assert book.due_at == told_at + TELL_SECONDS
    assert len(woken) == 2


def test_a_state_that_ends_takes_its_lines_along_and_no_others(notebook: tuple[Notebook, list[None]]) -> None:
    book, _ = notebook
    book.hear(claim(1), line("one"))
    book.hear(claim(2), line("two"))

    (told,) = book.take([Report(2, 7, Executed(["{}"]))], monotonic())

    assert (told.state_id, [line.message for line in told.lines]) == (2, ["two"])
    assert book.due_at < math.inf
