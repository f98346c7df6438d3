"""Large values: kept apart from the rows of states, each once in a run however many states hold it.

The inputs or outputs of a state are one JSON object. When its text is too long for the row, the longest of its
fields go to `large_value`, and the row keeps where they are: `MARK` and an object of `[value]` for each field that
stays, `[digest, length]` for each that went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from pydantic_core import from_json, to_json

LARGE = 256 * 1024
"""The longest text that a row keeps, in characters."""
MARK = "\x1f"
"""Stands before the text of a row whose large fields are kept apart: no JSON text can hold it."""
_DIGEST = 16
_AT_ONCE = 500


def keep_apart(connection: Any, run: int, text: str) -> str:
    """Return what the row keeps of a text that is too long for it; the rest is stored, unless it is already."""
    if text[:1] == MARK:  # as a retry hands it on; what stays in the row may be a little longer than LARGE
        return text
    fields: dict[str, Any] = from_json(text)
    texts = {name: to_json(value).decode() for name, value in fields.items()}
    kept: dict[str, list[Any]] = {name: [value] for name, value in fields.items()}
    left = sum(map(len, texts.values()))
    for name in sorted(texts, key=lambda name: -len(texts[name])):
        if left <= LARGE:
            break
        body = texts[name]
        digest = blake2b(body.encode(), digest_size=_DIGEST).digest()
        connection.execute(
            "INSERT INTO large_value (run_id, digest, body) VALUES (?,?,?) ON CONFLICT DO NOTHING", (run, digest, body)
        )
        kept[name] = [digest.hex(), len(body)]
        left -= len(body)
    return MARK + to_json(kept).decode()


def keep_apart_for(connection: Any, state: int, text: str) -> str:
    """Do what `keep_apart` does, for a state that is known by its key."""
    (run,) = connection.execute("SELECT run_id FROM state WHERE id = ?", (state,)).fetchone()
    return keep_apart(connection, run, text)


def whole(connection: Any, run: int, text: str) -> str:
    """Return the text that a row stands for."""
    return wholes(connection, run, [text])[0]


def wholes(connection: Any, run: int, texts: list[str]) -> list[str]:
    """Return the texts that rows of one run stand for; each large value is read once."""
    marked = {text: from_json(text[1:]) for text in texts if text[:1] == MARK}
    if not marked:
        return texts
    bodies = _bodies(connection, run, {field[0] for kept in marked.values() for field in kept.values() if field[1:]})
    made = {text: _joined(kept, bodies) for text, kept in marked.items()}
    return [made.get(text, text) for text in texts]


def at_a_glance(text: str, stand_in: Callable[[int], Any]) -> dict[str, Any]:
    """Return the fields of a row without loading what is kept apart.

    :param stand_in: makes what stands for a value of so many characters.
    """
    if text[:1] != MARK:
        found: dict[str, Any] = from_json(text)
        return found
    kept: dict[str, list[Any]] = from_json(text[1:])
    return {name: stand_in(field[1]) if field[1:] else field[0] for name, field in kept.items()}


def one_field(connection: Any, run: int, text: str, name: str, missing: Any) -> Any:
    """Return one field of a row's text; nothing else that is kept apart is loaded.

    :param missing: what stands for a field that is not there.
    """
    if text[:1] != MARK:
        return from_json(text).get(name, missing)
    field = from_json(text[1:]).get(name)
    if field is None:
        return missing
    return from_json(_bodies(connection, run, [field[0]])[field[0]]) if field[1:] else field[0]


def _joined(kept: dict[str, list[Any]], bodies: dict[str, str]) -> str:
    fields = (
        f"{to_json(name).decode()}:{bodies[field[0]] if field[1:] else to_json(field[0]).decode()}"
        for name, field in kept.items()
    )
    return f"{{{','.join(fields)}}}"


def _bodies(connection: Any, run: int, digests: Iterable[str]) -> dict[str, str]:
    wanted = [bytes.fromhex(digest) for digest in digests]
    found: dict[str, str] = {}
    for at in range(0, len(wanted), _AT_ONCE):
        part = wanted[at : at + _AT_ONCE]
        marks = ",".join("?" * len(part))
        rows = connection.execute(
            f"SELECT digest, body FROM large_value WHERE run_id = ? AND digest IN ({marks})", (run, *part)
        )
        found.update((digest.hex(), body) for digest, body in rows.fetchall())
    return found
