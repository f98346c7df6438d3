"""What runs bodies outside of a runtime's event loop and threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from exodsl.engine.notes import Line, Progressed
from exodsl.runtime.frames import Envelope, Request

Hear = Callable[[Line | Progressed], None]


class Elsewhere(Protocol):
    """Runs bodies by their address, and says how they ended as plain data."""

    @property
    def limit(self) -> int | None:
        """How many bodies it may be given at once; `None` when that is for the runtime's workers to bound."""
        ...

    @property
    def advice(self) -> str:
        """What is said besides when a body took too long."""
        ...

    async def open(self, wake: Callable[[], None]) -> None:
        """Be ready for bodies.

        :param wake: called in the event loop's thread when `limit` has grown by itself.
        :raises ExecutorUnusable: when it cannot be had.
        """

    async def run(self, request: Request, limit: float | None, hear: Hear) -> Envelope:
        """Run one body.

        :param limit: seconds that it may take.
        :param hear: gets what the body says meanwhile, where that can be heard.
        :raises TimeoutError: when it took longer.
        :raises BodyCrashed: when no answer came.
        :raises ExecutorUnusable: when no body can be run here any more.
        """
        ...

    async def close(self) -> None:
        """Let go of what was opened."""
