"""Which state manager is meant by a URI, and where the default database lies (semantics 10)."""

from __future__ import annotations

import os
from pathlib import Path

from exodsl.database.sqlite import MEMORY, Durability, Sqlite
from exodsl.errors import DatabaseUnusable
from exodsl.manager.embedded import EmbeddedManager, system_clock
from exodsl.manager.sessions import Clock

URI_VARIABLE = "EXOSPHERE_STATE_MANAGER_URI"
FOLDER, FILE = ".exodsl", "exodsl.db"


def open_manager(
    uri: str | None = None,
    *,
    durability: Durability = "full",
    clock: Clock = system_clock,
    seed: int | None = None,
) -> EmbeddedManager:
    """Open the state manager behind a URI.

    :param uri: `sqlite:///path`, a path, `:memory:`, or `None` for what `EXOSPHERE_STATE_MANAGER_URI` says,
        else `exodsl.db` in the nearest `.exodsl/` folder upwards, which is made here if there is none.
    :param durability: `full` (default) syncs every commit to the disk, `normal` leaves the last moments to
        luck at a power cut.
    :raises DatabaseUnusable: when it cannot be opened, saying why and what helps.
    """
    path = database_path(uri)
    return EmbeddedManager(Sqlite(path, durability=durability), clock=clock, seed=seed)


def database_path(uri: str | None = None) -> str:
    """Return the path that a URI means; makes the default folder when it is needed."""
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
            f'"{uri}" has the unknown scheme "{scheme}". Write sqlite:///path/to/file.db, or a path.'
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
