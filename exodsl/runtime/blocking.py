"""Running one body to its end in the thread that calls: in a worker thread or a child process."""

from __future__ import annotations

import asyncio
import threading

from exodsl.dsl.body import Body
from exodsl.dsl.code import Injected
from exodsl.dsl.store import StoreSession
from exodsl.engine.reports import Executed, StoreWrite
from exodsl.runtime.judging import Ending, Writes, read_exception


def run_body(body: Body, inputs: str, injected: Injected) -> Ending:
    """Run a body and say how it ended; an async one gets an event loop of its own."""
    try:
        outputs = _call(body, inputs, injected)
    except BaseException as error:  # noqa: BLE001 - signals and SystemExit are no `Exception`
        return failed_body(error, body, injected)
    return Executed(outputs, writes_of(injected.store))


def failed_body(error: BaseException, body: Body, injected: Injected) -> Ending:
    """Say how a body ended that raised; a Ctrl-C of the user goes on up."""
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error
    return read_exception(
        error,
        writes_of(injected.store),
        home=body.code.source.__module__,
        secrets=injected.secrets.values(),
    )


def writes_of(store: StoreSession) -> Writes:
    """Return what a body wrote to the store, as it is reported."""
    return tuple(StoreWrite(*write) for write in store.writes) if store.wrote else ()


def _call(body: Body, inputs: str, injected: Injected) -> list[str]:
    if body.style == "sync":
        return body.run(inputs, injected)
    return asyncio.run(body.arun(inputs, injected))
