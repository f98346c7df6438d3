"""Where something was written: the file and line that an error can point to."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import CodeType, FrameType

_ROOM = __name__.partition(".")[0]
_PLACED = re.compile(r"(?P<message>.*) \((?P<place>[^()]+:\d+)\)", re.DOTALL)


def caller() -> FrameType:
    """Return the innermost frame that is not exodsl's own: the user's code."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and _is_ours(frame):
        frame = frame.f_back
    return frame


def _is_ours(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return module == _ROOM or module.startswith(f"{_ROOM}.")


def here() -> str:
    """Return the user's place that called, as "file:line"."""
    frame = caller()
    return place(frame.f_code.co_filename, frame.f_lineno)


def place_of(code: CodeType) -> str:
    """Return where a function begins, as "file:line"."""
    return place(code.co_filename, code.co_firstlineno)


def split_place(message: str) -> tuple[str, str | None]:
    """Return a message without the place in parentheses that it ends with, and the place."""
    found = _PLACED.fullmatch(message)
    return (found["message"], found["place"]) if found else (message, None)


def place(file: str, line: int) -> str:
    """Spell a place; files below the working directory are named relative to it."""
    path = Path(file)
    try:
        path = path.relative_to(Path.cwd())
    except (ValueError, OSError):
        return f"{file}:{line}"
    return f"{path}:{line}"
