"""What a body tells while it runs: lines of its log, and how far it is. Plain data, in bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LINES = 200
MOST_BYTES = 64 * 1024
"""What is kept of one state's log; the oldest lines give way."""
LONGEST_LINE = 4 * 1024
"""The most bytes of one line, and of the note of a progress; the rest is cut off."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a state's log; `level` is a number of `logging`, `at_ms` milliseconds since the epoch."""

    at_ms: int
    level: int
    message: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a body is: `done` of `total`, where that is known, with a few words."""

    at_ms: int
    done: float
    total: float | None
    note: str


@dataclass(frozen=True, slots=True)
class Notes:
    """What the body of one claimed state told since the last time; counts only while `lease` is still the state's.

    :param lines: new lines, oldest first.
    :param skipped: lines before these that gave way already.
    :param progress: the latest, if there is a new one.
    """

    state_id: int
    lease: int
    lines: Sequence[Line] = ()
    skipped: int = 0
    progress: Progressed | None = None


def cut(text: str) -> str:
    """Return a text that can be stored, and is no longer than a line may be."""
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) > LONGEST_LINE:
        encoded = encoded[: LONGEST_LINE - len(_CUT.encode())] + _CUT.encode()
    return encoded.decode("utf-8", "ignore")
