"""One thread that writes: exchanges run here while bodies run, and leases are renewed here."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Writer(Generic[T]):
    """Runs one call at a time on a thread of its own.

    :param idle: called on that thread after `every` seconds without a call.
    :param answer: gets the result of each call, or its error, on that thread; must not block.
    """

    def __init__(self, idle: Callable[[], None], every: float, answer: Callable[[T | BaseException], None]) -> None:
        self._idle, self._every, self._answer = idle, every, answer
        self._calls: queue.SimpleQueue[Callable[[], T] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="exodsl-writer", daemon=True)
        self._thread.start()

    def call(self, what: Callable[[], T]) -> None:
        """Run `what` on the thread."""
        self._calls.put(what)

    def close(self) -> None:
        """End the thread after what it is doing, and wait for that."""
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                what = self._calls.get(timeout=self._every)
            except queue.Empty:
                self._idle()
                continue
            if what is None:
                return
            self._answer(self._try(what))

    def _try(self, what: Callable[[], T]) -> T | BaseException:
        try:
            return what()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is taken
            return error
