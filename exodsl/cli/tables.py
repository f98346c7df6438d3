"""Lists for people: aligned columns, in colour and as wide as the screen on a terminal."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from exodsl.cli.exits import answer, say
from exodsl.errors import InputInvalid, did_you_mean

if TYPE_CHECKING:
    from exodsl.manager.views import Page

Row = Sequence[str]
_PIPED = 200
_BETWEEN = 2
_NARROWEST = 10
_COLOURS = {
    "SUCCESS": "green",
    "RUNNING": "cyan",
    "QUEUED": "cyan",
    "EXECUTED": "cyan",
    "FAILED": "red",
    "ERRORED": "red",
    "NEXT_CREATED_ERROR": "red",
    "PRUNED": "yellow",
    "RETRY_CREATED": "yellow",
}


def show_table(columns: Row, rows: Sequence[Row]) -> None:
    """Write a table to stdout: every column in full but the last, which is cut to the room that is left.

    That is what remains of a terminal's line, and 200 characters in a pipe; `--json` has everything.
    """
    from rich.cells import cell_len

    widths = [max(cell_len(row[at]) for row in (columns, *rows)) for at in range(len(columns) - 1)]
    if sys.stdout.isatty():
        _draw(columns, rows, widths)
        return
    for row in (columns, *rows):
        answer("".join(_cells(row, widths, _PIPED)).rstrip())


def _draw(columns: Row, rows: Sequence[Row], widths: Sequence[int]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    taken = sum(widths) + _BETWEEN * len(widths)
    # A terminal too narrow for this wraps the lines by itself: what names a run or a state is never cut.
    room = max(console.width - taken, len(columns[-1]), _NARROWEST)
    head = Text("".join(_cells(columns, widths, room)), style="bold")
    lines = [Text.assemble(*zip(_cells(row, widths, room), map(_colour, row), strict=True)) for row in rows]
    for line in (head, Text("─" * min(taken + room, console.width), style="dim"), *lines):
        console.print(line, soft_wrap=True)


def _cells(row: Row, widths: Sequence[int], room: int) -> list[str]:
    """Return the cells of a row as wide as they are shown, with the space between them."""
    from rich.cells import cell_len

    padded = [cell + " " * (width - cell_len(cell) + _BETWEEN) for cell, width in zip(row, widths, strict=False)]
    return [*padded, _cut(row[-1], room)]


def _cut(text: str, room: int) -> str:
    """Return as much of a text as there is room for, without signs that steer a terminal."""
    from rich.cells import cell_len, set_cell_size

    line = "".join(sign if sign.isprintable() else " " for sign in text[: room + 1])
    return line if cell_len(line) <= room else f"{set_cell_size(line, room - 1).rstrip()}…"


def _colour(cell: str) -> str:
    return _COLOURS.get(cell, "")


def show_page(page: Page[Any]) -> None:
    """Write one page of views as a JSON document."""
    document = {"items": [as_plain(item) for item in page.items], "next_cursor": page.next_cursor}
    answer(json.dumps(document, ensure_ascii=False, indent=2))


def say_more(command: str, page: Page[Any]) -> None:
    """Say on stderr how to see the next page, if there is one."""
    if page.next_cursor is not None:
        say(f"There are more: {command} --cursor {page.next_cursor}")


def as_plain(view: Any) -> dict[str, Any]:
    """Return a view as JSON values; times as ISO 8601 in UTC."""
    plain: dict[str, Any] = _plain(dataclasses.asdict(view))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def local_time(moment: datetime | None) -> str:
    """Return a time as the clock on the wall shows it, or `-`."""
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def lasted(begun: datetime | None, ended: datetime | None) -> str:
    """Return how long something took, or `-` while it is not over."""
    if begun is None or ended is None:
        return "-"
    return spelled_seconds((ended - begun).total_seconds())


def spelled_seconds(seconds: float) -> str:
    """Return a length of time as people say it: `34 ms`, `1.5 s`, `3 m 20 s`."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < 59.95 else f"{int(seconds // 60)} m {int(seconds % 60)} s"


def compact(value: Any) -> str:
    """Return a JSON value in one line."""
    return json.dumps(value, ensure_ascii=False)


def status_named(text: str | None, statuses: Mapping[str, object]) -> str | None:
    """Return a status in its own spelling; :raises InputInvalid: when there is none of this name."""
    if text is None:
        return None
    name = text.strip().upper()
    if name not in statuses:
        raise InputInvalid(
            f'--status "{text}" is unknown. There is: {", ".join(statuses)}.{did_you_mean(name, statuses)}'
        )
    return name
