"""Statements over many rows: multi-row VALUES of a few fixed sizes, each prepared once.

`executemany` gives the interpreter lock away at every row; with another thread busy that costs
milliseconds a row. So rows go in few statements, of sizes that the statement cache keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from exodsl.engine.lineage import behind

Row = tuple[Any, ...]
SIZES = (256, 64, 16, 4, 1)
SEPARATOR: str = "\x1e"
"""Stands between the JSON texts of one spilled part: the one thing no JSON text can hold."""


@dataclass(slots=True)
class Statement:
    """An SQL text with `{rows}` where the rows stand, and how many values a row has."""

    text: str
    width: int
    _sized: dict[int, str] = field(default_factory=dict)

    def sql(self, size: int) -> str:
        """Return the text for `size` rows."""
        if size not in self._sized:
            row = f"({','.join('?' * self.width)})"
            self._sized[size] = self.text.format(rows=",".join([row] * size))
        return self._sized[size]


def chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut rows into pieces of the fixed sizes, largest first."""
    at = 0
    for size in SIZES:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


def write(connection: Any, statement: Statement, rows: Sequence[Row], *params: Any) -> int:
    """Run a statement over all rows; `params` stand before the rows. Return the rows it touched."""
    touched = 0
    for chunk in chunks(rows):
        values = [*params, *chain.from_iterable(chunk)]
        touched += connection.execute(statement.sql(len(chunk)), values).rowcount
    return touched


def write_returning(connection: Any, statement: Statement, rows: Sequence[Row], *params: Any) -> list[Row]:
    """Like `write`, for a statement that returns rows; they are read to the end, or the lock would stay."""
    found: list[Row] = []
    for chunk in chunks(rows):
        values = [*params, *chain.from_iterable(chunk)]
        found.extend(connection.execute(statement.sql(len(chunk)), values).fetchall())
    return found


def below(prefix: bytes) -> tuple[str, tuple[bytes, ...]]:
    """Return the condition on `path` for what stands at a path or below it, with its values."""
    return (" AND path >= ? AND path < ?", (prefix, behind(prefix))) if prefix else ("", ())
