"""What SQLite and PostgreSQL say differently: every statement elsewhere is one that both understand.

A connection carries its dialect. Parameters are written `?`, booleans `TRUE` and `FALSE`, and many rows go through a
`Statement`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

Space = tuple[int, int, int]
"""Bytes: of the whole, of what is free for new rows, and of what rows can leave free."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """Pieces of SQL.

    :param keyed: closes an INSERT of one row, whose key `key_of` then has from its cursor.
    :param listed: the numbers of a JSON array that is the parameter.
    :param by: makes an index of the table before it the one to use.
    :param bytes_of: the length of a text in bytes, from its column.
    :param tail: the last characters of a text, from its column and how many.
    :param field: a field of a JSON object as a text, from its column and name.
    :param least: the function that gives the least of several values.
    :param arrays: the types of columns of rows, by the letters of a `Statement`; none where rows go as VALUES.
    :param false: as the tables spell it.
    :param locked: closes a query whose rows nobody else may change until the transaction ends.
    :param unlocked: closes a query that takes only rows which nobody else has, and has them until then.
    :param now: the time in milliseconds since the epoch.
    :param space: a query for the numbers of `Space`.
    """

    keyed: str
    key_of: Callable[[Any], int]
    listed: str
    by: Callable[[str], str]
    bytes_of: Callable[[str], str]
    tail: Callable[[str, int], str]
    field: Callable[[str, str], str]
    least: str
    arrays: dict[str, str]
    false: str
    locked: str
    unlocked: str
    now: str
    space: str


SQLITE = Dialect(
    keyed="",
    key_of=attrgetter("lastrowid"),
    listed="(SELECT value FROM json_each(?))",
    by=" INDEXED BY {}".format,
    bytes_of="length(CAST({} AS BLOB))".format,
    tail="substr({}, -{})".format,
    field="json_extract({}, '$.{}')".format,
    least="min",
    arrays={},
    false="0",
    locked="",  # one transaction at a time writes, so nobody is in the way
    unlocked="",
    now="CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    space=(
        "SELECT page_size * page_count, page_size * freelist_count, page_size * max(0, page_count - freelist_count"
        " - (SELECT count(*) FROM sqlite_master WHERE rootpage > 0))"
        " FROM pragma_page_size, pragma_page_count, pragma_freelist_count"
    ),
)

POSTGRES = Dialect(
    keyed=" RETURNING id",
    key_of=lambda cursor: int(cursor.fetchone()[0]),
    listed="(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(? AS json)) AS listed (value))",
    by="".format,
    bytes_of="octet_length({})".format,
    tail="right({}, {})".format,
    # No text can hold the character that is left out; the JSON can, as it spells it.
    field=r"CAST(replace({}, '\u0000', '\ufffd') AS json) ->> '{}'".format,
    least="least",
    arrays={"i": "BIGINT[]", "t": "TEXT[]", "b": "BYTEA[]"},
    false="FALSE",
    locked=" FOR UPDATE",
    unlocked=" FOR UPDATE SKIP LOCKED",
    now="CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    # What rows leave behind is counted, and used again; how much of it a file holds, only VACUUM knows.
    space=(
        "SELECT CAST(coalesce(sum(size), 0) AS BIGINT), CAST(coalesce(sum(size * dead), 0) AS BIGINT),"
        " CAST(coalesce(sum(size * (1 - dead)), 0) AS BIGINT) FROM ("
        "SELECT pg_total_relation_size(relid) AS size, n_dead_tup / greatest(1.0, n_live_tup + n_dead_tup) AS dead"
        " FROM pg_stat_user_tables WHERE schemaname = current_schema()) AS tables"
    ),
)
