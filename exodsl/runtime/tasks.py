"""Tasks of the event loop that run bodies: they grow on demand and go on from state to state."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from exodsl.engine.reports import Claim


class Tasks:
    """At most `size` tasks that take claims from one deque, so that no state costs a task.

    :param work: runs the body of a claim; says whether other tasks should get a turn now.
    :param ask_for_more: called when claims wait and no task is idle.
    """

    def __init__(self, size: int, work: Callable[[Claim], Awaitable[bool]], ask_for_more: Callable[[], None]) -> None:
        self._size, self._work, self._ask_for_more = size, work, ask_for_more
        self._claims: deque[Claim] = deque()
        self._idle: list[anyio.Event] = []
        self._calling = False
        self._scopes: set[anyio.CancelScope] = set()
        self._count = 0

    @property
    def waiting(self) -> bool:
        """Claims wait that no task has begun."""
        return bool(self._claims)

    @property
    def short_handed(self) -> bool:
        """Claims wait, no task is idle, and there may be more tasks."""
        return bool(self._claims) and not self._idle and self._count < self._size

    def put(self, claim: Claim) -> None:
        """Hand out a claim; `call` somebody for it unless a task is about to look."""
        self._claims.append(claim)

    def call(self) -> None:
        """Wake one idle task when claims wait; it calls the next, unless others were quicker than it woke."""
        if self._calling or not self._claims:
            return
        if self._idle:
            self._calling = True
            self._idle.pop().set()
        elif self._count < self._size:
            self._ask_for_more()

    def grow(self, group: TaskGroup) -> None:
        """Double the tasks, as far as there are claims for them."""
        more = min(len(self._claims), max(1, self._count), self._size - self._count)
        self._count += more
        for _ in range(more):
            group.start_soon(self._run, name="exodsl-body")

    def cancel(self) -> None:
        """Cancel every body, and the tasks with them."""
        for scope in tuple(self._scopes):
            scope.cancel()

    async def _run(self) -> None:
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                while True:
                    await self._serve()
            finally:
                self._scopes.discard(scope)
                self._count -= 1

    async def _serve(self) -> None:
        """Work on claims as long as there are any, then wait to be called."""
        while self._claims:
            claim = self._claims.popleft()
            if self._claims:
                self.call()
            if await self._work(claim):
                await checkpoint()
        called = anyio.Event()
        self._idle.append(called)
        try:
            await called.wait()
        finally:
            self._calling = False
