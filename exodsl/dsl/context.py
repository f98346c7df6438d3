"""What a body may know about the state it runs in (semantics 1)."""

from __future__ import annotations

import math
from contextvars import ContextVar
from dataclasses import dataclass, field
from logging import Logger, getLogger
from numbers import Integral, Real

from exodsl.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a body is: `done` of `total`, where that is known, with a few words."""

    done: float
    total: float | None = None
    note: str = ""


@dataclass(slots=True)
class Context:
    """The state that a body runs in; injected into a parameter annotated `Context`.

    :param retry_count: retries before this attempt, from 0.
    :param idempotency_key: the same for every attempt of one place in a run, different elsewhere.
    """

    run_id: str
    identifier: str
    retry_count: int = 0
    idempotency_key: str = ""
    last_progress: Progress | None = field(default=None, init=False)
    _log: Logger | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def log(self) -> Logger:
        """The logger of this state: its records carry the run and the state, and its lines are kept with the state."""
        if self._log is None:
            self._log = self._make_log()
        return self._log

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far the body is; the last word counts, and is seen while the body still runs.

        :param done: how much is done, from 0 on, in whatever the body counts.
        :param total: how much there is to do, if that is known; `done` may exceed it.
        :param note: a few words for people.
        :raises DefinitionError: when `done` or `total` is no number from 0 on.
        """
        amount = None if total is None else _amount("total", total)
        self.last_progress = Progress(_amount("done", done), amount, str(note))
        self._tell(self.last_progress)

    def _make_log(self) -> Logger:
        """Return the logger; that of a unit test is `exodsl.node`, and nothing of it is kept."""
        return getLogger("exodsl.node")

    def _tell(self, progress: Progress) -> None:
        """Hand the progress on; in a unit test nobody listens."""


def _amount(name: str, value: object) -> float:
    """Return a number as plain data, those of numpy too."""
    if not isinstance(value, bool) and isinstance(value, Real):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number) and number >= 0:
            return int(value) if isinstance(value, Integral) else number
    raise DefinitionError(f"ctx.progress({name}={value!r}) says nothing: give a finite number from 0 on.")


CURRENT: ContextVar[Context] = ContextVar("exodsl_context")
"""The context of the body that runs here; set around every body."""


def current_run() -> Context:
    """Return the context of the body that is running, without a parameter for it.

    :raises DefinitionError: outside of a body.
    """
    context = CURRENT.get(None)
    if context is None:
        raise DefinitionError(
            "current_run() has something to return only inside a body that a runtime runs."
            " In a unit test take `ctx: Context = inject()` as a parameter and give it by hand."
        )
    return context
