"""Working on a run until it has ended, with its progress on stderr and its result on stdout."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from exodsl.cli.counts import failed, places
from exodsl.cli.exits import INTERRUPTED, say
from exodsl.cli.results import short, show_result
from exodsl.cli.storage import command, spelled
from exodsl.cli.watching import watched

if TYPE_CHECKING:
    from exodsl.dsl.body import Body
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import RunView


def drive(
    manager: StateManager,
    run: RunView,
    bodies: Mapping[str, Body],
    workers: int,
    db: str | None,
    *,
    as_json: bool,
) -> int:
    """Work on a run, show it, and return the exit code; on Ctrl-C say how to go on."""
    from exodsl.runtime.drive import run_until_ended

    say(f'run {short(run.run_id)} of graph "{run.graph}", kept in {spelled(db)}')
    began = time.monotonic()
    try:
        with _stopped_by_sigterm(), watched(partial(manager.progress, run.run_id)):
            run_until_ended(manager, run.run_id, bodies, workers)
    except KeyboardInterrupt:
        say(f"Interrupted; what was recorded is kept. Go on with:\n  {command(db, 'resume', short(run.run_id))}")
        return INTERRUPTED
    run = manager.run(run.run_id)
    say(_ended(manager, run, time.monotonic() - began))
    return show_result(manager, run, db, as_json=as_json)


def _ended(manager: StateManager, run: RunView, seconds: float) -> str:
    nodes = manager.progress(run.run_id)
    counts = {
        "failed": sum(failed(node) for node in nodes),
        "pruned": sum(node.pruned for node in nodes),
        "tried again": sum(node.retry_created for node in nodes),
    }
    total = sum(places(node) for node in nodes)
    said = ", ".join([f"{total:,} states", *(f"{count:,} {word}" for word, count in counts.items() if count)])
    return f"run {short(run.run_id)} {run.status} after {seconds:.1f} s: {said}"


@contextmanager
def _stopped_by_sigterm() -> Generator[None]:
    """Let a polite request to end do what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, at: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
