"""Screens that let something be done in a thread: an action, a file that is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from textual.message_pump import MessagePump

from exodsl.errors import ExodslError
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.work import Job, Watch, carry_out
from exodsl_tui.questions import told

T = TypeVar("T")


class Working(MessagePump):
    """Mixed into a screen; one job at a time. When the screen goes, its job ends after the step that it is at."""

    _watch: Watch | None = None

    def work(self, opening: Callable[[], StateManager], job: Job[T], then: Callable[[T], object]) -> None:
        """Do something with a state manager that is opened for it; `then` gets what came of it, in this thread."""
        watch = Watch(lambda said: told(self, self.progressed, said))
        self._watch = watch

        def run() -> None:
            try:
                answer = carry_out(opening, job, watch)
            except ExodslError as error:
                told(self, self._over, partial(self.failed, error))
            except Exception as error:  # noqa: BLE001 - raised again where people see it
                told(self, self._over, partial(_raise, error))
            else:
                told(self, self._over, partial(then, answer))

        threading.Thread(target=run, name="exodsl-action").start()

    @property
    def working(self) -> bool:
        """Whether a job is under way."""
        return self._watch is not None

    def stop_work(self) -> bool:
        """Ask the job to end after its step; return whether there was one."""
        if self._watch is None:
            return False
        self._watch.stop()
        return True

    def _over(self, say: Callable[[], Any]) -> None:
        self._watch = None
        say()

    def progressed(self, said: str) -> None:
        """Show how far the job is."""

    def failed(self, error: ExodslError) -> None:
        """Show why the job ended without an answer."""

    def on_unmount(self) -> None:
        """Let the job end."""
        self.stop_work()


def _raise(error: Exception) -> None:
    raise error
