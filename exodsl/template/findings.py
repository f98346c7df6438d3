"""What a check found: one code, one sentence, one place, one cure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a graph.

    :param code: short and stable, for programs: `E101`; docs/checks.md lists them all.
    :param message: what is wrong, as a sentence.
    :param place: `file:line` of the call that wrote it, where known.
    :param identifiers: the nodes it is about, the one to change first; `triggers[0]` is a schedule.
    :param suggestion: what to write instead, as a sentence.
    :param input: the input of the first of them that it is about, if it is about one.
    """

    code: str
    message: str
    place: str | None = None
    identifiers: tuple[str, ...] = ()
    suggestion: str | None = None
    input: str | None = None

    def __str__(self) -> str:
        head = " ".join(part for part in (self.code, self.place) if part)
        body = self.message if self.suggestion is None else f"{self.message} {self.suggestion}"
        return f"{head}  {' '.join(body.split())}"

    @property
    def sort_key(self) -> tuple[str, int, str, tuple[str, ...], str]:
        """Findings are listed as they stand in the files, then by code."""
        file, _, line = (self.place or "").rpartition(":")
        return file, int(line) if line.isdecimal() else 0, self.code, self.identifiers, self.message
