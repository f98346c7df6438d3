"""Runtimes that wait for work: each is a request that is not answered yet, and no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from uuid import uuid4

from exodsl.errors import ExodslError
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.hosting import Ready
from exodsl.manager.remote.messages import Called, Waits
from exodsl.server.front import log

OnThread = Callable[[Callable[[], Ready]], Awaitable[Ready]]

MOST_SECONDS = 60.0
"""Nobody is kept waiting for longer, whatever was asked."""
RENEW_SECONDS = 5.0
"""How often the leases of those who wait are looked after, at least."""
POLL_SECONDS = 0.1
"""How often it looks for what other processes have left, where they do not tell."""


@dataclass(eq=False, slots=True)
class Waiter:
    """One request that waits."""

    sessions: tuple[int, ...]
    called: asyncio.Future[tuple[int, ...]]


class WaitingRoom:
    """Everybody who waits; one task looks for work for all of them.

    It belongs to the event loop of those who wait.

    :param on_thread: runs what may block.
    """

    def __init__(self, manager: EmbeddedManager, on_thread: OnThread) -> None:
        self._manager, self._on_thread = manager, on_thread
        self._me, self._count = uuid4().hex[:8], 0
        self._waiters: dict[Waiter, None] = {}
        self._new: list[Waiter] = []
        self._stirred = self._closed = False
        self._awake: asyncio.Event | None = None
        self._looking: asyncio.Task[None] | None = None
        self._look_at = 0.0

    async def wait(self, asked: Waits) -> Called:
        """Return when there may be work, or the time is over."""
        self._begin()
        if self._closed or (not asked.sessions and asked.heard != self._heard):
            return Called(sessions=(), heard=self._heard)
        waiter = Waiter(asked.sessions, asyncio.get_running_loop().create_future())
        self._waiters[waiter] = None
        self._new.append(waiter)
        self._wake()
        called: tuple[int, ...] = ()
        try:
            with suppress(TimeoutError):
                called = await asyncio.wait_for(waiter.called, min(asked.seconds, MOST_SECONDS))
        finally:
            self._waiters.pop(waiter, None)
        return Called(sessions=called, heard=self._heard)

    def close(self) -> None:
        """Let nobody wait any more: the server ends."""
        self._closed = True
        for waiter in self._waiters:
            _call(waiter, ())
        self._wake()

    @property
    def _heard(self) -> str:
        return f"{self._me}-{self._count}"

    def _begin(self) -> None:
        if self._looking is not None and not self._looking.done():
            return
        loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        quiet = self._manager.wake_on_work(lambda: _soon(loop, self._stir))
        self._looking = loop.create_task(self._look(quiet))

    def _stir(self) -> None:
        self._count += 1
        self._stirred = True
        for waiter in self._waiters:
            if not waiter.sessions:
                _call(waiter, ())
        self._wake()

    def _wake(self) -> None:
        if self._awake is not None:
            self._awake.set()

    async def _look(self, quiet: Callable[[], None]) -> None:
        """Look for work until nobody waits."""
        try:
            while self._waiters and not self._closed:
                await self._rest(await self._call_some())
        finally:
            quiet()

    async def _rest(self, seconds: float) -> None:
        assert self._awake is not None
        with suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), seconds)
        self._awake.clear()

    async def _call_some(self) -> float:
        """Call those for whom there is work; return after how many seconds to look again."""
        asked = self._who_is_asked_for()
        if not asked:
            return self._pause
        try:
            ready = await self._on_thread(partial(self._manager.ready, list(asked)))
        except ExodslError as error:  # they ask by themselves, and are told
            log.error("Runtimes that wait cannot be told of work: %s", error)
            ready = Ready(frozenset(asked), None)
        by_waiter: dict[Waiter, list[int]] = {}
        for session in ready.sessions:
            by_waiter.setdefault(asked[session], []).append(session)
        for waiter, sessions in by_waiter.items():
            _call(waiter, tuple(sessions))
        due = RENEW_SECONDS if ready.next_due_ms is None else ready.next_due_ms / 1000
        self._look_at = min(self._look_at, monotonic() + due)
        return max(0.0, min(self._look_at - monotonic(), self._pause))

    def _who_is_asked_for(self) -> dict[int, Waiter]:
        """Return all who wait by session, those who wait longest first; only the new ones where nothing happened."""
        new, self._new = self._new, []
        if self._stirred or monotonic() >= self._look_at or not self._manager.hears_others:
            self._stirred, self._look_at = False, monotonic() + RENEW_SECONDS
            new = list(self._waiters)
        return {session: waiter for waiter in new for session in waiter.sessions if not waiter.called.done()}

    @property
    def _pause(self) -> float:
        return RENEW_SECONDS if self._manager.hears_others else POLL_SECONDS


def _call(waiter: Waiter, sessions: tuple[int, ...]) -> None:
    if not waiter.called.done():
        waiter.called.set_result(sessions)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # it was closed in this moment
        loop.call_soon_threadsafe(call)
