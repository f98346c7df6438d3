"""Which database a command works on; commands that only look never make one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from exodsl.errors import DatabaseUnusable, NotFound, RunNotFound, StateNotFound
from exodsl.manager.naming import command

if TYPE_CHECKING:
    from exodsl.manager.protocol import StateManager


@contextmanager
def opened(db: str | None) -> Generator[StateManager]:
    """Open a database, which is made where there is none; closed at the end.

    :raises DatabaseUnusable: when it cannot be opened.
    """
    from exodsl.manager.opening import open_manager

    manager = open_manager(db)
    try:
        yield manager
    finally:
        manager.close()


def is_there(db: str | None) -> bool:
    """Say whether there is a database to look into; one that is named counts, as `found` says if it is missing."""
    from exodsl.manager.opening import FILE, names_one, nearest_folder

    folder = nearest_folder()
    return names_one(db) or (folder is not None and (folder / FILE).exists())


@contextmanager
def found(db: str | None) -> Generator[StateManager]:
    """Open a database that is there; :raises DatabaseUnusable: when there is none, and makes none."""
    from exodsl.manager.opening import existing_database

    with opened(existing_database(db)) as manager:
        try:
            yield manager
        except (RunNotFound, StateNotFound) as error:
            raise _located(error, db) from error


def _located(error: RunNotFound | StateNotFound, db: str | None) -> NotFound:
    """Return an error that says in which database something was looked for."""
    if isinstance(error, StateNotFound):
        listed = command(db, "states", "RUN")
        return NotFound(f'No state "{error.state_id}" is in {spelled(db)}. `{listed}` lists the states of a run.')
    if error.matches:
        return error
    return NotFound(f'No run "{error.run_id}" is in {spelled(db)}. `{command(db, "runs")}` lists those that are.')


def refuse_memory(db: str | None) -> None:
    """:raises DatabaseUnusable: for a database in memory, which another process could not share."""
    if in_memory(db):
        raise DatabaseUnusable(
            "A database in memory is this process's alone: a runtime and who triggers runs for it share a file."
            " Name one with --db."
        )


def in_memory(db: str | None) -> bool:
    """Say whether a database is in memory, so that no other process sees it."""
    from exodsl.database.sqlite import MEMORY
    from exodsl.manager.opening import database_path, http_uri, names_one, server_uri

    return names_one(db) and (server_uri(db) or http_uri(db)) is None and database_path(db) == MEMORY


def spelled(db: str | None) -> str:
    """Return the name of a database as people know it: relative to where they are."""
    from exodsl.database.postgresql.naming import without_password
    from exodsl.database.sqlite import MEMORY
    from exodsl.manager.opening import database_path, http_uri, server_uri

    server = server_uri(db) or http_uri(db)
    if server is not None:
        return without_password(server)
    path = database_path(db)
    if path == MEMORY:
        return "memory, for this process only"
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path
