"""Statements over many rows, each prepared once.

`executemany` gives the interpreter lock away at every row; with another thread busy that costs milliseconds a row. So
rows go to SQLite in few statements, multi-row VALUES of a few fixed sizes that its statement cache keeps; and to a
server in one statement, as an array for each column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from exodsl.database.dialect import Dialect
from exodsl.engine.lineage import behind

Row = tuple[Any, ...]
SIZES = (256, 64, 16, 4, 1)
SEPARATOR: str = "\x1e"
"""Stands between the JSON texts of one spilled part: the one thing no JSON text can hold."""
_ROWS = "VALUES {rows}"


@dataclass(slots=True)
class Statement:
    """An SQL text with `VALUES {rows}` where the rows stand, and the types of a row's values.

    :param types: a letter for each value: `i` an integer, `t` a text, `b` bytes; it may be NULL as well.
    """

    text: str
    types: str
    _sized: dict[int, str] = field(default_factory=dict)
    _of_columns: str = ""

    def sql(self, size: int) -> str:
        """Return the text for `size` rows."""
        if size not in self._sized:
            row = f"({','.join('?' * len(self.types))})"
            self._sized[size] = self.text.format(rows=",".join([row] * size))
        return self._sized[size]

    def sql_of_columns(self, dialect: Dialect) -> str:
        """Return the text for any number of rows, with an array for each column."""
        if not self._of_columns:
            arrays = ",".join(f"CAST(? AS {dialect.arrays[letter]})" for letter in self.types)
            names = ",".join(f"column{number}" for number in range(1, len(self.types) + 1))
            self._of_columns = self.text.replace(_ROWS, f"SELECT * FROM unnest({arrays}) AS given ({names})")
        return self._of_columns


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
    for sql, values in _pieces(connection.dialect, statement, rows, params):
        touched += connection.execute(sql, values).rowcount
    return touched


def write_returning(connection: Any, statement: Statement, rows: Sequence[Row], *params: Any) -> list[Row]:
    """Like `write`, for a statement that returns rows; they are read to the end, or the lock would stay."""
    found: list[Row] = []
    for sql, values in _pieces(connection.dialect, statement, rows, params):
        found.extend(connection.execute(sql, values).fetchall())
    return found


def _pieces(
    dialect: Dialect, statement: Statement, rows: Sequence[Row], params: tuple[Any, ...]
) -> Iterator[tuple[str, list[Any]]]:
    if dialect.arrays and rows:
        yield statement.sql_of_columns(dialect), [*params, *map(list, zip(*rows, strict=True))]
        return
    for chunk in chunks(rows):
        yield statement.sql(len(chunk)), [*params, *chain.from_iterable(chunk)]


def below(prefix: bytes) -> tuple[str, tuple[bytes, ...]]:
    """Return the condition on `path` for what stands at a path or below it, with its values."""
    return (" AND path >= ? AND path < ?", (prefix, behind(prefix))) if prefix else ("", ())
