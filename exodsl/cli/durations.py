"""Lengths of time as they are given to options."""

from __future__ import annotations

from exodsl.errors import InputInvalid


def milliseconds(option: str, text: str) -> int:
    """Return a length of time in milliseconds; a bare number means seconds.

    :param option: what it was given to, for the message.
    :raises InputInvalid: when it cannot be read.
    """
    from exodsl.manager.lengths import length_ms

    found = length_ms(text)
    if found is None:
        raise InputInvalid(
            f'{option} "{text}" is no length of time. Write seconds, or a number with ms, s, m, h or d: {option} 10m.'
        )
    return found
