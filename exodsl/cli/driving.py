"""Working on a run until it has ended, with its progress on stderr and its result on stdout."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from exodsl.cli.counts import totals
from exodsl.cli.exits import INTERRUPTED, REFUSED, say
from exodsl.cli.results import short, show_result
from exodsl.cli.storage import spelled
from exodsl.cli.tables import spelled_seconds
from exodsl.cli.watching import watched
from exodsl.errors import DatabaseUnusable, ExecutorUnusable
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from exodsl.dsl.body import Body
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import RunView
    from exodsl.runtime.executors.protocol import Elsewhere


def drive(
    manager: StateManager,
    run: RunView,
    bodies: Mapping[str, Body],
    workers: int,
    db: str | None,
    *,
    executors: Mapping[str, Elsewhere],
    as_json: bool,
) -> int:
    """Work on a run, show it, and return the exit code; on Ctrl-C say how to go on."""
    import asyncio  # a tenth of what help takes

    say(f'run {short(run.run_id)} of graph "{run.graph}", kept in {spelled(db)}')
    began = time.monotonic()
    try:
        with watched(partial(manager.progress, run.run_id), _ancestors(manager, run)):
            asyncio.run(_worked_on(manager, run, bodies, workers, executors))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say(f"Interrupted; {_how_to_go_on(run, db)}")
        return INTERRUPTED
    except (DatabaseUnusable, ExecutorUnusable) as error:
        say(f"{error}\nThe run is not done; {_how_to_go_on(run, db)}")
        return REFUSED
    run = manager.run(run.run_id)
    say(_ended(manager, run, time.monotonic() - began))
    return show_result(manager, run, db, as_json=as_json)


def _how_to_go_on(run: RunView, db: str | None) -> str:
    return f"what was recorded is kept. Go on with:\n  {command(db, 'resume', short(run.run_id))}"


def _ancestors(manager: StateManager, run: RunView) -> Mapping[str, frozenset[str]]:
    from exodsl.template.shape import Shape

    return Shape(manager.template(run.namespace, run.graph, run.version)).ancestors


def _ended(manager: StateManager, run: RunView, seconds: float) -> str:
    counts = totals(manager.progress(run.run_id))
    total = sum(counts.values())
    said = f"{total:,} state{'' if total == 1 else 's'}"
    if total != counts["succeeded"]:
        said += f" ({', '.join(f'{count:,} {word}' for word, count in counts.items() if count)})"
    return f"run {short(run.run_id)} {run.status} after {spelled_seconds(seconds)}: {said}"


async def _worked_on(
    manager: StateManager,
    run: RunView,
    bodies: Mapping[str, Body],
    workers: int,
    executors: Mapping[str, Elsewhere],
) -> None:
    from exodsl.runtime.drive import arun_until_ended
    from exodsl.runtime.endings import tell_ended_as_stored

    with _cancelled_by_sigterm():
        await arun_until_ended(manager, run.run_id, bodies, workers, executors=executors)
    tell_ended_as_stored(manager, run.run_id, bodies)


@contextmanager
def _cancelled_by_sigterm() -> Generator[None]:
    """Let a polite request to end do what Ctrl-C does, even where Ctrl-C is ignored, as in a script's background."""
    import asyncio

    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def hear(number: int, at: FrameType | None) -> None:
        loop.call_soon_threadsafe(task.cancel)

    before: Any = signal.signal(signal.SIGTERM, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
