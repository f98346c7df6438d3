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


class _StateFilter(logging.Filter):
    """Adds the ids of the state that logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        claim = CLAIM.get(None)
        if claim is not None:
            record.__dict__.update(extras(claim))
        return True


def extras(claim: Claim) -> dict[str, object]:
    """Return what a log record says of a state."""
    return {
        "run_id": claim.run_id,
        "state_id": claim.state_id,
        "identifier": claim.identifier,
        "retry_count": claim.retry_count,
    }


@lru_cache(maxsize=1024)
def node_logger(identifier: str) -> logging.Logger:
    """Return the logger that bodies of this node get."""
    logger = LOG.getChild(identifier)
    logger.addFilter(_StateFilter())
    return logger


def lowest_level(logger: logging.Logger) -> int:
    """Return the level from which a child process must tell what is logged."""
    return min(logging.getLogger().level, logger.getEffectiveLevel())


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
