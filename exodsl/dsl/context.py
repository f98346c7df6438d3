"""What a body may know about the state it runs in (semantics 1)."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from logging import Logger, getLogger

from exodsl.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a body is: `done` of `total`, with a few words."""

    done: int
    total: int
    note: str = ""


@dataclass(slots=True)
class Context:
    """The state that a body runs in; injected into a parameter annotated `Context`.

    :param retry_count: retries before this attempt, from 0.
    :param idempotency_key: the same for every attempt of one place in a run, different elsewhere.
    :param log: a logger whose records carry the run and the state.
    :param on_progress: what `progress` calls; by default nothing.
    """

    run_id: str
    identifier: str
    retry_count: int = 0
    idempotency_key: str = ""
    log: Logger = field(default_factory=lambda: getLogger("exodsl.node"))
    on_progress: Callable[[int, int, str], None] | None = None
    last_progress: Progress | None = None

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the body is; the last word is kept in `last_progress`."""
        self.last_progress = Progress(done, total, note)
        if self.on_progress is not None:
            self.on_progress(done, total, note)


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
