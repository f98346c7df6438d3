"""Child processes for bodies, as with executor="process": one body each at a time, killed at a timeout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from exodsl.errors import BodyCrashed
from exodsl.runtime.executors.protocol import Hear
from exodsl.runtime.frames import (
    LENGTH,
    NOTE,
    Envelope,
    Request,
    frame,
    pack_request,
    unpack_envelope,
    unpack_note,
)

_GOODBYE_SECONDS = 2.0
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from exodsl.runtime.child import serve; serve()"


class Processes:
    """Children that stay for the next body; as many as run at once, `limit` is the caller's to keep.

    :param limit: how many bodies may run at once; by default one for each CPU of this process.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit or _cpus()
        self._idle: list[_Child] = []

    @property
    def limit(self) -> int:
        """How many bodies may run at once."""
        return self._limit

    @property
    def advice(self) -> str:
        """Nothing: a child that takes too long has ended."""
        return ""

    async def open(self, wake: Callable[[], None]) -> None:
        """Do nothing yet: children are started when there are bodies for them."""

    async def run(self, request: Request, limit: float | None, hear: Hear) -> Envelope:
        """Run one body.

        :param limit: seconds from when the node is loaded; the child is killed at the end of them.
        :param hear: gets what the body says meanwhile.
        :raises TimeoutError: when the body took longer.
        :raises BodyCrashed: when the child ended without an answer.
        """
        child = self._idle.pop() if self._idle else await _Child.start()
        try:
            envelope = await child.run(request, limit, hear)
        except BaseException:
            await child.kill()
            raise
        self._idle.append(child)
        return envelope

    async def close(self) -> None:
        """Send the idle children home."""
        while self._idle:
            await self._idle.pop().dismiss()


class _Child:
    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    @classmethod
    async def start(cls) -> _Child:
        command = [sys.executable, "-c", _START, json.dumps(sys.path)]
        pipe = subprocess.PIPE
        return cls(await anyio.open_process(command, stdin=pipe, stdout=pipe, stderr=None, **_APART))

    async def run(self, request: Request, limit: float | None, hear: Hear) -> Envelope:
        try:
            await self._requests.send(frame(pack_request(request)))
            answer = await self._answer()
            if not answer:  # the node is loaded: from here on the time is the body's own
                with anyio.fail_after(limit):
                    answer = await self._answer_after_notes(hear)
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
            raise BodyCrashed(request.identifier, _farewell(await self._process.wait())) from error
        return unpack_envelope(answer)

    async def _answer_after_notes(self, hear: Hear) -> bytes:
        while (answer := await self._answer()).startswith(NOTE):
            hear(unpack_note(answer))
        return answer

    async def _answer(self) -> bytes:
        length = int.from_bytes(await self._answers.receive_exactly(LENGTH), "big")
        return await self._answers.receive_exactly(length) if length else b""

    async def kill(self) -> None:
        if self._process.returncode is None:
            _kill(self._process)
        with anyio.CancelScope(shield=True):
            await self._process.aclose()

    async def dismiss(self) -> None:
        with anyio.move_on_after(_GOODBYE_SECONDS, shield=True):
            await self._requests.aclose()
            await self._process.wait()
        await self.kill()


def _apart() -> dict[str, Any]:
    """Return what keeps the terminal's Ctrl-C from a child from its first moment on: the parent decides."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


_APART = _apart()


def _kill(process: Process) -> None:
    """Kill a child, and the programs that its body started: nothing else would reach them."""
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _farewell(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
