"""What went wrong with a server, in one sentence with the cure, and whether it passes."""

from __future__ import annotations

import psycopg
from psycopg import errors

from exodsl.errors import DatabaseUnusable, TransactionUndone

_PASSING = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.UniqueViolation,  # somebody else was first: the next try finds what they made
)
_BY_STATE = {
    "53100": "Its disk is full; free some space, nothing that was recorded is lost.",
    "53300": "It has no connection left; raise its max_connections, or run fewer processes.",
    "42501": "Its role may not do that; grant it the rights, or name another role.",
    "25006": "It takes no writes: it is a standby, or read-only; name the primary.",
    "42P01": "Its tables are damaged; restore a copy, or name another schema.",
    "XX001": "It is damaged; restore a copy.",
}
_BY_TEXT = {
    "password authentication failed": "Check user and password in the URI.",
    "no password supplied": "Give one in the URI, in PGPASSWORD, or in ~/.pgpass.",
    "no pg_hba.conf entry": "Its pg_hba.conf does not let this machine in.",
    "does not exist": "Make it first (createdb, createuser), or correct the URI.",
    "too many clients": _BY_STATE["53300"],
    "remaining connection slots": _BY_STATE["53300"],
    "starting up": "Wait until it is up.",
}
_ANY = "See that the server runs and can be reached from here, then go on: nothing that was recorded is lost."


def unreachable(name: str, error: Exception) -> DatabaseUnusable:
    """Return why no connection could be made, and the cure."""
    text = _told(error)
    cure = next((cure for sign, cure in _BY_TEXT.items() if sign in text), _ANY)
    return DatabaseUnusable(f'Database "{name}" cannot be reached: {text}. {cure}')


def trouble(name: str, error: psycopg.Error, *, lost: bool) -> DatabaseUnusable:
    """Return what ended a transaction.

    :param lost: the connection is gone.
    """
    text = _told(error)
    if lost:
        return TransactionUndone(
            f'The connection to database "{name}" was lost: {text}. Nothing of this was recorded; do it again.'
        )
    if isinstance(error, _PASSING):
        return TransactionUndone(
            f'Others were in the way in database "{name}", again and again: {text}. Nothing of this was recorded;'
            " do it again, and please report this if it stays."
        )
    if isinstance(error, psycopg.IntegrityError | psycopg.ProgrammingError) and error.sqlstate not in _BY_STATE:
        return DatabaseUnusable(f'Database "{name}" refused what exodsl wrote: {text}. Please report this.')
    cure = _BY_STATE.get(error.sqlstate or "", _ANY)
    return DatabaseUnusable(f'Database "{name}" cannot be used: {text}. {cure}')


def undecided(name: str) -> DatabaseUnusable:
    """Return that nobody can tell whether a transaction was recorded."""
    return DatabaseUnusable(
        f'The connection to database "{name}" was lost in the moment of a commit, and the server does not come back to'
        " say what became of it. See that it runs, look at what is recorded, and go on from there."
    )


def _told(error: Exception) -> str:
    """Return the line that says why; where several addresses of a host were tried, that of the last one."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    if said:
        return said
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("\t", " ", "Multiple"))]
    told = [line.removeprefix("- ") for line in lines]
    return told[-1].rpartition("FATAL:")[2].strip().rstrip(".") if told else "it does not say why"
