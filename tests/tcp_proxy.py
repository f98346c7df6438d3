"""A way to a server that can be cut: before a request gets there, or after it was answered."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Literal

Cut = Literal["before", "after"]


class TcpProxy:
    """Hands on what is said between callers and the server at an address; `uri` is its own.

    :param server: `http://host:port`; it may be another one later.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        self.cuts = 0
        self._sign: bytes = b""
        self._when: Cut = "before"
        self._lines: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._let_in, daemon=True).start()

    def cut_at(self, sign: bytes, when: Cut) -> None:
        """Cut the line at the next request that has this in it, once: before the server gets it, or with its answer."""
        self._sign, self._when = sign, when

    def close(self) -> None:
        """Let nobody in any more, and cut every line."""
        self._door.close()
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _let_in(self) -> None:
        while True:
            try:
                client = self._door.accept()[0]
            except OSError:
                return
            self._lines.append(client)
            threading.Thread(target=self._hand_on, args=(client,), daemon=True).start()

    def _hand_on(self, client: socket.socket) -> None:
        host, _, port = self.server.removeprefix("http://").partition(":")
        with (
            client,
            suppress(OSError),
            socket.create_connection((host, int(port))) as server,
            selectors.DefaultSelector() as ready,
        ):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            cut: Cut | None = None
            while True:
                for key, _ in ready.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = source.recv(65_536)
                    if source is client and self._sign and self._sign in data:
                        self._sign, cut = b"", self._when
                        self.cuts += 1
                    if not data or cut == ("before" if source is client else "after"):
                        return
                    key.data.sendall(data)
