"""The one place that reads the database: a worker thread that answers questions, the newest of each kind.

Screens never wait: they ask, and are told. What they *follow* is asked again whenever something was committed, which
`StateManager.mark` tells for next to nothing. Between two questions nothing of the database is held.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress

from exodsl.errors import DatabaseUnusable, ExodslError, ReadOnly, ReadTimeout
from exodsl.manager.protocol import StateManager
from exodsl_tui.questions import Asker, Failed, Following, Health, Question, Request, T, Then

FASTEST = 0.1
"""Seconds between two looks at the mark."""
UNFOCUSED = 1.0
"""The same while nobody looks."""
REST = 4.0
"""Rests this many times as long as its last questions took."""
FIRST_RETRY, LAST_RETRY = 0.5, 10.0
"""Seconds until a lost database is tried again; doubled each time."""


class Reader:
    """Answers questions in a thread of its own, which opens the database; `answered` counts them.

    :param opening: opens the state manager to read from; its errors are told like those of a lost database.
    :param tell: is called, in that thread, whenever the database gets lost or is there again.
    :param identity: returns what is another value when another file lies where the open one lay.
    """

    def __init__(
        self,
        opening: Callable[[], StateManager],
        tell: Callable[[Health], object],
        identity: Callable[[], object] = lambda: None,
    ) -> None:
        self._opening = opening
        self._tell = tell
        self._identity = identity
        self._opened_as: object = None
        self._changed = threading.Condition()
        self._asked: dict[Hashable, Request] = {}
        self._followed: dict[Hashable, Request] = {}
        self._closing = self._frozen = self._busy = False
        self._focused = True
        self._manager: StateManager | None = None
        self._opened = False
        self._mark: int | None = None
        self.answered = 0
        self._spent = 0.0
        self._tick_at = 0.0
        self._retry = 0.0
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._work, name="exodsl-reader", daemon=True)

    # What screens call

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def ask(
        self, asker: Asker, kind: Hashable, question: Question[T], then: Then[T], failed: Failed | None = None
    ) -> None:
        """Ask once; a newer question of the same asker and kind takes the place of this one.

        :param then: is called with the answer in the asker's thread.
        :param failed: is called instead with an error that is meant for people, unless the database is lost.
        """
        self._put((id(asker), kind), Request(asker, question, then, failed))

    def follow(
        self, asker: Asker, kind: Hashable, question: Question[T], then: Then[T], failed: Failed | None = None
    ) -> Following:
        """Ask now, and again whenever something was committed; see `ask`."""
        key = (id(asker), kind)
        request = Request(asker, question, then, failed)
        following = request.following = Following(
            again=lambda: self._put(key, request),
            forget=lambda: self._forget(key),
            behind=lambda seen: seen != self._mark,
        )
        with self._changed:
            self._followed[key] = request
        self._put(key, request)
        return following

    def freeze(self, frozen: bool) -> None:
        """Stop following, or go on; what is asked is answered all the same."""
        with self._changed:
            self._frozen = frozen
            self._tick_at = 0.0
            self._changed.notify()

    def focus(self, focused: bool) -> None:
        """Look seldom while the terminal has not the focus."""
        with self._changed:
            self._focused = focused
            self._tick_at = 0.0
            self._changed.notify()

    def reload(self) -> None:
        """Ask everything that is followed again, and try a lost database now."""
        with self._changed:
            self._retry_at = 0.0
            self._ask_followed()
            self._changed.notify()

    def close(self) -> None:
        """Answer no more, and close the database."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to answer, or nothing that can be, until a lost database is tried again."""
        with self._changed:
            waits = time.monotonic() < self._retry_at
            return (waits or not self._asked) and not self._busy

    @property
    def interval(self) -> float:
        """Seconds between two looks at the mark, as things are."""
        return max(FASTEST if self._focused else UNFOCUSED, REST * self._spent)

    def _put(self, key: Hashable, request: Request) -> None:
        with self._changed:
            self._asked[key] = request
            self._changed.notify()

    def _forget(self, key: Hashable) -> None:
        with self._changed:
            self._followed.pop(key, None)
            self._asked.pop(key, None)

    # The thread

    def _work(self) -> None:
        while True:
            found = self._next()
            if found is None:
                break
            self._answer(*found)
        if self._manager is not None:
            self._manager.close()

    def _next(self) -> tuple[Hashable, Request] | None:
        """Wait for a question, looking at the mark now and then; `None` at the end."""
        while True:
            with self._changed:
                self._busy = False
                if self._closing:
                    return None
                now = time.monotonic()
                if self._asked and now >= self._retry_at:
                    self._busy = True
                    key = next(iter(self._asked))
                    return key, self._asked.pop(key)
                if not self._asked and self._manager is not None and not self._frozen and now >= self._tick_at:
                    due = True
                else:
                    due = False
                    self._changed.wait(self._pause(now))
            if due:
                self._tick()

    def _pause(self, now: float) -> float | None:
        if self._asked:
            return self._retry_at - now
        return None if self._frozen or self._manager is None else self._tick_at - now

    def _tick(self) -> None:
        """Look whether something was committed; if so, ask what is followed again."""
        self._tick_at = time.monotonic() + self.interval
        self._spent = 0.0
        try:
            self._let_go_if_replaced()
            mark = self._open().mark()
        except DatabaseUnusable as error:
            self._lose(error)
            with self._changed:
                self._ask_followed()
            return
        if mark != self._mark:
            self._mark = mark
            with self._changed:
                self._ask_followed()

    def _ask_followed(self) -> None:
        for key, request in self._followed.items():
            if request.following is not None and request.following.active:
                self._asked.setdefault(key, request)

    def _answer(self, key: Hashable, request: Request) -> None:
        began = time.monotonic()
        try:
            manager = self._open()
            mark = manager.mark()
            value = request.question(manager)
        except (ReadOnly, ReadTimeout) as error:
            request.refuse(error)
            return
        except DatabaseUnusable as error:
            self._lose(error)
            with self._changed:
                self._asked.setdefault(key, request)
            return
        except Exception as error:  # noqa: BLE001 - raised again where the asker is
            request.refuse(error)
            return
        self._spent += time.monotonic() - began
        self._tick_at = max(self._tick_at, time.monotonic() + self.interval)
        self._find()
        if request.following is not None:
            request.following.seen = mark
        with self._changed:
            outdated = key in self._asked and self._asked[key] is not request
        if not outdated:
            self.answered += 1
            request.answer(value)

    def _open(self) -> StateManager:
        if self._manager is None:
            self._opened_as = self._identity()
            self._manager = self._opening()
            self._mark = self._manager.mark()
            if self._opened:  # marks of another opening tell nothing
                with self._changed:
                    self._ask_followed()
        return self._manager

    def _let_go_if_replaced(self) -> None:
        """Close a file that was moved away: what was opened would be read for ever."""
        if self._manager is not None and self._identity() != self._opened_as:
            self._let_go()

    def _let_go(self) -> None:
        manager, self._manager = self._manager, None
        if manager is not None:
            with suppress(ExodslError):
                manager.close()

    def _find(self) -> None:
        """Note that the database answers."""
        if not self._opened or self._retry:
            self._opened, self._retry = True, 0.0
            self._tell(Health())

    def _lose(self, error: DatabaseUnusable) -> None:
        """Note that the database does not answer; it is opened anew after a while."""
        self._retry = min(LAST_RETRY, self._retry * 2 or FIRST_RETRY)
        self._retry_at = time.monotonic() + self._retry
        self._let_go()
        self._tell(Health(error, self._opened, self._retry))
