"""Lengths of time as people write them: `90s`, `10m`, `1.5h`."""

from __future__ import annotations

import re

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LENGTH = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s?(ms|s|m|h|d)?", re.ASCII)


def length_ms(text: str) -> int | None:
    """Return a length of time in milliseconds, `None` when it cannot be read; a bare number means seconds."""
    found = _LENGTH.fullmatch(text.strip().lower())
    return None if found is None else round(float(found[1]) * _MILLISECONDS[found[2] or "s"])


def spelled_length(milliseconds: int) -> str:
    """Return a length of time with the largest unit of which it is a whole number."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if not milliseconds % _MILLISECONDS[unit])
    return f"{milliseconds // _MILLISECONDS[unit]}{unit if milliseconds else 's'}"
