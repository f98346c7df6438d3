"""How states and times are spelled over HTTP."""

from __future__ import annotations

import re
from datetime import datetime

from exodsl.manager.exosphere.lending import StateRef

_REF = re.compile(r"([1-9][0-9]{0,18})(?:-([1-9][0-9]?))?", re.ASCII)


def spelled(ref: StateRef) -> str:
    """Return the id of a state: its number, and how often it was lost since, if it was.

    So what a runtime says of a state that it has lost is never taken for the word of the one that has it now.
    """
    return f"{ref.key}-{ref.lost}" if ref.lost else str(ref.key)


def parsed(text: str) -> StateRef | None:
    """Return which state an id means; `None` for what is no id."""
    found = _REF.fullmatch(text)
    return None if found is None else StateRef(int(found[1]), int(found[2] or 0))


def iso(at: datetime) -> str:
    """Return a time as text, to the millisecond."""
    return at.isoformat(timespec="milliseconds")


def epoch_ms(at: datetime) -> int:
    """Return a time in milliseconds since the epoch."""
    return round(at.timestamp() * 1000)
