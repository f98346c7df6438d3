"""How things look in one character and one tone: statuses, bars and marks, with or without Unicode.

A sign never speaks by colour alone: it has a symbol, a letter for plain terminals, and a word. The symbols have the
same width everywhere, which `…`, `●` and box drawing in East Asian terminals do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exodsl_tui.layout.strips import ASCII_LEVELS, LEVELS

Tone = Literal["", "dim", "strong", "accent", "wait", "active", "ok", "bad", "retry"]
"""What a piece of text is coloured by; the theme says how that looks (`themes.py`)."""
Piece = tuple[str, Tone]
Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """How one status is shown."""

    symbol: str
    letter: str
    word: str
    tone: Tone


STATES: Mapping[str, Sign] = {
    "CREATED": Sign("∙", "C", "waiting", "wait"),
    "QUEUED": Sign("◔", "Q", "running", "active"),
    "EXECUTED": Sign("◌", "X", "fanning out", "active"),
    "SUCCESS": Sign("✓", "S", "ok", "ok"),
    "ERRORED": Sign("✗", "E", "failed", "bad"),
    "NEXT_CREATED_ERROR": Sign("!", "N", "ran, children failed", "bad"),
    "RETRY_CREATED": Sign("↻", "R", "superseded", "retry"),
    "PRUNED": Sign("⊘", "P", "pruned", "wait"),
    "CANCELLED": Sign("⊖", "K", "cancelled", "wait"),
}
RUNS: Mapping[str, Sign] = {
    "RUNNING": Sign("◔", "R", "running", "active"),
    "PAUSED": Sign("◫", "P", "paused", "retry"),
    "SUCCESS": Sign("✓", "S", "ok", "ok"),
    "FAILED": Sign("✗", "F", "failed", "bad"),
    "CANCELLED": Sign("⊖", "K", "cancelled", "wait"),
}
GATES: Mapping[str, Sign] = {
    "OPEN": Sign("⊞", "G", "open", "active"),
    "PASSED": Sign("✓", "S", "passed", "ok"),
    "BLOCKED": Sign("✗", "B", "blocked", "bad"),
    "CANCELLED": Sign("⊖", "K", "cancelled", "wait"),
}
TICKS: Mapping[str, Sign] = {
    "STARTED": Sign("✓", "S", "started", "ok"),
    "QUEUED": Sign("◔", "Q", "queued", "active"),
    "SKIPPED": Sign("⊘", "K", "skipped", "wait"),
    "MISSED": Sign("⊖", "M", "missed", "retry"),
    "FAILED": Sign("✗", "F", "failed", "bad"),
}


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters of one terminal.

    :param ascii: use letters and `+-|#!~.` only.
    """

    ascii: bool = False

    def state(self, status: str) -> Piece:
        """Return the sign of a state's status."""
        return self.of(STATES, status)

    def run(self, status: str) -> Piece:
        """Return the sign of a run's status."""
        return self.of(RUNS, status)

    def gate(self, status: str) -> Piece:
        """Return the sign of a gate's status."""
        return self.of(GATES, status)

    def of(self, signs: Mapping[str, Sign], status: str) -> Piece:
        """Return the sign of a status; one that is not known is a question mark, its word is itself."""
        sign = signs.get(status)
        if sign is None:
            return "?", "strong"
        return (sign.letter if self.ascii else sign.symbol), sign.tone

    @property
    def done(self) -> str:
        """The part of a bar that went well."""
        return "#" if self.ascii else "▰"

    @property
    def failed(self) -> str:
        """The part of a bar that failed."""
        return "!"

    @property
    def moving(self) -> str:
        """The part of a bar that is at work."""
        return "~" if self.ascii else "▱"

    @property
    def ahead(self) -> str:
        """The part of a bar that is still to come."""
        return "." if self.ascii else "∙"

    @property
    def levels(self) -> str:
        """The characters of a strip, from low to high."""
        return ASCII_LEVELS if self.ascii else LEVELS

    @property
    def cut(self) -> str:
        """Stands at the end of a text that is longer than its place."""
        return ">" if self.ascii else "›"

    @property
    def marked(self) -> str:
        """Stands before a row that is marked."""
        return "*" if self.ascii else "▪"

    @property
    def folded(self) -> str:
        """Stands before what can be opened."""
        return "+" if self.ascii else "▸"

    @property
    def unfolded(self) -> str:
        """Stands before what is open."""
        return "-" if self.ascii else "▾"


def word(signs: Mapping[str, Sign], status: str) -> str:
    """Return a status as people say it; one that is not known stays as it is."""
    sign = signs.get(status)
    return status if sign is None else sign.word
