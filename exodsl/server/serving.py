"""A server from its start to its end: signals stop it, requests that are under way are answered first."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn

from exodsl.manager.embedded import EmbeddedManager
from exodsl.server.app import make_app
from exodsl.server.own.desk import Looking
from exodsl.server.settings import Settings

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 60
"""How long an idle connection is kept for the next request; callers of ours give it up earlier."""


class _Server(uvicorn.Server):
    """Lets nobody wait for work any more when it is to end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.desk.waiting.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def serve(
    manager: EmbeddedManager,
    listening: socket.socket,
    settings: Settings,
    started: Callable[[], None],
    looking: Looking | None = None,
) -> None:
    """Serve a state manager on a socket until SIGTERM or SIGINT.

    :param started: called when it serves.
    :param looking: opens another one on the same database, for those who only look.
    """
    app = make_app(manager, settings, started, looking)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = _Server(config)
    with listening, _stopping_is_no_failure(server):
        server.run(sockets=[listening])


@contextmanager
def _stopping_is_no_failure(server: uvicorn.Server) -> Generator[None]:
    """Let signals stop a server that does not heed them yet; when it has ended, it raises them again for nothing."""

    def stop(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
