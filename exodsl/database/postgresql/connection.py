"""A psycopg connection that takes the statements of this room: `?` for parameters, integers of 64 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from exodsl.database.dialect import POSTGRES

PREPARED = 500
"""How many statements the server keeps prepared: all there are, in each size."""
_NUL = "\x00"


class Connection:
    """A connection in autocommit mode: transactions begin and end as statements do.

    :param raw: the connection that peewee has made.
    """

    dialect = POSTGRES

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        raw.prepared_max = PREPARED
        raw.adapters.register_dumper(int, Int8Dumper)  # one type, so that a statement is prepared once

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement, or several that have no parameters; return its cursor."""
        if not values:
            return self.raw.execute(sql)
        try:
            return self.raw.execute(_marked(sql), values)
        except psycopg.errors.NumericValueOutOfRange as error:
            raise OverflowError(str(error)) from error  # as `sqlite3` says it
        except psycopg.DataError:
            if not any(_NUL in text for text in _texts(values)):
                raise
        # The one character that no text of PostgreSQL can hold; nothing was sent yet.
        return self.raw.execute(_marked(sql), [_told(value) for value in values])

    @property
    def in_transaction(self) -> bool:
        """A transaction is open, be it in vain."""
        return not self.lost and self.raw.info.transaction_status != TransactionStatus.IDLE

    @property
    def lost(self) -> bool:
        """It was closed, by whichever side."""
        return bool(self.raw.closed)


def _texts(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)


def _told(value: Any) -> Any:
    if isinstance(value, list):
        return [_told(item) for item in value]
    return value.replace(_NUL, "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


@lru_cache(2_000)
def _marked(sql: str) -> str:
    # A list of nothing is no list here; no value is in it either way.
    return sql.replace("%", "%%").replace("?", "%s").replace(" IN ()", " IN (NULL)")
