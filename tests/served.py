"""A server of ours on a real socket, in a thread of the tests; what state manager is behind it changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from pydantic import SecretStr

from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded
from exodsl.server.app import make_app
from exodsl.server.own.desk import Desk, Looking
from exodsl.server.parts import Parts
from exodsl.server.settings import Settings, listen

KEY = "the-key"


class Served:
    """The server; `uri` is its address."""

    def __init__(self) -> None:
        self._settings = Settings(SecretStr(KEY))
        self._first = open_embedded(":memory:")
        self.app = make_app(self._first, self._settings, looking=None)
        self._socket = listen("127.0.0.1", 0, self._settings)
        self.uri = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=60)
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, manager: EmbeddedManager, looking: Looking | None = None, **settings: object) -> Iterator[str]:
        """Serve a state manager for a while; gives the address."""
        desk, parts = self.app.state.desk, self.app.state.parts
        self.app.state.desk = Desk(manager, parts.metrics, looking)
        self.app.state.parts = Parts(manager, Settings(SecretStr(KEY), **settings), parts.metrics)  # type: ignore[arg-type]
        try:
            yield self.uri
        finally:
            self.app.state.desk.close()
            self.app.state.desk, self.app.state.parts = desk, parts

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.app.state.desk.close()
        self._first.close()
