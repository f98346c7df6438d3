"""One connection to a server, which is made anew when it was lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from peewee import PeeweeException, PostgresqlDatabase

from exodsl.database.postgresql.address import Address
from exodsl.database.postgresql.connection import Connection
from exodsl.database.postgresql.troubles import unreachable
from exodsl.errors import DatabaseUnusable

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
"""How long a server may stay away before what was asked of it fails."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two tries to reach it."""
_PASSING = ("starting up", "shutting down", "recovery mode", "not yet accepting")


class Link:
    """A connection that is there when it is asked for.

    :param settings: statements that every new connection begins with.
    """

    def __init__(self, address: Address, settings: str) -> None:
        self._address, self._settings = address, settings
        self.peewee: Any = PostgresqlDatabase(address.uri, prefer_psycopg3=True, thread_safe=False, **address.options)
        self._connection: Connection | None = None
        self._given_up = False
        self.patience = PATIENCE_SECONDS
        self.made = 0
        """How many connections there were, one after the other."""

    def first(self) -> Connection:
        """Connect for the first time: a server that is not there is not waited for, unless it says that it comes."""
        until = time.monotonic() + self.patience
        while True:
            try:
                return self._connected()
            except psycopg.OperationalError as error:
                if time.monotonic() > until or not any(sign in str(error) for sign in _PASSING):
                    raise unreachable(self._address.name, error) from error
            time.sleep(FIRST_PAUSE)

    @property
    def is_lost(self) -> bool:
        """There is no connection now."""
        return self._connection is None or self._connection.lost

    @property
    def number(self) -> int:
        """What the server calls the connection; 0 when there is none."""
        return 0 if self._connection is None or self._connection.lost else self._connection.raw.info.backend_pid

    def connection(self) -> Connection:
        """Return the connection, made anew if it was lost.

        :raises DatabaseUnusable: when the server stays away; who asks again then is not kept waiting.
        """
        if self._connection is not None and not self._connection.lost:
            return self._connection
        until = time.monotonic() + (0 if self._given_up else self.patience)
        pause = FIRST_PAUSE
        while True:
            try:
                return self._connected()
            except psycopg.OperationalError as error:
                if time.monotonic() + pause > until:
                    self._given_up = True
                    raise unreachable(self._address.name, error) from error
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    def begin(self, work: Callable[[Connection], T]) -> T:
        """Do what opens a transaction; on a connection that turns out to be lost, once more on a new one."""
        while True:
            connection = self.connection()
            try:
                return work(connection)
            except psycopg.OperationalError:
                if not connection.lost:
                    raise

    def _connected(self) -> Connection:
        self.close()
        try:
            self.peewee.connect()
        except PeeweeException as error:
            raise _cause(error) from error
        raw = self.peewee.connection()
        if raw.info.server_version < 130_000:
            raise DatabaseUnusable(f'Database "{self._address.name}" is on PostgreSQL before 13. Use a newer server.')
        made = Connection(raw)
        made.execute(self._settings)
        self._connection, self._given_up = made, False
        self.made += 1
        return made

    def close(self) -> None:
        """Close the connection, if there is one; idempotent."""
        self._connection = None
        if not self.peewee.is_closed():
            self.peewee.close()


def _cause(error: PeeweeException) -> BaseException:
    """Return what psycopg has said: peewee wraps it."""
    cause = error.__cause__ or error.__context__
    return cause if isinstance(cause, psycopg.Error) else error
