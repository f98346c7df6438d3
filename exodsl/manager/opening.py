"""Which state manager is meant by a URI, and where the default database lies (semantics 10)."""

from __future__ import annotations

import os
from pathlib import Path

from exodsl.database.postgresql.naming import without_password
from exodsl.database.protocol import Database
from exodsl.database.sqlite import MEMORY, Durability, Sqlite
from exodsl.errors import DatabaseUnusable, ExtraMissing
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.sessions import Clock

URI_VARIABLE = "EXOSPHERE_STATE_MANAGER_URI"
SERVERS = ("postgresql", "postgres")
"""The schemes of PostgreSQL."""
FOLDER, FILE = ".exodsl", "exodsl.db"


def open_manager(
    uri: str | None = None,
    *,
    durability: Durability = "full",
    clock: Clock | None = None,
    seed: int | None = None,
) -> EmbeddedManager:
    """Open the state manager behind a URI.

    :param uri: `sqlite:///path`, a path, `:memory:`, `postgresql://user@host/database`, or `None` for what
        `EXOSPHERE_STATE_MANAGER_URI` says, else `exodsl.db` in the nearest `.exodsl/` folder upwards, which is made
        here if there is none.
    :param durability: `full` (default) syncs every commit to the disk, `normal` leaves the last moments to
        luck at a power cut.
    :param clock: tells the time; the machine's, or the server's, by default.
    :raises DatabaseUnusable: when it cannot be opened, saying why and what helps.
    :raises ExtraMissing: when the driver for it is not installed.
    """
    return EmbeddedManager(_database(uri, durability), clock=clock, seed=seed)


def _database(uri: str | None, durability: Durability) -> Database:
    server = server_uri(uri)
    if server is None:
        return Sqlite(database_path(uri), durability=durability)
    try:
        from exodsl.database.postgresql.database import Postgres
    except ImportError as error:
        raise ExtraMissing("PostgreSQL databases", "postgres") from error
    return Postgres(server, durability=durability)


def server_uri(uri: str | None = None) -> str | None:
    """Return the URI of a PostgreSQL database, if it is one that is meant."""
    meant = uri or os.environ.get(URI_VARIABLE) or ""
    return meant if meant.partition("://")[0] in SERVERS and "://" in meant else None


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
    if scheme != "sqlite":
        raise DatabaseUnusable(
            f'"{without_password(uri)}" has the unknown scheme "{scheme}". Write sqlite:///path/to/file.db, a'
            " path, or postgresql://user@host/database."
        )
    return rest.removeprefix("/") or MEMORY


def default_database() -> Path:
    """Return `.exodsl/exodsl.db`, in the nearest folder upwards that has one, else made in this one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER / FILE
    made = here / FOLDER
    try:
        made.mkdir()
        (made / ".gitignore").write_text("*\n")
    except OSError as error:
        raise DatabaseUnusable(
            f'The folder "{made}" cannot be made: {error.strerror}. Name a database with --db.'
        ) from error
    return made / FILE
