"""Numbers, times and foreign texts as a screen spells them; pure functions, given the time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from rich.cells import cell_len, set_cell_size

from exodsl_tui.signs import Piece, Pieces, Tone

SHORT = 8
"""How many digits of a run's id people see: its last ones."""
NOTHING = "-"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def short(run_id: str) -> str:
    """Return the last digits of a run's id, by which people know it."""
    return run_id[-SHORT:]


def say(text: str, tone: Tone = "") -> Pieces:
    """Return one piece of text."""
    return ((text, tone),)


def plain(text: str) -> str:
    """Return a text in one line, in which nothing can steer a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else _harmless(char) for char in text)


def _harmless(char: str) -> str:
    return " " if char in "\n\r\t" else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


def shortened(text: str, width: int, cut: str = "›") -> str:
    """Return a text in at most `width` cells; one that is longer ends with `cut`."""
    if len(text) <= width and text.isascii():
        return text
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + cut if width > 0 else ""


def fitted(text: str, width: int, cut: str = "›", *, right: bool = False) -> str:
    """Return a text in exactly `width` cells: filled up with blanks, or shortened.

    :param right: fill up at the left.
    """
    shown = shortened(text, width, cut)
    blank = " " * (width - cell_len(shown))
    return blank + shown if right else shown + blank


def piece_width(pieces: Iterable[Piece]) -> int:
    """Return how many cells some pieces of text take."""
    return sum(cell_len(text) for text, _ in pieces)


def counted(count: int, what: str, many: str | None = None) -> str:
    """Return how many of something there are: `1 state`, `1,200 states`."""
    return f"{count:,} {what if count == 1 else many or f'{what}s'}"


def brief(count: int) -> str:
    """Return a count in at most five characters: `999`, `1.2k`, `240k`, `3.1M`."""
    if count < 1_000:
        return str(count)
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            many = count / size
            return f"{many:.1f}{unit}" if many < 99.95 and f"{many:.1f}"[-1] != "0" else f"{int(many)}{unit}"
    return str(count)


def span(seconds: float) -> str:
    """Return a length of time in two units at most: `34ms`, `1.5s`, `3m20s`, `2h05m`, `4d03h`."""
    seconds = max(0.0, seconds)
    if seconds < 0.9995:
        return f"{round(seconds * 1000)}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = int(seconds + 0.5) if seconds < 60 else int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3_600}h{whole % 3_600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3_600:02}h"


def took(begun: datetime | None, ended: datetime | None, now: datetime) -> str:
    """Return how long something took, or has taken until now; `-` before it began."""
    if begun is None:
        return NOTHING
    return span(((ended or now) - begun).total_seconds())


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in one unit: `12s`, `5m`, `3h`, `2d`."""
    if moment is None:
        return NOTHING
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def until(moment: datetime, now: datetime) -> str:
    """Return how far ahead a time is: `in 12s`, or `now`."""
    return "now" if moment <= now else f"in {span((moment - now).total_seconds())}"


def at(moment: datetime | None, zone: tzinfo | None, now: datetime) -> str:
    """Return a time as the clock on the wall shows it, with its date unless that is today's.

    :param zone: the time zone to show; `None` for that of this machine.
    """
    if moment is None:
        return NOTHING
    local, today = moment.astimezone(zone), now.astimezone(zone)
    return local.strftime("%H:%M:%S" if local.date() == today.date() else "%Y-%m-%d %H:%M:%S")


def due(enqueue_after: datetime, now: datetime) -> str | None:
    """Return when a state that waits for its time is due, if that is ahead: `due 12s`."""
    ahead = enqueue_after - now
    return f"due {span(ahead.total_seconds())}" if ahead > timedelta(0) else None


def size(length: int) -> str:
    """Return the size of a text: `812 B`, `3.2 KiB`, `1.1 MiB`."""
    if length < 1024:
        return f"{length} B"
    return f"{length / 1024:.1f} KiB" if length < 1024**2 else f"{length / 1024**2:.1f} MiB"


def compact(value: Any) -> str:
    """Return a JSON value in one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def pretty(value: Any) -> str:
    """Return a JSON value over as many lines as it takes to read it."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def place(path: Iterable[int], fanout_index: int = 0, *, own: bool = False) -> str:
    """Return where a state stands: its position in each fanout from the root on.

    :param own: whether its node fans out, so that its own position counts, even when it is 0.
    """
    steps = [*path, *((fanout_index,) if own or fanout_index else ())]
    return ".".join(map(str, steps)) or NOTHING
