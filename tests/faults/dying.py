"""A process that kills itself at one boundary of its transactions: before or after the n-th BEGIN or COMMIT."""

from __future__ import annotations

import os
import signal
import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from exodsl.database import looking
from tests.faults.orders import work

When = Literal["before", "after"]
BEGIN, COMMIT = "BEGIN IMMEDIATE", "COMMIT"


@dataclass
class Death:
    """Comes `when` the `number`-th statement of this kind is run."""

    when: When
    statement: str
    number: int
    seen: int = 0

    def passes(self, when: When, sql: str) -> None:
        """Take note of a statement; end the process if it is the one."""
        if when == self.when and sql == self.statement:
            self.seen += 1
            if self.seen == self.number:
                os.kill(os.getpid(), signal.SIGKILL)


class _Connection(looking.Connection):
    def __init__(self, *args: Any, death: Death, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.death = death

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self.cursor().execute(sql, parameters)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> _Cursor:
        death = cast(_Connection, self.connection).death
        death.passes("before", sql)
        super().execute(sql, parameters)
        death.passes("after", sql)
        return self


def work_until(death: Death, file: Path) -> None:
    """Work on the run in a process that dies; it ends in peace when death does not come."""
    looking.Connection = partial(_Connection, death=death)  # type: ignore[misc, assignment]
    work(file)
