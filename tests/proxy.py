"""Something between a program and a PostgreSQL server that cuts the line at the worst moment."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

Cut = Literal["before", "after"]
_SOCKET = ".s.PGSQL.5432"
_END = re.compile(rb"COMMIT(?!TED)")


class Proxy:
    """A socket in a folder of its own that hands everything on to a server, until it is told to cut.

    :param folder: where it listens.
    :param server: the folder of the server's socket.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self._server = str(server / _SOCKET)
        self._cut: Cut | None = None
        self._lines: list[socket.socket] = []
        self.cuts = 0
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / _SOCKET))
        self._door.listen()
        threading.Thread(target=self._let_in, daemon=True).start()

    def cut_at_commit(self, when: Cut) -> None:
        """Cut the line at the next commit, once: before the server gets it, or after it has answered."""
        self._cut = when

    def cut_all(self) -> None:
        """Cut every line now."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let nobody in any more."""
        self._door.close()
        self.cut_all()

    def _let_in(self) -> None:
        while True:
            try:
                client = self._door.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            with suppress(OSError):
                server.connect(self._server)
            self._lines.append(client)
            threading.Thread(target=self._hand_on, args=(client, server), daemon=True).start()

    def _hand_on(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, selectors.DefaultSelector() as ready, suppress(OSError):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                    if not data or self._cuts(key.fileobj is client and data, server):
                        return
                    key.data.sendall(data)

    def _cuts(self, said: bytes | bool, server: socket.socket) -> bool:
        """Say whether this is where to cut; the server may answer before."""
        if self._cut is None or not isinstance(said, bytes) or not _END.search(said):
            return False
        when, self._cut = self._cut, None
        self.cuts += 1
        if when == "after":
            server.sendall(said)
            server.recv(65_536)
        return True
