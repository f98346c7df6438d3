"""A traceback taken apart: frames of the project, and those of libraries, which are folded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

_FRAME = re.compile(r'^\s*File "(?P<file>.*)", line (?P<line>\d+)(?:, in (?P<name>.*))?$')
_LIBRARY = re.compile(
    r"[/\\](?:site-packages|dist-packages|exodsl|lib(?:64)?[/\\]python3\.\d+)[/\\]|^<frozen ",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: where it is, and the lines of code that Python shows of it."""

    file: str
    line: int
    name: str
    code: tuple[str, ...]

    @property
    def library(self) -> bool:
        """Whether it is Python's own code, that of an installed package, or exodsl's."""
        return _LIBRARY.search(self.file) is not None


@dataclass(frozen=True, slots=True)
class Told:
    """A line between frames: a heading, or an exception and its message."""

    text: str


Part = Frame | Told


def parts_of(traceback: str) -> list[Part]:
    """Return the parts of a traceback in their order; a text that is none is all lines."""
    found: list[Part] = []
    code: list[str] = []
    frame: re.Match[str] | None = None

    def end_frame() -> None:
        if frame is not None:
            found.append(Frame(frame["file"], int(frame["line"]), frame["name"] or "", tuple(code)))

    for line in traceback.splitlines():
        begins = _FRAME.match(line)
        if begins is not None:
            end_frame()
            frame, code = begins, []
        elif frame is not None and line.startswith("    "):
            code.append(line.strip())
        else:
            end_frame()
            frame, code = None, []
            found.append(Told(line))
    end_frame()
    return found


def folded(parts: list[Part]) -> list[Part | int]:
    """Return the parts with each stretch of library frames as their number."""
    found: list[Part | int] = []
    for library, group in groupby(parts, key=lambda part: isinstance(part, Frame) and part.library):
        stretch = list(group)
        found += [len(stretch)] if library else stretch
    return found
