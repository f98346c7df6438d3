"""Bodies on a Ray cluster. The only module that loads Ray."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import cache
from typing import Any, ParamSpec, TypeVar

import ray  # pyright: ignore[reportMissingImports]

P = ParamSpec("P")
T = TypeVar("T")


class RayExecutor(Executor):
    """One task for each call, which Ray never makes again by itself.

    :param address: of the cluster: `auto`, `host:6379` or `ray://host:10001`.
    :raises ConnectionError: when the cluster cannot be reached.
    """

    def __init__(self, address: str) -> None:
        self._own = not ray.is_initialized()
        if self._own:
            ray.init(address=address, logging_level=logging.ERROR)
        self._task: Any = cache(ray.remote(max_retries=0))  # a function is sent to the cluster once

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function as a task of the cluster; its future can be cancelled although it runs."""
        return _Called(self._task(fn).remote(*args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, unless the program was connected before."""
        if self._own:
            ray.shutdown()


class _Called(Future[T]):
    def __init__(self, ref: Any) -> None:
        super().__init__()
        self._ref = ref
        self.set_running_or_notify_cancel()
        ref.future().add_done_callback(self._settle)

    def cancel(self) -> bool:
        """End the process that runs the call; what comes of it says how that went."""
        ray.cancel(self._ref, force=True)
        return False

    def _settle(self, done: Future[T]) -> None:
        error = done.exception()
        if error is None:
            self.set_result(done.result())
        else:
            self.set_exception(error)
