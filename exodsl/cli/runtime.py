"""`exodsl runtime`: serve workflows until stopped, beside any number of other runtimes."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exodsl.cli.alive import touching
from exodsl.cli.durations import milliseconds
from exodsl.cli.exits import DONE, REFUSED
from exodsl.cli.exits import say as complain
from exodsl.cli.options import Database, ExecutorOptions, Nodes, Workers
from exodsl.cli.plain import PlainScreen
from exodsl.cli.results import short
from exodsl.cli.storage import opened, refuse_memory, spelled
from exodsl.cli.streams import bodies_say, log_shown, stdout_is_stderr
from exodsl.cli.tables import lasted
from exodsl.errors import ExodslError

if TYPE_CHECKING:
    from exodsl.manager.protocol import StateManager
    from exodsl.manager.views import RunStatus
    from exodsl.runtime.runtime import Runtime
    from exodsl.runtime.served import Served

Targets = Annotated[
    list[str], typer.Argument(metavar="TARGET...", help="Workflows: file.py, file.py:graph, or template.json.")
]
Name = Annotated[
    str | None, typer.Option(metavar="NAME", help="What it is called; by default after machine and process.")
]
Grace = Annotated[
    float, typer.Option(min=0, max=86_400, metavar="SECONDS", help="How long bodies may finish when it is stopped.")
]
Keep = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Remove runs of these workflows that ended so long ago: 30d, 12h.", show_default=False
    ),
]
Alive = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Touch this file as long as the state manager answers: for probes.", show_default=False
    ),
]
Placed = Annotated[str | None, typer.Option("--namespace", metavar="NAME", help="Keep the graphs in this namespace.")]
_BATCH = 16
_HUNG_SECONDS = 1.0


def runtime(
    targets: Targets,
    nodes: Nodes = None,
    db: Database = None,
    name: Name = None,
    workers: Workers = 64,
    grace: Grace = 10,
    keep: Keep = None,
    executor: ExecutorOptions = None,
    alive: Alive = None,
    namespace: Placed = None,
) -> None:
    """Serve workflows until stopped: run the bodies of their states, whoever triggered the runs.

    Any number of runtimes may serve one database. Ctrl-C and SIGTERM stop it: bodies may finish within the
    grace time, what is left is handed back, and the exit code is 0; a second one stops it at once.

    Examples:

      exodsl runtime words.py
      exodsl runtime words.py billing.py --db runs.db --workers 8 --grace 60
      exodsl runtime words.py --keep 30d --alive /tmp/alive
      exodsl runtime films.py --executor gpu=dask:tcp://host:8786
      exodsl trigger word-count --input document="Every step is kept."
    """
    from socket import gethostname

    from exodsl.runtime.executors.naming import executors_given
    from exodsl.runtime.runtime import Runtime

    refuse_memory(db)
    executors = executors_given(executor or ())
    served = [_served(target, nodes, namespace) for target in targets]
    heard = touching(alive) if alive else lambda: None
    called = name or f"{gethostname()}-{os.getpid()}"
    stops = queue.SimpleQueue[None]()
    with opened(db) as manager, _speaking() as say, _telling(manager, say) as ended:
        graphs = ", ".join(one.template.name for one in served)
        runs = Runtime(
            name=called,
            workers=workers,
            batch_size=min(workers, _BATCH),
            graphs=served,
            manager=manager,
            grace=grace,
            keep=None if keep is None else timedelta(milliseconds=milliseconds("--keep", keep)),
            executors=executors,
            serving=lambda: say(f'runtime "{called}" serves {graphs}, kept in {spelled(db)}\n'),
            stopping=partial(stops.put, None),
            runs_ended=ended,
            heard=heard,
        )
        end_hung = partial(_end_hung, runs, manager, stops, grace)
        threading.Thread(target=end_hung, name="exodsl-end", daemon=True).start()
        runs.start()


def _served(target: str, nodes: str | None, namespace: str | None) -> Served:
    from exodsl.cli.targets import bodies_of, workflow_of
    from exodsl.runtime.served import Served

    workflow = workflow_of(target, nodes if target.endswith(".json") else None, namespace)
    workflow.check(executors=None)
    more = {} if target.endswith(".json") else bodies_of(target)  # of nodes that only earlier versions have
    return Served(workflow.template, {**more, **workflow.bodies}, workflow.secrets)


@contextmanager
def _speaking() -> Generator[Callable[[str], None]]:
    """Let warnings, and what bodies print, appear on stderr, line by line and whole; gives what writes lines."""
    room = logging.getLogger("exodsl.runtime")
    say = PlainScreen(sys.stderr).say
    with ExitStack() as stack:
        stack.enter_context(stdout_is_stderr())
        stack.enter_context(bodies_say(say))
        if not logging.getLogger().handlers and room.level == logging.NOTSET:
            room.setLevel(logging.WARNING)
            stack.callback(room.setLevel, logging.NOTSET)
        stack.enter_context(log_shown())
        yield say


@contextmanager
def _telling(manager: StateManager, say: Callable[[str], None]) -> Generator[Callable[[Mapping[str, RunStatus]], None]]:
    """Say of each run that it has ended, on a thread that may wait for the terminal; gives what takes runs."""
    ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def tell() -> None:
        while (run_id := ended.get()) is not None:
            say(_ended(manager, run_id))

    def take(runs: Mapping[str, RunStatus]) -> None:
        for run_id in runs:
            ended.put(run_id)

    thread = threading.Thread(target=tell, name="exodsl-tells", daemon=True)
    thread.start()
    try:
        yield take
    finally:
        ended.put(None)
        thread.join()


def _end_hung(runs: Runtime, manager: StateManager, stops: queue.SimpleQueue[None], grace: float) -> None:
    """End a process whose bodies withstand being stopped: they would hold it up until they end by themselves."""
    stops.get()
    latest = time.monotonic() + grace + _HUNG_SECONDS
    while not runs.left and stops.empty() and time.monotonic() < latest:
        time.sleep(0.05)
    time.sleep(_HUNG_SECONDS)
    try:
        manager.close()  # hands back what is still held
    except ExodslError as error:
        complain(str(error))
        os._exit(REFUSED)
    os._exit(DONE)


def _ended(manager: StateManager, run_id: str) -> str:
    try:
        run = manager.run(run_id)
    except ExodslError as error:
        return f"run {short(run_id)} has ended; {error}\n"
    said = f'run {short(run_id)} of graph "{run.graph}" {run.status} after {lasted(run.created_at, run.finished_at)}'
    return f"{said}: {' '.join(run.error.split())}\n" if run.error else f"{said}\n"
