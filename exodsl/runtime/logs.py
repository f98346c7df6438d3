"""Loggers of the runtime, whose records carry run and state."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from functools import lru_cache

from exodsl.engine.reports import Claim
from exodsl.runtime.frames import Envelope

LOG = logging.getLogger("exodsl.runtime")
CLAIM: ContextVar[Claim] = ContextVar("exodsl_claim")
"""The state whose body runs here."""


def extras(claim: Claim) -> dict[str, object]:
    """Return what a log record says of a state."""
    return {
        "namespace": claim.namespace,
        "graph": claim.graph,
        "run_id": claim.run_id,
        "state_id": claim.state_id,
        "identifier": claim.identifier,
        "retry_count": claim.retry_count,
    }


@lru_cache(maxsize=1024)
def node_logger(identifier: str) -> logging.Logger:
    """Return the logger below which those of this node's states are."""
    return LOG.getChild(identifier)


def lowest_level(logger: logging.Logger) -> int:
    """Return the level from which a child process must tell what is logged."""
    return min(logging.getLogger().level, logger.getEffectiveLevel())


def message_of(record: logging.LogRecord) -> str:
    """Return what a record says; arguments that do not fit must not end a body."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - whatever the repr of an argument may raise
        return f"{record.msg} ({error})"


def trace_of(record: logging.LogRecord) -> str | None:
    """Return the traceback that a record has, as text."""
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text


def repeat(envelope: Envelope, claim: Claim) -> None:
    """Print and log here, whole, what a body printed and logged in a child process."""
    if envelope.printed:
        sys.stdout.write(envelope.printed)
        sys.stdout.flush()
    if envelope.complained:
        sys.stderr.write(envelope.complained)
        sys.stderr.flush()
    for line in envelope.logged:
        logger = logging.getLogger(line.name)
        if logger.isEnabledFor(line.level):
            record = logger.makeRecord(
                line.name, line.level, line.path, line.line, line.message, (), None, line.function,
                extras(claim),
            )  # fmt: skip
            record.created, record.exc_text = line.created, line.error
            logger.handle(record)
