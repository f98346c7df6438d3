"""Runs the bodies of claimed states, each where it belongs, and says how they ended."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import partial
from time import monotonic, thread_time_ns

import anyio

from exodsl.dsl.body import Body
from exodsl.dsl.code import Injected
from exodsl.engine.reports import Claim, Executed, Usage
from exodsl.errors import ExecutorUnusable
from exodsl.runtime.blocking import failed_body, run_body, writes_of
from exodsl.runtime.desk import Desk
from exodsl.runtime.judging import Ending, raised
from exodsl.runtime.logs import CLAIM, repeat

IN_A_THREAD = (
    " A thread cannot be stopped: the body goes on, and what it returns is dropped."
    ' With executor="process" it would have been ended.'
)


class Bodies(Desk):
    """Everything that one runtime can run."""

    async def open(self, wake: Callable[[], None]) -> None:
        """Make the executors ready; :raises ExecutorUnusable: when one cannot be had.

        :param wake: called in the event loop's thread when an executor has room again.
        """
        try:
            for executor in self.executors.values():
                await executor.open(wake)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the executors."""
        for executor in self.executors.values():
            await executor.close()

    def run_on_thread(self, claim: Claim) -> Ending:
        """Run a body in the thread that calls."""
        CLAIM.set(claim)
        kit = self.kit(claim)
        try:
            injected = self.injected(claim, kit)
        except Exception as error:  # noqa: BLE001 - whatever keeps a body from starting fails its state
            return raised(error)
        begun, cpu = monotonic(), thread_time_ns()
        ending = run_body(kit.body, claim.inputs, injected)
        claim.usage = Usage(int((monotonic() - begun) * 1000), (thread_time_ns() - cpu) // 1000)
        return ending

    async def run_in_loop(self, claim: Claim) -> Ending:
        """Await an async body in this event loop."""
        kit = self.kit(claim)
        try:
            injected = self.injected(claim, kit)
        except Exception as error:  # noqa: BLE001 - whatever keeps a body from starting fails its state
            return raised(error)
        timeout = kit.timeout if claim.timeout_ms is None else claim.timeout_ms / 1000
        if timeout is None:
            return await _awaited(kit.body, claim, injected)
        with anyio.move_on_after(timeout):
            return await _awaited(kit.body, claim, injected)
        return self.timed_out(claim)

    async def run_elsewhere(self, claim: Claim) -> Ending:
        """Run a body in its executor; what it logs there appears here, and what it prints as far as that is heard.

        :raises ExecutorUnusable: when no body can be run there any more.
        """
        executor = self.executors[self.way(claim)]
        try:
            request = self.request(claim)
        except Exception as error:  # noqa: BLE001 - whatever keeps a body from starting fails its state
            return raised(error)
        try:
            envelope = await executor.run(request, self.timeout(claim), partial(self.notebook.hear, claim))
        except TimeoutError:
            return self.timed_out(claim, executor.advice)
        except ExecutorUnusable:
            raise
        except Exception as error:  # noqa: BLE001 - a process that dies or cannot start fails its state
            return raised(error, secrets=request.secrets.values())
        self.notebook.hear_all(claim, envelope.told)
        repeat(envelope, claim)
        claim.usage = envelope.usage
        return envelope.ending

    def timed_out(self, claim: Claim, advice: str = "") -> Ending:
        """Say that a body took too long."""
        seconds = self.timeout(claim) or 0.0
        claim.usage = Usage(round(seconds * 1000))
        return raised(TimeoutError(f'"{claim.identifier}" took longer than {seconds:g} s.{advice}'))


async def _awaited(body: Body, claim: Claim, injected: Injected) -> Ending:
    token, begun = CLAIM.set(claim), monotonic()
    try:
        return Executed(await body.arun(claim.inputs, injected), writes_of(injected.store))
    except BaseException as error:  # signals and SystemExit are no `Exception`
        if being_cancelled(error):
            raise
        return failed_body(error, body, injected)
    finally:
        claim.usage = Usage(int((monotonic() - begun) * 1000))
        CLAIM.reset(token)


def being_cancelled(error: BaseException) -> bool:
    """Say whether an exception is the cancellation of this very task, not one that a body made up."""
    if not isinstance(error, anyio.get_cancelled_exc_class()):
        return False
    return anyio.current_effective_deadline() == -math.inf or _natively_cancelled()


def _natively_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # another event loop than asyncio's
        return False
    return task is not None and task.cancelling() > 0
