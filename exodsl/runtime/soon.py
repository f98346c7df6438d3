"""From any thread into the event loop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from anyio.lowlevel import current_token

Soon = Callable[[Callable[[], None]], None]


def soon_here() -> Soon:
    """Return what runs a call in the event loop that runs here, from any thread and without waiting for it.

    Once that loop is closed, calls are dropped.
    """
    native: Any = current_token().native_token
    call_soon = native.call_soon_threadsafe if hasattr(native, "call_soon_threadsafe") else native.run_sync_soon

    def soon(call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the event loop was closed in this moment
            call_soon(call)

    return soon
