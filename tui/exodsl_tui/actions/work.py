"""An action in two halves: a plan, which says counted what will happen, and its doing, in steps that can be stopped.

Both halves run in a thread of their own, each with a state manager that is opened for it and closed behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from exodsl.manager.protocol import StateManager
from exodsl_tui.links import Link

T = TypeVar("T")
CHUNK = 100
"""States that one transaction of an action is about."""
MANY = 100
"""Whoever changes more than this types how many they are."""


class Watch:
    """Stands between work in a thread and who looks on.

    :param tell: is called, in that thread, with how far it is.
    """

    def __init__(self, tell: Callable[[str], object] = lambda said: None) -> None:
        self.tell = tell
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask it to end after the step that it is at."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()


Job = Callable[[StateManager, Watch], T]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was left as it is, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return self.why if self.what in self.why else f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did.

    :param link: what to open now, if it made something.
    """

    said: str
    skipped: tuple[Skipped, ...] = ()
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action will do.

    :param lines: what will happen, counted.
    :param verb: what the button says that begins it.
    :param do: does it; `None` where there is nothing to do.
    :param typed: what has to be typed before it begins; empty for what a key is enough for.
    :param leave: what the button says that leaves everything as it is.
    """

    title: str
    lines: tuple[str, ...]
    verb: str = ""
    do: Job[Outcome] | None = None
    typed: str = ""
    leave: str = "Cancel"


Planner = Job[Plan]


def carry_out(opening: Callable[[], StateManager], job: Job[T], watch: Watch) -> T:
    """Do something with a state manager that is open for just that."""
    manager = opening()
    try:
        return job(manager, watch)
    finally:
        manager.close()


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Give a list in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
