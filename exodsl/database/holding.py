"""Which files this process has open as databases: nothing but SQLite may open and close those."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

FileId = tuple[int, int]
"""Device and number of a file, whatever it is called."""

OPENING = threading.Lock()
"""Held while a database is looked at and opened."""
_held: Counter[FileId] = Counter()
_counting = threading.Lock()


def is_held(path: Path) -> bool:
    """Say whether this process has a file open as a database.

    POSIX takes away every lock of a process on a file when it closes any handle of it. With the locks of an open
    connection gone, another process takes itself for the last one and deletes the write-ahead log underneath it.
    """
    try:
        return _held[identity(path)] > 0
    except OSError:  # it is not there, or cannot be reached: what comes next says so
        return False


def hold(path: Path) -> FileId:
    """Note that a connection has opened a file; `let_go` of what this returns when it is closed."""
    found = identity(path)
    with _counting:
        _held[found] += 1
    return found


def let_go(found: FileId | None) -> None:
    """Note that a connection was closed."""
    with _counting:
        if found is not None:
            _held[found] -= 1


def identity(path: Path) -> FileId:
    """Return what tells a file from every other one."""
    status = path.stat()
    return status.st_dev, status.st_ino
