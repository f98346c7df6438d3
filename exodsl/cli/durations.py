"""Lengths of time as people write them on a command line: `90`, `10m`, `1.5h`."""

from __future__ import annotations

import re

from exodsl.errors import InputInvalid

_MILLISECONDS = {"ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LENGTH = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s?(ms|s|m|h|d|)", re.ASCII)


def milliseconds(option: str, text: str) -> int:
    """Return a length of time in milliseconds; a bare number means seconds.

    :param option: what it was given to, for the message.
    :raises InputInvalid: when it cannot be read.
    """
    found = _LENGTH.fullmatch(text.strip().lower())
    if found is None:
        raise InputInvalid(
            f'{option} "{text}" is no length of time. Write seconds, or a number with ms, s, m, h or d: {option} 10m.'
        )
    return round(float(found[1]) * _MILLISECONDS[found[2]])
