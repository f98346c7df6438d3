"""How a body tells what it does: the logger and the context of one state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from exodsl.dsl.context import Context, Progress
from exodsl.engine.notes import Line, Progressed, cut
from exodsl.engine.reports import Claim
from exodsl.runtime.blotting import blotted
from exodsl.runtime.logs import extras, message_of, node_logger, trace_of
from exodsl.runtime.notebook import Notebook


@dataclass(slots=True, kw_only=True, init=False)
class StateContext(Context):
    """The context of a claimed state. Its logger is made when it is asked for, as most bodies never do."""

    claim: Claim = field(repr=False)
    notebook: Notebook = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    def __init__(self, claim: Claim, notebook: Notebook, secrets: Mapping[str, str]) -> None:
        Context.__init__(self, claim.run_id, claim.identifier, claim.retry_count, place_key(claim))
        self.claim, self.notebook, self.secrets = claim, notebook, secrets

    def _make_log(self) -> logging.Logger:
        node, secrets = node_logger(self.identifier), self.secrets.values()
        keep = partial(self.notebook.hear, self.claim)
        return StateLogger(node, kept_from(node), keep, secrets, extras(self.claim))

    def _tell(self, progress: Progress) -> None:
        self.notebook.hear(self.claim, progressed(progress, self.secrets.values()))


def place_key(claim: Claim) -> str:
    """Return what is the same for every attempt of one place in a run, and different elsewhere."""
    return f"{claim.run_id}/{claim.identifier}/{claim.path.hex()}"


class StateLogger(logging.Logger):
    """The logger of one state, below that of its node: what it lets through goes up there as usual.

    :param kept_from: the level from which lines are kept with the state, whatever the loggers above let through.
    :param keep: gets each line.
    :param secrets: values that are blotted out of what is kept and of what goes up (semantics 8).
    :param extra: what each record carries.
    """

    def __init__(
        self,
        node: logging.Logger,
        kept_from: int,
        keep: Callable[[Line], None],
        secrets: Collection[str] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(node.name)
        self.parent = node
        self._kept_from, self._keep, self._secrets, self._extra = kept_from, keep, secrets, extra or {}

    def isEnabledFor(self, level: int) -> bool:
        """Say whether anybody wants records of this level."""
        return self._keeps(level) or self._lets_through(level)

    def handle(self, record: logging.LogRecord) -> None:
        """Keep a record as a line, and hand it up."""
        record.__dict__.update(self._extra)
        if self._secrets:
            _blot(record, self._secrets)
        if self._keeps(record.levelno):
            self._keep(Line(int(record.created * 1000), record.levelno, cut(_text(record))))
        if self._lets_through(record.levelno):
            super().handle(record)

    def _keeps(self, level: int) -> bool:
        return level >= (self.level or self._kept_from)

    def _lets_through(self, level: int) -> bool:
        return level > self.manager.disable and level >= self.getEffectiveLevel()


def kept_from(logger: logging.Logger) -> int:
    """Return the level from which lines are kept: what was set for exodsl's loggers, else INFO.

    The root's level is that of a screen or a file, so it does not count.
    """
    above: logging.Logger | None = logger
    while above is not None and above is not logging.root:
        if above.level:
            return above.level
        above = above.parent
    return logging.INFO


def progressed(progress: Progress, secrets: Collection[str]) -> Progressed:
    """Return a progress as it is kept."""
    note = blotted(progress.note, secrets) if secrets else progress.note
    return Progressed(time.time_ns() // 1_000_000, progress.done, progress.total, cut(note))


def _blot(record: logging.LogRecord, secrets: Collection[str]) -> None:
    """Take secrets out of a record that has some; any other stays as it is, with its arguments."""
    message, trace = message_of(record), trace_of(record)
    if (clean := blotted(message, secrets)) != message:
        record.msg, record.args = clean, ()
    if trace and (clean := blotted(trace, secrets)) != trace:
        record.exc_info, record.exc_text = None, clean


def _text(record: logging.LogRecord) -> str:
    return "\n".join(filter(None, (message_of(record), trace_of(record))))
