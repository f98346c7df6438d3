"""Files that somebody names: new ones to write, which overwrite nothing, and others to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from exodsl.errors import InputInvalid

MOST = 12
"""Completions that are offered."""


def check_new(path: str) -> None:
    """See that a file can be made. :raises InputInvalid: when there is one, or its folder is missing."""
    if not path.strip():
        raise InputInvalid("Name a file.")
    file = Path(path).expanduser()
    if file.exists():
        raise InputInvalid(f'There is "{path}" already; nothing is overwritten. Choose another name.')
    if not file.parent.is_dir():
        raise InputInvalid(f'There is no folder "{file.parent}".')


def check_there(path: str) -> None:
    """See that a file is there. :raises InputInvalid: when it is not."""
    if not Path(path).expanduser().is_file():
        raise InputInvalid(f'There is no file "{path}".')


def complete_path(text: str, _position: int = 0) -> Sequence[str]:
    """Return the paths that begin like a text; folders end with a slash."""
    head, slash, begun = text.rpartition("/")
    folder = Path(f"{head}{slash}" or ".").expanduser()
    found: list[str] = []
    with suppress(OSError):
        found += [
            f"{head}{slash}{entry.name}{'/' if entry.is_dir() else ''}"
            for entry in sorted(folder.iterdir())
            if entry.name.startswith(begun) and (begun.startswith(".") or not entry.name.startswith("."))
        ]
    return [one for one in found if one != text][:MOST]


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Open a new file to write; where that does not come to its end, nothing of it stays.

    :raises InputInvalid: when it cannot be written, or is there already.
    """
    try:
        file = path.open("x", encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_new(path: Path, text: str) -> None:
    """Write a text into a new file. :raises InputInvalid: when that cannot be done."""
    with new_file(path) as file:
        file.write(text)


def _unwritable(path: Path, error: OSError) -> InputInvalid:
    return InputInvalid(f'"{path}" cannot be written: {error.strerror}. Choose another file.')
