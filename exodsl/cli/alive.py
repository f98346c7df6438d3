"""A file whose age says whether a runtime still works: for probes, which cannot look into a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from exodsl.errors import SettingInvalid

_SECONDS = 1.0


def touching(file: Path) -> Callable[[], None]:
    """Make a file, and return what touches it, at most once a second.

    :raises SettingInvalid: when it cannot be written.
    """
    try:
        file.touch()
    except OSError as error:
        raise SettingInvalid(f'--alive "{file}" cannot be written: {error.strerror}.') from error
    last = time.monotonic()

    def touch() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS:
            last = now
            with suppress(OSError):  # a file that cannot be touched grows old, which is what the probe notices
                file.touch()

    return touch
