"""Statements over many rows: multi-row VALUES of a few fixed sizes, each prepared once.

`executemany` gives the interpreter lock away at every row; with another thread busy that costs
milliseconds a row. So rows go in few statements, of sizes that the statement cache keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from exodsl.database.dialect import Dialect

Row = tuple[Any, ...]
SIZES = (256, 64, 16, 4, 1)
SEPARATOR: str = "\x1e"
"""Stands between the JSON texts of one spilled part: the one thing no JSON text can hold."""


@dataclass(slots=True)
class Statement:
    """An SQL text with `{rows}` where the rows stand, and the types of a row's values.

    :param types: a letter for each value: `i` an integer, `t` a text, `b` bytes; it may be NULL as well.
    """

    text: str
    types: str
    _sized: dict[tuple[int, Dialect], str] = field(default_factory=dict)

    def sql(self, size: int, dialect: Dialect) -> str:
        """Return the text for `size` rows."""
        known = self._sized.get((size, dialect))
        if known is None:
            known = self._sized[size, dialect] = self.text.format(rows=",".join(self._rows(size, dialect)))
        return known

    def _rows(self, size: int, dialect: Dialect) -> list[str]:
        """Return the rows; the first one says which types all of them have, should every value be NULL."""
        plain = f"({','.join('?' * len(self.types))})"
        if not dialect.casts:
            return [plain] * size
        first = ",".join(f"CAST(? AS {dialect.casts[letter]})" for letter in self.types)
        return [f"({first})", *[plain] * (size - 1)]


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
        values = [*params]
        for row in chunk:
            values.extend(row)
        touched += connection.execute(statement.sql(len(chunk), connection.dialect), values).rowcount
    return touched


def write_returning(connection: Any, statement: Statement, rows: Sequence[Row], *params: Any) -> list[Row]:
    """Like `write`, for a statement that returns rows; they are read to the end, or the lock would stay."""
    found: list[Row] = []
    for chunk in chunks(rows):
        values = [*params]
        for row in chunk:
            values.extend(row)
        found.extend(connection.execute(statement.sql(len(chunk), connection.dialect), values).fetchall())
    return found
