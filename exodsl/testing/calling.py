"""The context of a body that a unit test calls by hand."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from exodsl.dsl.context import Context, Progress
from exodsl.engine.notes import Line
from exodsl.runtime.telling import StateLogger


@dataclass(slots=True, kw_only=True)
class HeardContext(Context):
    """A context that remembers what the body told.

    :param logged: the lines of its log, as `"INFO 3 pages"`.
    :param told: every progress it reported; `last_progress` is the last.
    """

    logged: list[str] = field(default_factory=list)
    told: list[Progress] = field(default_factory=list)

    def _make_log(self) -> logging.Logger:
        return StateLogger(logging.getLogger("exodsl.node"), logging.DEBUG, self._hear)

    def _hear(self, line: Line) -> None:
        self.logged.append(f"{logging.getLevelName(line.level)} {line.message}")

    def _tell(self, progress: Progress) -> None:
        self.told.append(progress)


def context(
    run_id: str = "run", identifier: str = "node", *, retry_count: int = 0, idempotency_key: str = "run/node/"
) -> HeardContext:
    """Return a context for a body that is called by hand: `load("a.txt", ctx=context())`.

    :param retry_count: retries before this attempt, 0 by default.
    :param idempotency_key: what the body takes for the key of its place in the run.
    """
    return HeardContext(run_id, identifier, retry_count, idempotency_key)
