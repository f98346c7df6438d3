"""`exodsl serve` as a process to be ill-treated; it comes back at the same address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager


class HttpServer:
    """A state manager over HTTP.

    :param database: the file, or the URI, that it serves.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    def uri(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it serves."""
        words = ("serve", "--db", self._database, "--port", str(self._port))
        environment = {name: value for name, value in os.environ.items() if name != "STATE_MANAGER_SECRET"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", "import sys; from exodsl.cli import main; sys.exit(main())", *words],
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self._process.stderr is not None
        said = self._process.stderr.readline()
        if not said.startswith("serving "):
            raise RuntimeError(f"it does not serve: {said}{self._process.stderr.read()}")

    def stop(self) -> None:
        """End it in peace."""
        self._end(signal.SIGTERM)

    def crash(self) -> None:
        """Kill it."""
        self._end(signal.SIGKILL)

    def _end(self, sign: int) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.communicate()
            self._process = None


@contextmanager
def http_server(database: str) -> Generator[HttpServer]:
    """Give a server that is up, and ends at last."""
    server = HttpServer(database)
    try:
        server.start()
        yield server
    finally:
        server.crash()
