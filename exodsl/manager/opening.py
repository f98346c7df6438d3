"""Which state manager is meant by a URI, and where the default database lies (semantics 10)."""

from __future__ import annotations

import os
from pathlib import Path

from exodsl.database.read_only import ReadOnlySqlite
from exodsl.database.sqlite import MEMORY, Durability, Sqlite
from exodsl.errors import DatabaseMissing, DatabaseUnusable
from exodsl.manager.embedded import EmbeddedManager, system_clock
from exodsl.manager.sessions import Clock

URI_VARIABLE = "EXOSPHERE_STATE_MANAGER_URI"
FOLDER, FILE = ".exodsl", "exodsl.db"
LOOK_SECONDS = 2.0
"""How long a look through a read-only manager may take."""


def open_manager(
    uri: str | None = None,
    *,
    read_only: bool = False,
    look_seconds: float = LOOK_SECONDS,
    durability: Durability = "full",
    clock: Clock = system_clock,
    seed: int | None = None,
) -> EmbeddedManager:
    """Open the state manager behind a URI.

    :param uri: `sqlite:///path`, a path, `:memory:`, or `None` for what `EXOSPHERE_STATE_MANAGER_URI` says,
        else `exodsl.db` in the nearest `.exodsl/` folder upwards, which is made here if there is none.
    :param read_only: only look: nothing is made, migrated or written, and what would change something is refused.
    :param look_seconds: how long a look may take, if only looks are taken; `ReadTimeout` ends it.
    :param durability: `full` (default) syncs every commit to the disk, `normal` leaves the last moments to
        luck at a power cut.
    :raises DatabaseUnusable: when it cannot be opened, saying why and what helps.
    """
    if read_only:
        looked_at = ReadOnlySqlite(existing_database(uri), limit=look_seconds)
        return EmbeddedManager(looked_at, clock=clock, seed=seed)
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


def existing_database(uri: str | None = None) -> str:
    """Return the path that a URI means, and make nothing. :raises DatabaseMissing: when there is no database."""
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
