"""Lists for people: a table on a terminal, aligned columns in a pipe."""

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
    """Write a table to stdout; the last column may be long, and is cut only on a terminal."""
    if sys.stdout.isatty():
        _draw(columns, rows)
        return
    widths = [max(len(row[at]) for row in (columns, *rows)) for at in range(len(columns) - 1)]
    for row in (columns, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        answer("  ".join([*cells, row[-1]]).rstrip())


def _draw(columns: Row, rows: Sequence[Row]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console().print(table)


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
    return {name: _plain(value) for name, value in dataclasses.asdict(view).items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def local_time(moment: datetime | None) -> str:
    """Return a time as the clock on the wall shows it, or `-`."""
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def lasted(begun: datetime | None, ended: datetime | None) -> str:
    """Return how long something took, or `-` while it is not over."""
    if begun is None or ended is None:
        return "-"
    seconds = (ended - begun).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} m {int(seconds % 60)} s"


def compact(value: Any) -> str:
    """Return a JSON value in one line."""
    return json.dumps(value, ensure_ascii=False)


def first_line(text: str) -> str:
    """Return the first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


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
