"""Commands for people to copy, which name the state manager that they are about."""

from __future__ import annotations

import shlex

from exodsl.database.postgresql.naming import without_password


def command(db: str | None, *words: str) -> str:
    """Return an exodsl command to copy, on the same database; it shows no password.

    :param db: the database, where a command has to name it.
    """
    where = () if db is None else ("--db", without_password(db))
    return shlex.join(["exodsl", *words, *where])
