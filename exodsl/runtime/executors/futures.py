"""Bodies in any executor of `concurrent.futures`: one call each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future

import anyio
from anyio.to_thread import run_sync

from exodsl.errors import BodyCrashed, ExecutorUnusable
from exodsl.runtime.executors.far import run_far
from exodsl.runtime.executors.protocol import Hear
from exodsl.runtime.frames import Envelope, Request, pack_request, unpack_envelope
from exodsl.runtime.logs import LOG
from exodsl.runtime.signals import Interrupted
from exodsl.runtime.soon import soon_here

_CANCEL_SECONDS = 1.0
"""How long an executor may take to say whether it can cancel a body."""


class Futures:
    """An executor that was given, or one that is made, and made anew when it breaks.

    :param name: what nodes call it.
    :param given: an executor, which stays open; or what makes one, called on a thread whenever one is needed.
    """

    def __init__(self, name: str, given: Executor | Callable[[], Executor]) -> None:
        self._name = name
        self._executor: Executor | None = given if isinstance(given, Executor) else None
        self._make = None if isinstance(given, Executor) else given
        self._overdue = set[Future[bytes]]()

    @property
    def limit(self) -> int | None:
        """What a pool of the standard library's kind has workers for, without those that nobody waits for any more.

        So what waits for a worker waits in the runtime, where its time does not count yet.
        """
        workers = getattr(self._executor, "_max_workers", None)
        return workers - len(self._overdue) if isinstance(workers, int) else None

    @property
    def advice(self) -> str:
        """What is said besides when a body took too long."""
        return f' Executor "{self._name}" may not be able to end it; what it returns is dropped.'

    async def open(self, wake: Callable[[], None]) -> None:
        """Make the executor, unless one was given."""
        self._wake, self._soon, self._making = wake, soon_here(), anyio.Lock()
        if self._make is not None:
            self._executor = await self._made(self._make)

    async def run(self, request: Request, limit: float | None, hear: Hear) -> Envelope:
        """Run one body; what it says is heard when it has ended."""
        future = await self._submitted(pack_request(request))
        done = anyio.Event()
        future.add_done_callback(lambda _: self._soon(done.set))
        try:
            with anyio.fail_after(limit):
                await done.wait()
        except BaseException:
            await self._give_up(future)
            raise
        return unpack_envelope(self._answer(request.identifier, future))

    async def close(self) -> None:
        """Shut down what was made here; what was given stays open."""
        if self._make is not None and self._executor is not None:
            executor, self._executor = self._executor, None
            await _shut_down(executor)

    async def _submitted(self, message: bytes) -> Future[bytes]:
        executor = self._executor
        try:
            return _submit(executor, message)
        except Exception as error:  # noqa: BLE001 - each executor has its own way to say that it is broken
            executor = await self._made_anew(executor, error)
        try:
            return _submit(executor, message)
        except Exception as error:
            raise ExecutorUnusable(self._name, _spelled(error)) from error

    async def _made_anew(self, broken: Executor | None, error: Exception) -> Executor | None:
        if self._make is None:
            cure = "An executor that was given is not made anew: give a function that makes one instead."
            raise ExecutorUnusable(self._name, _spelled(error), cure) from error
        async with self._making:
            if self._executor is broken:
                LOG.warning('executor "%s" is made anew: %s', self._name, _spelled(error))
                if broken is not None:
                    await _shut_down(broken)
                self._executor = await self._made(self._make)
        return self._executor

    async def _made(self, make: Callable[[], Executor]) -> Executor:
        try:
            made: object = await run_sync(make)
        except Exception as error:
            raise ExecutorUnusable(self._name, _spelled(error)) from error
        if not isinstance(made, Executor):
            raise ExecutorUnusable(self._name, f"what should make it gave {made!r}, which is no executor")
        return made

    async def _give_up(self, future: Future[bytes]) -> None:
        """Cancel a body where that is possible; one that goes on keeps its worker until it ends."""
        with anyio.move_on_after(_CANCEL_SECONDS, shield=True):
            await run_sync(future.cancel, abandon_on_cancel=True)  # a cluster may have to be asked
        if not future.done():
            self._overdue.add(future)
            future.add_done_callback(self._freed)

    def _freed(self, future: Future[bytes]) -> None:
        self._overdue.discard(future)
        self._soon(self._wake)

    def _answer(self, identifier: str, future: Future[bytes]) -> bytes:
        if future.cancelled():
            raise BodyCrashed(identifier, "the call was cancelled", self._name)
        error = future.exception()
        if isinstance(error, KeyboardInterrupt):  # a Ctrl-C on the terminal that the executor's processes share
            raise Interrupted
        if error is not None:
            raise BodyCrashed(identifier, _spelled(error), self._name) from error
        return future.result()


def _submit(executor: Executor | None, message: bytes) -> Future[bytes]:
    if executor is None:
        raise RuntimeError("it was shut down")
    return executor.submit(run_far, message, uuid.uuid4().hex)


async def _shut_down(executor: Executor) -> None:
    with anyio.CancelScope(shield=True):
        await run_sync(lambda: executor.shutdown(wait=False))


def _spelled(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
