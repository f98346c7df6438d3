"""Where every call passes: it is made on a thread, on the state manager or on one that only looks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from fastapi import Request

from exodsl.errors import DatabaseUnusable, ExodslError, InputInvalid, ReadTimeout
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import StateManager
from exodsl.manager.remote.calls import Call
from exodsl.manager.views import Cleaned
from exodsl.server.keys import Scope
from exodsl.server.metrics import Metrics
from exodsl.server.own.counting import count
from exodsl.server.own.waiting import WaitingRoom
from exodsl.server.scopes import admit, sift

WORKERS, LOOKERS = 16, 8
"""How many calls that work, and how many that may take long, are made at once: the others wait."""
LONGEST_SECONDS = 3_600.0
"""How long one look may take where somebody waits for a file."""
LOOK_SECONDS = 2.0
Looking = Callable[[float], EmbeddedManager]
"""Opens a state manager on the same database that only looks, for at most so many seconds at a time."""
T = TypeVar("T")
_LONG = frozenset({"clean_some", "cluster_states", "clusters", "contrast", "history", "rotate_secrets", "slowest"})


class Desk:
    """Makes calls for those who are elsewhere.

    :param looking: `None` where only this process sees the database; then the state manager itself looks.
    """

    def __init__(self, manager: EmbeddedManager, metrics: Metrics, looking: Looking | None) -> None:
        self.manager, self._metrics = manager, metrics
        self._open = looking
        self._working = ThreadPoolExecutor(WORKERS, "exodsl-works")
        self._looking = ThreadPoolExecutor(LOOKERS, "exodsl-looks")
        self._looker: EmbeddedManager | None = None
        self._lock = threading.Lock()
        self.waiting = WaitingRoom(manager, self.on_thread)

    async def answer(self, scope: Scope, call: Call, arguments: Mapping[str, Any], *, looking: bool = False) -> bytes:
        """Return the result of a call as JSON.

        :param scope: what the caller may do.
        :param looking: the call may take only so long, and is not to hold anybody up.
        :raises ExodslError: what the state manager raises.
        """
        threads = self._looking if looking or call.name in _LONG else self._working
        return await self.on_thread(partial(self._answer, scope, call, arguments, looking=looking), threads)

    async def admitted(self, scope: Scope, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments of what is no plain call, as the caller may ask for it."""
        return await self.on_thread(partial(self._admitted, scope, name, arguments))

    async def export(self, run_id: str, path: str) -> int:
        """Write a run into a file, and return how many states it has; nobody waits for that."""
        return await self.on_thread(partial(self._export, run_id, path), self._looking)

    async def on_thread(self, work: Callable[[], T], threads: ThreadPoolExecutor | None = None) -> T:
        """Return what `work` returns; it may block."""
        return await asyncio.get_running_loop().run_in_executor(threads or self._working, work)

    def close(self) -> None:
        """End the threads, and close what was opened to look."""
        self.waiting.close()
        self._working.shutdown()
        self._looking.shutdown()
        self._forget()

    def _admitted(self, scope: Scope, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return admit(self.manager, scope, name, arguments)

    def _answer(self, scope: Scope, call: Call, arguments: Mapping[str, Any], *, looking: bool) -> bytes:
        arguments = self._admitted(scope, call.name, arguments)
        try:
            result = self._looked(call, arguments) if looking else _perform(self.manager, call, arguments)
        except OverflowError as error:
            raise InputInvalid("A number in this is larger than a database can hold: give a smaller one.") from error
        count(self._metrics, call.name, arguments, result)
        result = sift(self.manager, scope, call.name, result)
        return call.answers.model_construct(result).model_dump_json().encode()

    def _looked(self, call: Call, arguments: Mapping[str, Any]) -> Any:
        try:
            return _perform(self._to_look(), call, arguments)
        except ReadTimeout:
            raise
        except DatabaseUnusable:  # as when another file lies there by now
            self._forget()
            raise

    def _to_look(self) -> EmbeddedManager:
        if self._open is None:
            return self.manager
        with self._lock:
            if self._looker is None:
                self._looker = self._open(LOOK_SECONDS)
            return self._looker

    def _forget(self) -> None:
        with self._lock:
            looker, self._looker = self._looker, None
        if looker is not None:
            with suppress(ExodslError):
                looker.close()

    def _export(self, run_id: str, path: str) -> int:
        if self._open is None:
            return self.manager.export_run(run_id, path)
        looker = self._open(LONGEST_SECONDS)
        try:
            return looker.export_run(run_id, path)
        finally:
            looker.close()


def desk_of(request: Request) -> Desk:
    """Return where the calls of a server are made."""
    desk: Desk = request.app.state.desk
    return desk


def scope_of(request: Request) -> Scope:
    """Return what the key of the caller is for."""
    scope: Scope = request.state.scope
    return scope


def _perform(manager: StateManager, call: Call, arguments: Mapping[str, Any]) -> Any:
    if call.name == "clean_some":
        return _clean_some(manager, **arguments)
    return getattr(manager, call.name)(**arguments)


def _clean_some(manager: StateManager, *, seconds: float, **arguments: Any) -> Cleaned:
    """Remove one piece at least, then more until the time is over."""
    begun = monotonic()
    first = True

    def over() -> bool:
        nonlocal first
        was_first, first = first, False
        return not was_first and monotonic() >= begun + seconds

    return manager.clean(**arguments, stop=over)
