"""Bodies on a Dask cluster. The only module that loads Dask."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

import dask  # pyright: ignore[reportMissingImports]
from distributed import Client  # pyright: ignore[reportMissingImports]

from exodsl.runtime.logs import LOG

P = ParamSpec("P")
T = TypeVar("T")
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_SETTING = "distributed.scheduler.allowed-failures"


class DaskExecutor(Executor):
    """A client of a scheduler; no call is taken for an equal one, and none is made again for what it raised.

    :param address: of the scheduler, such as `tcp://host:8786`.
    :raises OSError: when the scheduler cannot be reached.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        self._executor = self._client.get_executor(pure=False, retries=0)
        self._warn_of_reruns()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function on one of the workers; :raises ConnectionError: when the scheduler is lost."""
        if self._client.status != "running":  # the client would wait for it for ever
            raise ConnectionError(f"the connection to the scheduler at {self._address} is {self._client.status}")
        future: Future[T] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the scheduler; its workers stay."""
        self._client.close(timeout=_CLOSE_SECONDS)

    def _warn_of_reruns(self) -> None:
        allowed = self._client.run_on_scheduler(dask.config.get, _SETTING)
        if allowed:
            LOG.warning(
                "the scheduler at %s runs a body up to %d times where workers die, before its retry policy is asked:"
                " start it with %s set to 0",
                self._address,
                allowed + 1,
                _SETTING,
            )
