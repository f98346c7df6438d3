"""Exchanges with the state manager: one in flight, the reports of meanwhile go into the next."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic

from exodsl.engine.notes import Notes
from exodsl.engine.reports import Report
from exodsl.errors import DatabaseUnusable
from exodsl.manager.protocol import Exchange, Serves, StateManager
from exodsl.runtime.logs import LOG
from exodsl.runtime.notebook import Notebook
from exodsl.runtime.pace import (
    AGAIN_SECONDS,
    FEW_STATES,
    GATHERING_SECONDS,
    HEARTBEAT_SECONDS,
    MOST_HERE,
    POLL_SECONDS,
    POLL_SHARE,
    SLOW_DISK_SECONDS,
    SLOW_EXCHANGES,
    SURELY_SLOW,
)
from exodsl.runtime.writer import Writer

Outside = Callable[[Callable[[], None]], Callable[[], None]]
"""Turns a call into one that any thread can make: it runs in the event loop, soon."""


class Exchanges:
    """The session of one runtime.

    :param poll_interval: seconds after which an exchange is due at the latest, although there is nothing to tell.
    :param outside: how the writer's thread gets back into the event loop.
    :param arrived: gets what every exchange brought.
    :param failed: gets the error that an exchange ended with.
    :param wake: called when an exchange on the writer's thread is over.
    :param notebook: what bodies tell; goes along, or alone when it is due.
    """

    def __init__(
        self,
        manager: StateManager,
        poll_interval: float,
        outside: Outside,
        arrived: Callable[[Exchange], None],
        failed: Callable[[BaseException], None],
        wake: Callable[[], None],
        notebook: Notebook,
    ) -> None:
        self._manager, self._poll_interval = manager, poll_interval
        self._outside, self._arrived, self._failed, self._wake = outside, arrived, failed, wake
        self._notebook = notebook
        self._session = 0
        self._reports: list[Report] = []
        self._nudged = True
        self._slow_ones = self._slow_for = 0
        self._due: float | None = None
        self._begun_at, self._landed_at, self._polling = 0.0, 0.0, False
        self._often = poll_interval if manager.hears_others else POLL_SECONDS
        self._pause = min(poll_interval, self._often)
        self.in_flight = False

    def open(self, name: str, serves: Serves) -> None:
        """Announce the runtime."""
        self._session = self._manager.open_session(name, serves)
        self._writer = Writer[Exchange](self._beat, HEARTBEAT_SECONDS, self._answer)

    def close(self) -> None:
        """Take leave; what the runtime still holds is put back."""
        self._writer.close()
        self._manager.close_session(self._session)

    def hurry(self, seconds: float) -> None:
        """Wait for nobody who is away any longer than this; from any thread or signal handler."""
        if self._session:
            self._manager.hurry(self._session, seconds)

    @property
    def has_reports(self) -> bool:
        """Something is still to be told."""
        return bool(self._reports)

    def report(self, report: Report) -> None:
        """Tell this with the next exchange."""
        self._reports.append(report)

    def nudge(self) -> None:
        """Note that there may be new work."""
        self._nudged = True

    def wanted(self, now: float, capacity: int, *, saturated: bool) -> bool:
        """Say whether there is a reason for an exchange now.

        :param saturated: there is enough to do meanwhile, so that one large exchange beats several small ones.
        """
        if self.in_flight:
            return False
        if now >= min(self._begun_at + self._poll_interval, self._notebook.due_at):
            return True
        if saturated and now < self._landed_at + GATHERING_SECONDS:
            return False
        if self._reports:
            return True
        return capacity > 0 and (self._nudged or self.polls(now) or (self._due is not None and now >= self._due))

    def polls(self, now: float) -> bool:
        """Say whether it is time to see what other processes have done."""
        return now >= self._begun_at + self._pause

    def next_at(self, now: float, capacity: int, *, saturated: bool) -> float:
        """Return when to look again although nothing happens; see `wanted` for the parameters."""
        if self.in_flight:
            return now + self._poll_interval
        at = self._begun_at + (self._pause if capacity else self._poll_interval)
        if capacity and self._due is not None:
            at = min(at, self._due)
        if self._reports:
            at = now
        if saturated:
            at = max(at, self._landed_at + GATHERING_SECONDS)
        return min(at, self._notebook.due_at)

    def make(self, capacity: int, *, alone: bool) -> None:
        """Make an exchange: at once when nothing else is going on, else on the writer's thread.

        :param alone: nothing runs meanwhile, so that a hop to another thread would only cost time. A large one
            hops all the same, as the event loop may be somebody's who must not wait long for it.
        """
        if alone and not self._slow_for and len(self._reports) <= MOST_HERE:
            self._make_here(capacity)
            return
        self.in_flight = True
        self._slow_for = max(0, self._slow_for - 1)
        reports, notes = self._taken()
        self._writer.call(partial(self._manager.exchange, self._session, reports, capacity, notes))

    def _make_here(self, capacity: int) -> None:
        reports, notes = self._taken()
        try:
            exchange = self._manager.exchange(self._session, reports, capacity, notes)
        except Exception as error:  # noqa: BLE001 - raised again when the loop has ended
            self._failed(error)
            return
        self._take(exchange)
        if len(reports) <= FEW_STATES and len(exchange.claims) <= FEW_STATES:
            self._judge_disk(self._landed_at - self._begun_at)

    def _judge_disk(self, seconds: float) -> None:
        """Take a disk for slow when several exchanges of a few states took long, one after the other."""
        self._slow_ones = self._slow_ones + 1 if seconds > SLOW_DISK_SECONDS else 0
        if self._slow_ones >= SURELY_SLOW:
            self._slow_ones, self._slow_for = 0, SLOW_EXCHANGES

    def _taken(self) -> tuple[list[Report], list[Notes]]:
        reports, self._reports = self._reports, []
        self._begun_at = monotonic()
        notes = self._notebook.take(reports, self._begun_at)
        self._nudged, self._due, self._polling = False, None, not (reports or notes)
        return reports, notes

    def _answer(self, answer: Exchange | BaseException) -> None:
        self._outside(partial(self._land, answer))()

    def _land(self, answer: Exchange | BaseException) -> None:
        self.in_flight = False
        if isinstance(answer, BaseException):
            self._failed(answer)
        else:
            self._take(answer)
        self._wake()

    def _take(self, exchange: Exchange) -> None:
        self._landed_at = monotonic()
        if self._polling and not exchange.claims:
            # What polls cheaply may poll often: so runtimes find what other processes leave for them.
            cost = POLL_SHARE * (self._landed_at - self._begun_at)
            self._pause = min(self._poll_interval, max(self._often, cost))
        if exchange.refused:
            LOG.warning("reports refused, the leases were lost: states %s", list(exchange.refused))
        if exchange.next_due_ms is not None:
            wait = exchange.next_due_ms / 1000
            self._due = self._landed_at + (wait if exchange.claims else max(wait, AGAIN_SECONDS))
        self._arrived(exchange)

    def _beat(self) -> None:
        """Renew the leases although the event loop is blocked by a body; on the writer's thread."""
        if self.in_flight or monotonic() < self._begun_at + HEARTBEAT_SECONDS:
            return
        try:
            exchange = self._manager.exchange(self._session, (), 0)
        except DatabaseUnusable as error:
            LOG.warning("leases could not be renewed: %s", error)
            return
        except Exception:  # noqa: BLE001 - the loop meets the same trouble, and ends with it
            LOG.exception("leases could not be renewed")
            return
        self._outside(partial(self._take, exchange))()
