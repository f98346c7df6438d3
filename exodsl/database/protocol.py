"""What the state manager asks of a database, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from typing import Any, Protocol


class Keys(Protocol):
    """Gives out keys, inside the transaction that is open; none of them twice, whatever becomes of it."""

    def catch_up(self, connection: Any) -> None:
        """Learn which keys others have taken meanwhile; before any is given out."""
        ...

    def next(self) -> int:
        """Return a key that no state has had."""
        ...

    def reserve(self, count: int) -> int:
        """Set consecutive keys of states aside, with nobody else at work; return the first."""
        ...

    def next_run(self) -> int:
        """Return a key that no run has had."""
        ...


class Database(Protocol):
    """An open database. Connections have `execute`, and the `dialect` that it understands."""

    @property
    def lock(self) -> RLock:
        """Held by the thread whose transaction is open."""
        ...

    @property
    def keys(self) -> Keys:
        """Gives out keys of states and runs."""
        ...

    @property
    def path(self) -> str:
        """What it is called in messages: a file, `:memory:`, or the URI of a server without the password."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether every transaction is refused."""
        ...

    @property
    def snapshot(self) -> bool:
        """Whether it is taken not to change any more."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other machines may work on it, too."""
        ...

    @property
    def tells(self) -> bool:
        """Whether what is given to `listen` is called, so that nobody needs to look often."""
        ...

    def transaction(self, *, alone: bool = False) -> AbstractContextManager[Any]:
        """Give a connection that writes; commit at the end, roll back on any error.

        :param alone: nobody else's transaction goes on meanwhile, on any machine.
        :raises TransactionUndone: when nothing of it was recorded, and doing it again may well succeed.
        :raises DatabaseUnusable: when it cannot be written.
        """
        ...

    def reading(self, limit: float | None = None) -> AbstractContextManager[Any]:
        """Give a connection that sees one committed moment and cannot write.

        :param limit: how many seconds this look may take, where looks are limited.
        :raises ReadTimeout: when it took longer.
        """
        ...

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed."""
        ...

    def changed_elsewhere(self) -> object:
        """Return what differs, in a transaction, from what it was when others have left work or changed rules."""
        ...

    def leave_work(self) -> None:
        """Note that the transaction that is open leaves work to others: they hear of it when it is committed."""
        ...

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` from a thread of its own whenever others have left work, where the database tells."""
        ...

    def now_ms(self) -> int:
        """Return the time in milliseconds since the epoch; the same for everybody who shares the database."""
        ...

    def back_since(self) -> int:
        """Return when it could be reached again after it could not: nobody renewed a lease before that time."""
        ...

    def close(self) -> None:
        """Close every connection; idempotent."""
        ...
