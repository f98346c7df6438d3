"""Where a page of a list begins, as text that is handed out and comes back."""

from __future__ import annotations

from exodsl.errors import InputInvalid

LARGEST_KEY = 2**63
"""Greater than every key that SQLite can hold."""
Place = tuple[int, bytes, int]
"""Where a state stands in a run: the database's id of its node, its path, its attempt."""


def spelled(place: Place) -> str:
    """Return the cursor of what stands behind a place."""
    node, path, attempt = place
    return f"{node}.{path.hex()}.{attempt}"


def place_in(cursor: str | None) -> Place | None:
    """Return the place that a cursor means; :raises InputInvalid: for one that was never handed out."""
    if cursor is None:
        return None
    parts = cursor.split(".")
    if len(parts) != 3:
        raise no_cursor(cursor)
    try:
        path = bytes.fromhex(parts[1])
    except ValueError as error:
        raise no_cursor(cursor) from error
    return _number(parts[0], cursor), path, _number(parts[2], cursor)


def number_in(cursor: str) -> int:
    """Return the key that a cursor means; :raises InputInvalid: for one that was never handed out."""
    return _number(cursor, cursor)


def _number(text: str, cursor: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= LARGEST_KEY:
        raise no_cursor(cursor)
    return int(text)


def no_cursor(cursor: str) -> InputInvalid:
    """Return what to say of a text that is no cursor."""
    return InputInvalid(f'"{cursor}" is no cursor. Take it from the page before, or leave it out for the first page.')


def check_limit(limit: int) -> None:
    """:raises InputInvalid: for a page of nothing, or of more than there can be."""
    if limit < 1:
        raise InputInvalid(f"A page of {limit} is none: ask for 1 or more.")
    if limit >= LARGEST_KEY - 1:  # one more is read, to see whether there is more
        raise InputInvalid(f"A page of {limit} is more than there can be: ask for less.")


def no_position(position: int) -> InputInvalid:
    """Return what to say of a position that no list has."""
    return InputInvalid(f"A list has no position {position}: the first is 0.")
