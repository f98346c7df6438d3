"""The signals that stop a runtime: the first one politely, the second at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from exodsl.runtime.logs import CLAIM

_HEARD = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Breaks into a body that holds up the event loop, which hears nothing meanwhile."""


@contextmanager
def stopped_by_signals(stop: Callable[[], None], stop_at_once: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM call `stop`, the second of them `stop_at_once`; a third does what it did before.

    Only the main thread hears signals: in others this changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = False

    def hear(number: int, at: FrameType | None) -> None:
        nonlocal told
        if not told:
            told = True
            stop()
            return
        restore()
        stop_at_once()
        if CLAIM.get(None) is not None:
            raise Interrupted

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)

    # What was ignored stays ignored: a shell lets jobs in the background overhear the Ctrl-C of its user.
    heard = [number for number in _HEARD if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield
    finally:
        restore()
