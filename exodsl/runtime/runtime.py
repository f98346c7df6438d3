"""The runtime that a program starts: it serves nodes until it is stopped (semantics 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import anyio

from exodsl.dsl.base_node import BaseNode
from exodsl.dsl.body import Body
from exodsl.dsl.graph import Graph
from exodsl.dsl.nodes import AnyNode, as_node
from exodsl.errors import SettingInvalid
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Serves, StateManager
from exodsl.manager.views import RunStatus
from exodsl.runtime.announcing import take_up
from exodsl.runtime.drive import in_event_loop
from exodsl.runtime.endings import told
from exodsl.runtime.executors.naming import Executors, executors_by_name
from exodsl.runtime.keeping import checked_keep, keeping
from exodsl.runtime.loading import refuse_while_loading
from exodsl.runtime.loop import Loop
from exodsl.runtime.pace import Pace
from exodsl.runtime.secrets import check_all_stored
from exodsl.runtime.served import Served, bodies_by_name, check_bodies, graph_bodies
from exodsl.runtime.signals import stopped_by_signals
from exodsl.runtime.tracing import traced

ANY_GRAPH = "*"


class Runtime:
    """Runs the bodies of nodes for every graph that uses them.

    :param namespace: serves graphs of this namespace, `default` by default.
    :param name: what it is called in logs.
    :param nodes: served for every stored graph of the namespace.
    :param state_manager_uri: `sqlite:///path`, a path, `postgresql://user@host/database`, `http://host:port` of a
        state-manager server, or `None` for the environment's or the default database.
    :param key: what a server wants to be shown, by default what `EXOSPHERE_API_KEY` says; a database needs none.
    :param batch_size: claimed states that may wait here for a worker, 16 by default.
    :param workers: bodies that run at once, 4 by default.
    :param state_manage_version: Exosphere's; only `v0` is known.
    :param poll_interval: seconds after which it looks for work at the latest, although nothing woke it, 1 by default.
    :param graphs: stored when it starts, and served with their own nodes.
    :param manager: an open state manager, instead of a URI; stays open.
    :param grace: seconds that bodies get to finish when it is stopped, 2 by default.
    :param keep: removes runs of the graphs it serves, once they have ended so long ago; by default none.
    :param executors: where bodies run that ask for one by name: each an executor of `concurrent.futures`, a function
        that makes one, or a text such as `process:4`, `dask:tcp://host:8786`, `ray:auto`.
    :param serving: called when it has taken up its work.
    :param stopping: called when it is asked to stop, maybe from a signal handler; must not block, nor take a lock.
    :param runs_ended: called with the ids of runs that ended here, and their status; must not block.
    :param heard: called whenever the state manager has answered, once in 15 seconds at least; must not block.
    :raises SettingInvalid: when a number is out of its range, or there is nothing to serve.
    :raises DefinitionError: when two functions have one name, or an executor is not there or cannot run a node.
    :raises ExtraMissing: when what an executor asks for is not installed.
    """

    def __init__(
        self,
        namespace: str = "default",
        name: str = "runtime",
        nodes: Sequence[AnyNode | type[BaseNode]] = (),
        state_manager_uri: str | None = None,
        key: str | None = None,
        batch_size: int = 16,
        workers: int = 4,
        state_manage_version: str = "v0",
        poll_interval: float = 1,
        *,
        graphs: Iterable[Graph[Any, Any] | Served] = (),
        manager: StateManager | None = None,
        grace: float = 2.0,
        keep: timedelta | None = None,
        executors: Executors | None = None,
        serving: Callable[[], None] | None = None,
        stopping: Callable[[], None] | None = None,
        runs_ended: Callable[[Mapping[str, RunStatus]], None] | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self.namespace, self.name = namespace, name
        self._uri, self._key, self._manager = state_manager_uri, key, manager
        self._pace = _checked(Pace(workers, batch_size, poll_interval, grace), state_manage_version)
        self._keep = checked_keep(keep)
        self._executors = executors_by_name(executors)
        self._nodes = [as_node(node, "served") for node in nodes]
        self._graphs = tuple(graphs)
        if not self._nodes and not self._graphs:
            raise SettingInvalid(f'Runtime "{name}" has nothing to serve: give it nodes=[...] or graphs=[...].')
        self._serving, self._stopping, self._runs_ended, self._heard = serving, stopping, runs_ended, heard
        bodies_by_name([*self._own_bodies(), *(body for graph in self._graphs for body in _bodies(graph))])
        check_bodies(self._own_bodies(), self._executors)
        self._loop: Loop | None = None
        self._stop_asked = self._at_once = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None] | None:
        """Serve until stopped. Blocks; where an event loop is running, returns a task of it instead.

        In the main thread Ctrl-C and SIGTERM stop it after the grace time, a second one at once. In other
        threads no signal handler is touched.
        """
        if in_event_loop():
            self._task = asyncio.get_running_loop().create_task(self._start())
            return self._task
        with stopped_by_signals(self.stop, self.stop_at_once):
            try:
                anyio.run(self._start)
            except KeyboardInterrupt:
                if not self.left:
                    raise
        return None

    async def _start(self) -> None:
        """Serve until stopped or cancelled: the awaitable form of `start`."""
        refuse_while_loading(f'Runtime "{self.name}"')
        manager = self._manager or open_manager(self._uri, key=self._key)
        try:
            serves, bodies = self._take_up(manager)
            self._loop = self._looped(manager, serves, bodies)
            if self._stop_asked:
                self._loop.stop_from_outside(at_once=self._at_once)
            with keeping(manager, serves, self._keep):
                await self._loop.run()
        finally:
            self._stop_asked = self._at_once = False
            if manager is not self._manager:
                manager.close()

    @property
    def left(self) -> bool:
        """It has stopped, and handed back what it held; bodies that cannot be stopped may still run."""
        return self._loop is not None and self._loop.left

    def stop(self) -> None:
        """Stop after the grace time; from any thread or body, and as well while it is still about to start."""
        self._stop()

    def stop_at_once(self) -> None:
        """Stop without a grace time, or end the one that goes on; from where `stop` can be called."""
        self._at_once = True
        self._stop()

    def _stop(self) -> None:
        self._stop_asked = True
        if self._stopping is not None:
            self._stopping()
        if self._loop is not None:
            self._loop.stop_from_outside(at_once=self._at_once)

    def _take_up(self, manager: StateManager) -> tuple[Serves, Mapping[str, Body]]:
        graphs = [graph if isinstance(graph, Served) else Served.graph(graph) for graph in self._graphs]
        serves, found = take_up(manager, graphs, self._executors)
        if self._nodes:
            check_all_stored(manager, self.namespace, bodies_by_name(self._own_bodies()))
            serves[self.namespace, ANY_GRAPH] = frozenset(node.node_name for node in self._nodes)
        return Serves(serves), bodies_by_name([*self._own_bodies(), *found])

    def _looped(self, manager: StateManager, serves: Serves, bodies: Mapping[str, Body]) -> Loop:
        served, runs_ended = traced(manager, bodies, self._executors, told(manager, bodies, self._runs_ended))
        return Loop(
            manager,
            self.name,
            serves,
            served,
            self._pace,
            serving=self._serving,
            runs_ended=runs_ended,
            heard=self._heard,
        )

    def _own_bodies(self) -> list[Body]:
        return [node.body for node in self._nodes]


def _bodies(graph: Graph[Any, Any] | Served) -> Iterable[Body]:
    """Return the bodies that a graph needs as it is written now."""
    if isinstance(graph, Served):
        return [graph.bodies[node.node_name] for node in graph.template.nodes if node.node_name in graph.bodies]
    return graph_bodies(graph)


def _checked(pace: Pace, version: str) -> Pace:
    for name, least in (("workers", 1), ("batch_size", 1)):
        if getattr(pace, name) < least:
            raise SettingInvalid(f"{name} must be at least {least}, not {getattr(pace, name)}.")
    if pace.poll_interval <= 0:
        raise SettingInvalid(f"poll_interval must be more than 0 seconds, not {pace.poll_interval}.")
    if pace.grace < 0:
        raise SettingInvalid(f"grace must be at least 0 seconds, not {pace.grace}.")
    if version != "v0":
        raise SettingInvalid(f'state_manage_version "{version}" is unknown. There is: v0.')
    return pace
