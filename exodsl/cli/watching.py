"""A run as it goes on: counts read on a thread of their own, and shown on stderr."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from exodsl.cli.plain import PlainScreen
from exodsl.cli.streams import Spool, bodies_say, log_shown, stdout_is_stderr
from exodsl.errors import ExodslError

if TYPE_CHECKING:
    from exodsl.manager.views import NodeProgress

Read = Callable[[], "Sequence[NodeProgress]"]


class Screen(Protocol):
    """Where the counts of a run, and what its bodies say, are shown."""

    every: float

    def say(self, text: str) -> None:
        """Show complete lines; from any thread."""

    def draw(self, nodes: Sequence[NodeProgress]) -> None:
        """Show the counts."""

    def close(self, nodes: Sequence[NodeProgress]) -> None:
        """Show the last counts."""


@contextmanager
def watched(read: Read, ancestors: Mapping[str, frozenset[str]]) -> Generator[None]:
    """Show a run while the block works on it; whatever bodies print appears whole on stderr.

    :param read: returns the counts of the run's nodes; called on another thread.
    :param ancestors: of each node; as long as one of them is at work, more states may come.
    """
    with ExitStack() as stack:
        screen = _live(stack, ancestors) if _draws(sys.stderr) else _plain(stack)
        stack.enter_context(_ticking(screen, read))
        stack.enter_context(bodies_say(screen.say))
        stack.enter_context(log_shown())
        yield


def _draws(stream: object) -> bool:
    terminal = isinstance(stream, type(sys.__stderr__)) and stream is not None and stream.isatty()
    return terminal and os.environ.get("TERM") != "dumb" and hasattr(os, "pread")


def _plain(stack: ExitStack) -> Screen:
    screen = PlainScreen(sys.stderr)
    stack.enter_context(stdout_is_stderr())
    return screen


def _live(stack: ExitStack, ancestors: Mapping[str, frozenset[str]]) -> Screen:
    from exodsl.cli.live import LiveScreen

    spool = Spool()
    screen = LiveScreen(stack.enter_context(spool.catching()), spool.take, ancestors)
    stack.enter_context(screen.shown())
    return screen


@contextmanager
def _ticking(screen: Screen, read: Read) -> Generator[None]:
    over = threading.Event()
    thread = threading.Thread(target=_tick, args=(screen, read, over), name="exodsl-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with suppress(ExodslError):  # the runtime has met the same error, and reports it
            screen.close(read())


def _tick(screen: Screen, read: Read, over: threading.Event) -> None:
    while not over.wait(screen.every):
        with suppress(ExodslError):  # as above
            screen.draw(read())
