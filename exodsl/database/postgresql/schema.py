"""The tables on a server: made once however many processes open them at once, and brought up to date."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from peewee import SQL, TextField

from exodsl.database.migrations import at_work, busy
from exodsl.database.postgresql.address import Address
from exodsl.database.postgresql.connection import Connection
from exodsl.database.postgresql.link import Link
from exodsl.database.tables import SCHEMA_VERSION, make_tables
from exodsl.errors import SchemaMismatch

BLOCK, RUN_BLOCK = 100, 10
"""How many keys of states, and of runs, a process sets aside at once."""
STEPS: Mapping[int, str] = {}
"""What leads from each schema to the next, from the first one that was on PostgreSQL: 3."""
_WRITERS = (
    "CREATE TABLE writer (id BIGINT, number BIGINT, signed TIMESTAMPTZ NOT NULL DEFAULT now(),"
    " PRIMARY KEY (id, number))"
)
"""The number of the last transaction of each process, kept for a day after that."""
_FORGET = "DELETE FROM writer WHERE signed < now() - INTERVAL '1 day'"
WAIT_SECONDS, LOOK_SECONDS = 60.0, 0.25
"""How long a migration waits for runtimes of an earlier exodsl to end; leases of those that were killed last less."""


def prepare(link: Link, address: Address, steps: Mapping[int, str] = STEPS, newest: int = SCHEMA_VERSION) -> int:
    """See that today's tables are there; return what names their schema in locks.

    :raises SchemaMismatch: when another program's tables are there, those of a newer exodsl, or those of an older one
        that is still at work after a minute.
    """
    until = time.monotonic() + WAIT_SECONDS
    connection = link.first()
    while True:
        version = version_in(connection, address)
        if version != newest:
            version = _made(link, connection, address, steps, newest, time.monotonic() > until)
        if version is not None:
            check_version(address.name, version, newest)
            connection.execute(_FORGET)
            return _key(connection)
        time.sleep(LOOK_SECONDS)


def check_version(name: str, version: int, newest: int = SCHEMA_VERSION) -> None:
    """Refuse tables of another schema; :raises SchemaMismatch: with both numbers."""
    if version != newest:
        raise SchemaMismatch(
            f'Database "{name}" has schema {version}; this exodsl works with schema {newest}.'
            f" {'Install a newer exodsl' if version > newest else 'Open it anew, which brings it up to date'}."
        )


def _made(
    link: Link, connection: Connection, address: Address, steps: Mapping[int, str], newest: int, last: bool
) -> int | None:
    """Make the tables, or bring them up to date, with nobody else at it; `None` when somebody is at work on them."""
    connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({_number(address.schema)}, 0)")
    try:
        version = version_in(connection, address)
        if version is None:
            _make(link, connection, address)
            version = newest
        elif version < newest and version in steps:
            # Those who are in the middle of a transaction end it first; those who come later find the new schema.
            connection.execute(f"SELECT pg_advisory_xact_lock({_key(connection)}, 1)")
            names = at_work(connection)
            if names and last:
                raise busy(address.name, version, names, newest)
            if names:
                return None
            version = _migrate(connection, steps, version, newest)
        connection.execute("COMMIT")
        return version
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _make(link: Link, connection: Connection, address: Address) -> None:
    if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (address.schema,)).fetchone():
        connection.execute(f"CREATE SCHEMA {_quoted(address.schema)}")
    tables = make_tables(link.peewee).all()
    _order_by_bytes(tables)
    names = {model._meta.table_name for model in tables}
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", (address.schema,)).fetchall()
    taken = sorted(names & {name for (name,) in found})
    if taken:
        raise SchemaMismatch(
            f'Schema "{address.schema}" of database "{address.name}" has tables of another program: {", ".join(taken)}.'
            " Name another schema: add ?schema=NAME to the URI."
        )
    link.peewee.create_tables(tables)
    connection.execute(
        f"ALTER SEQUENCE state_id_seq INCREMENT BY {BLOCK}; ALTER SEQUENCE run_id_seq INCREMENT BY {RUN_BLOCK};"
        f" CREATE SEQUENCE mark; SELECT nextval('mark'); {_WRITERS}"
    )
    connection.execute("INSERT INTO schema_version (version, sessions) VALUES (?, 0)", (SCHEMA_VERSION,))


def _order_by_bytes(tables: Sequence[Any]) -> None:
    """Let texts be compared as SQLite does it, whatever the language of the database."""
    for model in tables:
        for field in model._meta.sorted_fields:
            if isinstance(field, TextField):
                field.constraints = [SQL('COLLATE "C"')]


def _migrate(connection: Connection, steps: Mapping[int, str], version: int, newest: int) -> int:
    for step in range(version, newest):
        connection.execute(steps[step])
    connection.execute("UPDATE schema_version SET version = ?", (newest,))
    return newest


def version_in(connection: Connection, address: Address) -> int | None:
    """Return the schema of a database, `None` where there are no tables."""
    # The catalogs are asked, as `to_regclass` may not know yet what was made while a lock was waited for.
    there = connection.execute(
        "SELECT 1 FROM pg_tables WHERE schemaname = ? AND tablename = 'schema_version'", (address.schema,)
    ).fetchone()
    row = connection.execute("SELECT version FROM schema_version").fetchone() if there else None
    return None if row is None else int(row[0])


def _key(connection: Connection) -> int:
    """Return the number of the schema as a signed one, as locks want it."""
    (number,) = connection.execute("SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema()").fetchone()
    return int(number) - 2**32 if number >= 2**31 else int(number)


def _number(schema: str) -> int:
    return zlib.crc32(schema.encode()) - 2**31


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
