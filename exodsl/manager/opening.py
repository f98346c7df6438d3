"""Which state manager is meant by a URI, and where the default database lies (semantics 10)."""

from __future__ import annotations

import os
from pathlib import Path

from exodsl.database.postgresql.naming import without_password
from exodsl.database.protocol import Database
from exodsl.database.read_only import ReadOnlySqlite
from exodsl.database.sqlite import MEMORY, Durability, Sqlite
from exodsl.errors import DatabaseMissing, DatabaseUnusable, ExtraMissing
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import StateManager
from exodsl.manager.sessions import Clock

URI_VARIABLE = "EXOSPHERE_STATE_MANAGER_URI"
KEY_VARIABLE = "EXOSPHERE_API_KEY"
SERVERS, HTTP = ("postgresql", "postgres"), ("http", "https")
"""The schemes of PostgreSQL, and of state-manager servers."""
FOLDER, FILE = ".exodsl", "exodsl.db"
LOOK_SECONDS = 2.0
"""How long a look through a read-only manager may take."""


def open_manager(
    uri: str | None = None,
    *,
    key: str | None = None,
    read_only: bool = False,
    look_seconds: float = LOOK_SECONDS,
    durability: Durability = "full",
    clock: Clock | None = None,
    seed: int | None = None,
) -> StateManager:
    """Open the state manager behind a URI: over a database, or that of a server.

    :param uri: `sqlite:///path`, a path, `:memory:`, `postgresql://user@host/database`, `http://host:port`, or `None`
        for what `EXOSPHERE_STATE_MANAGER_URI` says, else `exodsl.db` in the nearest `.exodsl/` folder upwards, which is
        made here if there is none.
    :param key: what a state-manager server wants to be shown, by default what `EXOSPHERE_API_KEY` says.
    :param read_only: only look: nothing is made, migrated or written, and what would change something is refused.
    :param look_seconds: how long a look at a database may take, if only looks are taken; `ReadTimeout` ends it.
    :param durability: `full` (default) syncs every commit to the disk, `normal` leaves the last moments to
        luck at a power cut. A server decides that, and the next two, by itself.
    :param clock: tells the time; the machine's, or the database server's, by default.
    :raises DatabaseUnusable: when it cannot be opened, saying why and what helps.
    :raises ExtraMissing: when the driver for it is not installed.
    """
    address = http_uri(uri)
    if address is not None:
        return _elsewhere(address, key or os.environ.get(KEY_VARIABLE), read_only=read_only)
    return open_embedded(
        uri, read_only=read_only, look_seconds=look_seconds, durability=durability, clock=clock, seed=seed
    )


def open_embedded(
    uri: str | None = None,
    *,
    read_only: bool = False,
    look_seconds: float = LOOK_SECONDS,
    durability: Durability = "full",
    clock: Clock | None = None,
    seed: int | None = None,
) -> EmbeddedManager:
    """Open a state manager over a database; the parameters are those of `open_manager`.

    :raises DatabaseUnusable: when it cannot be opened, or the URI is that of a state-manager server.
    """
    server = server_uri(uri)
    if server is not None:
        database = _on_server(server, durability, look_seconds if read_only else None)
    elif read_only:
        database = ReadOnlySqlite(existing_database(uri), limit=look_seconds)
    else:
        database = Sqlite(database_path(uri), durability=durability)
    return EmbeddedManager(database, clock=clock, seed=seed)


def _elsewhere(address: str, key: str | None, *, read_only: bool) -> StateManager:
    try:
        from exodsl.manager.remote.manager import open_remote
    except ImportError as error:
        raise ExtraMissing("State-manager servers", "http") from error
    return open_remote(address, key, read_only=read_only)


def _on_server(uri: str, durability: Durability, look_seconds: float | None) -> Database:
    try:
        from exodsl.database.postgresql.database import Postgres
        from exodsl.database.postgresql.read_only import ReadOnlyPostgres
    except ImportError as error:
        raise ExtraMissing("PostgreSQL databases", "postgres") from error
    if look_seconds is not None:
        return ReadOnlyPostgres(uri, limit=look_seconds)
    return Postgres(uri, durability=durability)


def server_uri(uri: str | None = None) -> str | None:
    """Return the URI of a PostgreSQL database, if it is one that is meant."""
    return _of_scheme(uri, SERVERS)


def http_uri(uri: str | None = None) -> str | None:
    """Return the address of a state-manager server, if it is one that is meant."""
    return _of_scheme(uri, HTTP)


def _of_scheme(uri: str | None, schemes: tuple[str, ...]) -> str | None:
    meant = uri or os.environ.get(URI_VARIABLE) or ""
    scheme, mark, _ = meant.partition("://")
    return meant if mark and scheme in schemes else None


def database_path(uri: str | None = None) -> str:
    """Return the path of the SQLite database that a URI means; makes the default folder when it is needed."""
    uri = uri or os.environ.get(URI_VARIABLE) or None
    if uri is None:
        return str(default_database())
    if uri == MEMORY:
        return MEMORY
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return uri
    if scheme in HTTP:
        raise DatabaseUnusable(
            f'"{without_password(uri)}" is a server, and a database is needed here. Write sqlite:///path/to/file.db, a'
            " path, or postgresql://user@host/database."
        )
    if scheme != "sqlite":
        raise DatabaseUnusable(
            f'"{without_password(uri)}" has the unknown scheme "{scheme}". Write sqlite:///path/to/file.db, a'
            " path, postgresql://user@host/database, or http://host:port."
        )
    return rest.removeprefix("/") or MEMORY


def existing_database(uri: str | None = None) -> str:
    """Return the path, or the URI of the server of either kind, that is meant, and make nothing.

    :raises DatabaseMissing: when there is no database.
    """
    server = server_uri(uri) or http_uri(uri)
    if server is not None:
        return server
    if not names_one(uri) and nearest_folder() is None:
        raise DatabaseMissing(
            "There is no database here or in a folder above: nothing was run yet. `exodsl run TARGET` makes one;"
            " --db names one elsewhere."
        )
    path = database_path(uri)
    if path != MEMORY and _is_missing(Path(path)):
        raise DatabaseMissing(f'There is no database "{path}". Name one that was written with --db.')
    return path


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:  # its folder cannot be entered: opening it says so
        return False


def names_one(uri: str | None) -> bool:
    """Say whether a URI, or the environment, names a database."""
    return bool(uri or os.environ.get(URI_VARIABLE))


def nearest_folder() -> Path | None:
    """Return the nearest `.exodsl` folder upwards, if there is one."""
    here = Path.cwd()
    return next((folder / FOLDER for folder in (here, *here.parents) if (folder / FOLDER).is_dir()), None)


def default_database() -> Path:
    """Return `.exodsl/exodsl.db`, in the nearest folder upwards that has one, else made in this one."""
    found = nearest_folder()
    if found is not None:
        return found / FILE
    made = Path.cwd() / FOLDER
    try:
        made.mkdir()
        (made / ".gitignore").write_text("*\n")
    except OSError as error:
        raise DatabaseUnusable(
            f'The folder "{made}" cannot be made: {error.strerror}. Name a database with --db.'
        ) from error
    return made / FILE
