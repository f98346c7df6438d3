"""A PostgreSQL database: transactions of many machines at once, each run changed by one at a time (semantics 10).

Transactions are READ COMMITTED. Whoever changes the states of a run holds the run's row; claims pass over states that
somebody else has. Beside that there is one lock for all: transactions share it, and those that have to be `alone`
hold it by themselves, so what they change is seen by every transaction that begins later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b
from secrets import randbits
from typing import Any, Literal

import psycopg

from exodsl.database.keys import KeyBlocks
from exodsl.database.postgresql.address import Address, parse
from exodsl.database.postgresql.connection import Connection
from exodsl.database.postgresql.link import Link
from exodsl.database.postgresql.listening import CHANNEL, Listener
from exodsl.database.postgresql.schema import BLOCK, RUN_BLOCK, check_version, prepare
from exodsl.database.postgresql.troubles import trouble, undecided
from exodsl.errors import DatabaseUnusable

STALLED_MS = 10_000
"""A process that stops in the middle of a transaction holds others up for so long; then the server ends it."""
LOCK_MS = STALLED_MS + 5_000
_SETTINGS = (
    "SET search_path TO {schema};"
    f" SET idle_in_transaction_session_timeout = {STALLED_MS}; SET lock_timeout = {LOCK_MS};"
    " SET jit = off; SET client_min_messages = warning; SET timezone = 'UTC'{more}"
)
_SIGN = (
    "WITH wrote AS (SELECT 1 WHERE pg_current_xact_id_if_assigned() IS NOT NULL),"
    " gone AS (DELETE FROM writer USING wrote WHERE id = {writer} AND number < {number})"
    " INSERT INTO writer (id, number) SELECT {writer}, {number} FROM wrote"
)
"""What a transaction that wrote something leaves behind, so that its writer can find out that it was committed."""
_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


class Postgres:
    """One PostgreSQL database, as this process sees it: a connection that writes, and one that reads.

    :param uri: `postgresql://user:password@host:port/database`, with all that libpq knows; `schema=` names the schema
        of the tables, which is `exodsl` otherwise.
    :param durability: `full` leaves it to the server when a commit is safe, `normal` may lose the last moments when
        the server crashes.
    :raises DatabaseUnusable: when it cannot be reached, or holds something else.
    """

    shared = tells = True
    read_only = snapshot = False

    def __init__(self, uri: str, *, durability: Literal["full", "normal"] = "full") -> None:
        self._address: Address = parse(uri)
        self.path = self._address.name
        self.lock, self._read_lock = threading.RLock(), threading.RLock()
        self._closed = self._leaves = False
        self._mark = self._own = self._heard = 0
        self._server_ms = self._read_at = 0.0
        self._known = self._back = self._number = 0
        self._writer_id = randbits(62)
        self.keys = KeyBlocks(self._blocks, BLOCK, self._run_keys)
        self._settings = settings(self._address, durability)
        self._writer, self._reader = (Link(self._address, self._settings) for _ in range(2))
        self._listener: Listener | None = None
        try:
            self._schema_key = prepare(self._writer, self._address)
        except psycopg.Error as error:
            self.close()
            raise trouble(self.path, error, lost=False) from error
        except BaseException:
            self.close()
            raise
        self._known = self._writer.made
        self._back = self._server_began()

    # Transactions

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Generator[Connection]:
        """Give the writing connection; see `Database.transaction`."""
        with self.lock:
            self._refuse_closed()
            connection = self._begun(alone)
            try:
                yield connection
            except psycopg.Error as error:
                raise trouble(self.path, error, lost=connection.lost) from error
            else:
                self._commit(connection)
            finally:
                roll_back(connection)

    def _begun(self, alone: bool) -> Connection:
        self._leaves = alone
        try:
            connection, answer = self._writer.begin(lambda connection: (connection, self._begin(connection, alone)))
        except psycopg.Error as error:
            raise trouble(self.path, error, lost=False) from error
        self._mark, version, now = answer
        self._own += alone
        self._server_ms, self._read_at = float(now), time.monotonic()
        if self._writer.made != self._known:
            self._known, self._back = self._writer.made, int(now)
        try:
            check_version(self.path, version)
        except DatabaseUnusable:
            roll_back(connection)
            raise
        return connection

    def _begin(self, connection: Connection, alone: bool) -> tuple[int, int, int]:
        # In one message: each statement sees what was committed before it began, so after the lock was had.
        share = "" if alone else "_shared"
        bump = "SELECT nextval('mark');" if alone else ""
        cursor = connection.execute(
            "BEGIN ISOLATION LEVEL READ COMMITTED;"
            f" SELECT pg_advisory_xact_lock{share}({self._schema_key}, 1); {bump}"
            f" SELECT (SELECT last_value FROM mark), version, {_NOW} FROM schema_version"
        )
        row: tuple[int, int, int] = _last(cursor)
        return row

    def _commit(self, connection: Connection) -> None:
        self._number += 1
        sign = _SIGN.format(writer=self._writer_id, number=self._number)
        tell = f"SELECT pg_notify('{CHANNEL}', '{self._schema_key}'); " if self._leaves else ""
        count = "; SELECT nextval('mark')" if self._leaves else ""
        try:
            cursor = connection.execute(f"{sign}; {tell}COMMIT{count}")
        except psycopg.Error as error:
            if not connection.lost:
                raise trouble(self.path, error, lost=False) from error
            self._ensure_committed(error)
            return
        if count:
            self._own += 1
            self._mark = max(self._mark, _last(cursor)[0])

    def _ensure_committed(self, error: psycopg.Error) -> None:
        """Find out what became of a commit that got no answer.

        Whoever signs first is right: with our signature there, a commit that is still under way cannot be made. Others
        may not have been told of it; they will look by themselves.

        :raises TransactionUndone: when it was not made.
        :raises DatabaseUnusable: when the server does not come back to say so.
        """
        sign = "INSERT INTO writer (id, number) VALUES (?, ?) ON CONFLICT DO NOTHING"
        try:
            signed = self._writer.begin(lambda connection: connection.execute(sign, (self._writer_id, self._number)))
        except (psycopg.Error, DatabaseUnusable) as away:
            raise undecided(self.path) from away
        if signed.rowcount:
            raise trouble(self.path, error, lost=True) from error

    @contextmanager
    def reading(self, limit: float | None = None) -> Generator[Connection]:
        """Give a connection that sees one committed moment and cannot write; looks are not limited."""
        with self._read_lock:
            self._refuse_closed()
            try:
                connection = self._reader.begin(_begin_reading)
                try:
                    yield connection
                finally:
                    roll_back(connection)
            except psycopg.Error as error:
                raise trouble(self.path, error, lost=self._reader.is_lost) from error

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed."""
        return mark(self.reading())

    # What others do

    def changed_elsewhere(self) -> object:
        """Return what differs when others have left work; to be asked inside a transaction."""
        return self._mark - self._own, self._heard

    def leave_work(self) -> None:
        """Tell others at the end of the transaction that is open."""
        self._leaves = True

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` when others have left work; see `Database.listen`."""

        def noted() -> None:
            self._heard += 1
            heard()

        if self._listener is None:
            link = Link(self._address, self._settings)
            self._listener = Listener(link, str(self._schema_key), noted, lambda: self._writer.number)

    def now_ms(self) -> int:
        """Return the time of the server, as the last transaction saw it, and what has passed since."""
        if not self._server_ms:
            with self.transaction():
                pass
        return int(self._server_ms + (time.monotonic() - self._read_at) * 1000)

    def back_since(self) -> int:
        """Return when the server was started, or was reached again."""
        return self._back

    def _server_began(self) -> int:
        connection = self._writer.connection()
        text = "SELECT CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000 AS BIGINT)"
        return int(connection.execute(text).fetchone()[0])

    def _blocks(self, count: int) -> int:
        """Set blocks of keys aside; several at once only when nobody else is at work."""
        connection = self._writer.connection()
        first = int(connection.execute("SELECT nextval('state_id_seq')").fetchone()[0])
        if count > 1:
            connection.execute("SELECT setval('state_id_seq', ?)", (first + (count - 1) * BLOCK,))
        return first

    def _run_keys(self) -> range:
        first = int(self._writer.connection().execute("SELECT nextval('run_id_seq')").fetchone()[0])
        return range(first, first + RUN_BLOCK)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DatabaseUnusable(f'Database "{self.path}" was closed. Open it again.')

    def close(self) -> None:
        """Close every connection; idempotent."""
        if self._listener is not None:
            self._listener.close()
        with self.lock, self._read_lock:
            self._closed = True
            self._writer.close()
            self._reader.close()


def mark(reading: AbstractContextManager[Connection]) -> int:
    """Return a number for what a look sees: it is another one whenever a transaction has ended."""
    with reading as connection:
        (seen,) = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    return int.from_bytes(blake2b(seen.encode(), digest_size=7).digest(), "big")


def settings(address: Address, durability: str) -> str:
    schema = '"' + address.schema.replace('"', '""') + '"'
    return _SETTINGS.format(schema=schema, more="; SET synchronous_commit = off" if durability == "normal" else "")


def _begin_reading(connection: Connection) -> Connection:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    return connection


def _last(cursor: Any) -> Any:
    """Return the first row of the last of several results."""
    while cursor.nextset():
        pass
    return cursor.fetchone()


def roll_back(connection: Connection) -> None:
    """End a transaction that may have ended already; a connection that is lost has none."""
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.raw.close()
