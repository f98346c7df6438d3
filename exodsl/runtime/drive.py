"""Working on one run until it has ended: what stands behind `graph.run` and `resume`."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import anyio
from anyio.lowlevel import current_token

from exodsl.dsl.body import Body
from exodsl.errors import SettingInvalid, TargetError
from exodsl.manager.protocol import Serves, StateManager
from exodsl.manager.views import RunView
from exodsl.runtime.executors.naming import executors_by_name
from exodsl.runtime.executors.protocol import Elsewhere
from exodsl.runtime.loop import Loop
from exodsl.runtime.pace import Pace
from exodsl.runtime.tracing import traced
from exodsl.template.models import GraphTemplate

BATCH = 192
"""How many claims a run may hold ahead: an exchange of that many costs little more than one of a few."""


def run_until_ended(
    manager: StateManager,
    run_id: str,
    bodies: Mapping[str, Body],
    workers: int = 64,
    grace: float = 2.0,
    executors: Mapping[str, Elsewhere] | None = None,
) -> None:
    """Work on one run until it has ended; claims nothing of other runs.

    Where an event loop is running, the work goes on in a thread, and this still waits for it. On Ctrl-C the
    bodies get their grace, the rest is released, and `KeyboardInterrupt` goes on up: the run can be resumed.

    :param bodies: the bodies of the run's nodes, by node name.
    :param workers: bodies that run at once, 64 by default.
    :param grace: seconds that bodies get to finish when this is interrupted, 2 by default.
    :param executors: what runs bodies elsewhere, by name; by default what every runtime has.
    :raises TargetError: when the run has a node without a body.
    :raises ExecutorUnusable: when an executor cannot be had, or can run no bodies any more.
    """
    loop = _loop(manager, run_id, bodies, workers, grace, executors)
    if loop is None:
        return
    if in_event_loop():
        _run_in_thread(loop)
    else:
        anyio.run(loop.run)


async def arun_until_ended(
    manager: StateManager,
    run_id: str,
    bodies: Mapping[str, Body],
    workers: int = 64,
    grace: float = 2.0,
    executors: Mapping[str, Elsewhere] | None = None,
) -> None:
    """Do what `run_until_ended` does, in the event loop that is running; can be cancelled."""
    loop = _loop(manager, run_id, bodies, workers, grace, executors)
    if loop is not None:
        await loop.run()


def in_event_loop() -> bool:
    """Say whether an event loop is running in this thread."""
    try:
        current_token()
    except RuntimeError:
        return False
    return True


def _loop(
    manager: StateManager,
    run_id: str,
    bodies: Mapping[str, Body],
    workers: int,
    grace: float,
    executors: Mapping[str, Elsewhere] | None,
) -> Loop | None:
    """Return what does the work, or nothing for a run that has ended already."""
    if workers < 1:
        raise SettingInvalid(f"workers must be at least 1, not {workers}.")
    run = manager.run(run_id)
    if run.finished_at is not None:
        return None
    names = check_fits(run, manager.template(run.namespace, run.graph, run.version), bodies)
    serves = Serves({(run.namespace, run.graph): names}, run.run_id)
    pace = Pace(workers=workers, batch_size=max(workers, BATCH), grace=grace)
    served, runs_ended = traced(manager, bodies, executors_by_name() if executors is None else executors)
    return Loop(manager, f"run {run.run_id}", serves, served, pace, until=run.run_id, runs_ended=runs_ended)


def check_fits(run: RunView, template: GraphTemplate, bodies: Mapping[str, Body]) -> frozenset[str]:
    """Return the node names of a run's template; :raises TargetError: when one of them has no body."""
    names = frozenset(node.node_name for node in template.nodes)
    missing = sorted(names - bodies.keys())
    if missing:
        raise TargetError(
            f'Run "{run.run_id}" is of version {run.version} of graph "{run.graph}", which needs'
            f" {', '.join(missing)}: the nodes given have no such name. Go on with the code that started it."
        )
    return names


def _run_in_thread(loop: Loop) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            anyio.run(loop.run)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(error)

    thread = threading.Thread(target=work, name="exodsl-run", daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        loop.stop_from_outside()
        thread.join()
        raise
    if failures:
        raise failures[0]
