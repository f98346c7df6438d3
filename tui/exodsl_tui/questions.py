"""Questions to the reader: who asks what, who is told, and what is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from textual._context import NoActiveAppError

from exodsl.errors import ExodslError
from exodsl.manager.protocol import StateManager

T = TypeVar("T")
Question = Callable[[StateManager], T]
Then = Callable[[T], object]
Failed = Callable[[ExodslError], object]


class Asker(Protocol):
    """Who asks, and is told in its own thread: any widget, screen or app."""

    def call_later(self, callback: Callable[..., Any], *args: Any) -> bool:
        """Call back soon; safe from any thread. False when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the database can be read.

    :param error: why not; `None` while it can.
    :param opened: whether it was ever open, so that screens have something to show.
    :param retry_in: seconds until it is tried again.
    """

    error: ExodslError | None = None
    opened: bool = True
    retry_in: float = 0.0


@dataclass(slots=True, eq=False)
class Following:
    """A question that is asked again whenever something was committed, until it is stopped.

    :param again: asks it now, whatever was committed.
    :param forget: lets the reader ask it no more.
    :param behind: says whether something was committed since a mark.
    """

    again: Callable[[], None]
    forget: Callable[[], None]
    behind: Callable[[int], bool]
    active: bool = True
    seen: int | None = None

    def pause(self) -> None:
        """Do not ask while nobody sees the answer."""
        self.active = False

    def resume(self) -> None:
        """Go on; ask at once if something was committed meanwhile."""
        self.active = True
        if self.seen is None or self.behind(self.seen):
            self.again()

    def stop(self) -> None:
        """Ask no more."""
        self.active = False
        self.forget()


@dataclass(slots=True, eq=False)
class Request:
    """A question, and what becomes of its answer."""

    asker: Asker
    question: Question[Any]
    then: Then[Any]
    failed: Failed | None
    following: Following | None = None

    def answer(self, value: Any) -> None:
        """Tell the answer, and follow no more for an asker that is gone."""
        self._tell(self.then, value)

    def refuse(self, error: Exception) -> None:
        """Tell what went wrong; a mistake of ours is raised where the asker is."""
        if isinstance(error, ExodslError) and self.failed is not None:
            self._tell(self.failed, error)
        else:
            self._tell(_raise, error)

    def _tell(self, callback: Callable[..., object], value: Any) -> None:
        if not told(self.asker, callback, value) and self.following is not None:
            self.following.stop()


def told(asker: Asker, callback: Callable[[T], object], value: T) -> bool:
    """Call back in the asker's thread, from any other; return whether it is still there."""
    try:
        return asker.call_later(callback, value)
    except NoActiveAppError:  # it was removed a moment ago
        return False


def _raise(error: Exception) -> None:
    raise error
