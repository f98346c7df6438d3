"""The session of a runtime on a server elsewhere: numbered exchanges, and no request where there is nothing to tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from math import inf
from time import monotonic
from typing import Any

from exodsl.engine.notes import Notes
from exodsl.engine.reports import Report
from exodsl.errors import RequestTooLarge, SessionUnknown
from exodsl.manager.protocol import Exchange, Serves
from exodsl.manager.remote.portions import halves, merged, without_result

RENEW_SECONDS = 10.0
"""After so long without a request a session makes one, so that its leases are renewed."""
LEAVING_SECONDS = 2.0
"""How long a server that is away is waited for to take leave; without that its leases run out by themselves."""
LEAVE_SECONDS = 1.0
"""How long it waits with taking leave for an exchange that goes on."""
Ask = Callable[..., Any]
"""Asks a call of the server: its name, its parameters, `again` for others once an answer was lost, and until when."""


class RemoteSession:
    """One runtime that is announced at a server.

    An exchange that has nothing to tell is answered here while the server lets this runtime wait for work, and has
    not called it: so an idle runtime makes hardly any requests.

    :param ask: how the server is asked.
    :param listens: says whether somebody would be woken; otherwise every exchange is a request.
    """

    def __init__(self, ask: Ask, name: str, serves: Serves, host: str, listens: Callable[[], bool]) -> None:
        self._ask, self._listens = ask, listens
        self._announcement = {"name": name, "serves": serves, "host": host}
        self._lock = threading.Lock()
        self.called, self.waits = True, False
        """Whether there may be work, and whether the server would say so if there came some."""
        self._full = False
        self._until = inf
        self._announce()

    @property
    def idle(self) -> bool:
        """It has room, and nothing is known that it could do."""
        return not (self.called or self._full)

    def _announce(self) -> None:
        self.key: int = self._ask("host_session", self._announcement)
        self._number = 0
        self._held: dict[int, int] = {}
        self._doubtful = False
        self._asked_at = monotonic()

    def exchange(self, reports: Sequence[Report], capacity: int, notes: Sequence[Notes]) -> Exchange:
        """Record reports and claim states; see `StateManager.exchange`."""
        with self._lock:
            if not (reports or notes) and self._rests(capacity):
                return Exchange(())
            return merged(self._told(reports, notes, capacity))

    def _told(self, reports: Sequence[Report], notes: Sequence[Notes], capacity: int) -> list[Exchange]:
        """Make one exchange, or several where it is too much for one request."""
        try:
            return [self._exchange(reports, notes, capacity)]
        except RequestTooLarge as limit:
            if not (reports or notes):  # there is nothing to leave out
                raise
            if len(reports) + len(notes) < 2:
                return self._told([without_result(report, limit) for report in reports], (), capacity)
        first, second = halves(reports, notes)
        return [*self._told(*first, 0), *self._told(*second, capacity)]

    def _rests(self, capacity: int) -> bool:
        """Say whether the server need not be asked: it would have called if there were anything."""
        if self.called or not self._listens():
            return False
        if capacity:
            return self.waits and self.idle
        return monotonic() < self._asked_at + RENEW_SECONDS

    def _exchange(self, reports: Sequence[Report], notes: Sequence[Notes], capacity: int) -> Exchange:
        self.called = False  # before it is asked: what comes later calls again
        self._asked_at = monotonic()
        try:
            answer = self._numbered({"reports": reports, "capacity": capacity, "notes": notes})
        except BaseException:
            self.called = self._doubtful = True
            raise
        for report in reports:
            self._held.pop(report.state_id, None)
        self._held.update((claim.state_id, claim.lease) for claim in answer.claims)
        self._full = len(answer.claims) == capacity
        return answer

    def _numbered(self, asked: dict[str, Any]) -> Exchange:
        if self._doubtful:  # the number of an exchange that was given up may have its answer by now
            self._number += 1
        numbered = {"session": self.key, "number": self._number + 1, **asked}
        known = {**numbered, "holding": self._held}
        try:
            answer = self._exchanged(known if self._doubtful else numbered, known)
        except SessionUnknown:  # by a server that was started anew
            return self._taken_up(known, asked)
        self._number += 1
        self._doubtful = False
        return answer

    def _taken_up(self, known: dict[str, Any], asked: dict[str, Any]) -> Exchange:
        try:
            answer = self._exchanged(known, known)
        except SessionUnknown:  # its leases ran out: others have what it held, so its reports will be refused
            self._announce()
            return self._numbered(asked)
        self._number += 1
        self._doubtful = False
        return answer

    def _exchanged(self, asked: dict[str, Any], again: dict[str, Any]) -> Exchange:
        answer: Exchange = self._ask("exchange_hosted", asked, again=again, limit=self._limit)
        return answer

    def close(self) -> bool:
        """Take leave; see `StateManager.close_session`. False when an exchange goes on, and somebody hurries."""
        if not self._lock.acquire(timeout=LEAVE_SECONDS if self._until < inf else -1):
            return False
        latest = monotonic() + LEAVING_SECONDS
        try:
            self._ask("close_hosted", {"session": self.key}, limit=lambda: min(latest, self._until))
        finally:
            self._lock.release()
        return True

    def hurry(self, seconds: float) -> None:
        """Wait for the server no longer than this; see `StateManager.hurry`."""
        self._until = min(self._until, monotonic() + seconds)

    def _limit(self) -> float:
        return self._until
