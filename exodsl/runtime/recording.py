"""Log records as plain data, where a body runs in another process than its runtime."""

from __future__ import annotations

import logging

from exodsl.runtime.frames import LogLine
from exodsl.runtime.logs import message_of, trace_of


class Recorder(logging.Handler):
    """Remembers what is logged, for the runtime to log it again."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a record."""
        self._records.append(record)

    def lines(self) -> tuple[LogLine, ...]:
        """Return what was logged, oldest first."""
        return tuple(map(_plain, tuple(self._records)))


def _plain(record: logging.LogRecord) -> LogLine:
    return LogLine(
        record.name,
        record.levelno,
        message_of(record),
        record.pathname,
        record.lineno,
        record.funcName,
        record.created,
        trace_of(record),
    )
