"""Processes at one database, and the runtimes in them: they work, fall silent, crash and come again."""

from __future__ import annotations

import os
from collections.abc import Sequence

from exodsl.database.postgresql.database import Postgres
from exodsl.database.protocol import Database
from exodsl.database.sqlite import Sqlite
from exodsl.engine.reports import Claim, Report
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import server_uri
from exodsl.manager.protocol import Exchange
from exodsl.manager.sessions import LEASE_MS
from exodsl.template.models import GraphTemplate
from tests.manager.audit import Looks
from tests.manager.byhand import Clock, serves


class Process:
    """One process: a state manager over the database, with its runtimes."""

    def __init__(self, address: str, clock: Clock, template: GraphTemplate, hands: int) -> None:
        self._database = _opened(address)
        self.manager = EmbeddedManager(self._database, clock=clock, seed=1)
        self.manager.upsert(template)
        self.hands = [Hand(self.manager, clock, template) for _ in range(hands)]

    def crash(self) -> list[Claim]:
        """End without taking leave; return what was held."""
        self._database.close()
        return [claim for hand in self.hands for claim in hand.held]


def _opened(address: str) -> Database:
    if server_uri(address):
        return Postgres(address, durability="normal")
    return Sqlite(address, durability="normal")


class Hand:
    """One runtime, and what it believes to hold."""

    def __init__(self, manager: EmbeddedManager, clock: Clock, template: GraphTemplate) -> None:
        self.manager = manager
        self._clock = clock
        self._template = template
        self.held: list[Claim] = []
        self._open()

    def _open(self) -> None:
        self.session = self.manager.open_session("hand", serves(self._template))
        self._heard_ms = self._clock.now_ms

    @property
    def is_heard(self) -> bool:
        """Whether its leases certainly go on: they are renewed when half of their time is over."""
        return self._clock.now_ms - self._heard_ms <= LEASE_MS // 2

    def exchange(self, reports: Sequence[Report], capacity: int) -> Exchange:
        """Report and claim; what was reported, and what comes again under another lease, is held no more."""
        answer = self.manager.exchange(self.session, reports, capacity)
        self._heard_ms = self._clock.now_ms
        gone = {report.state_id for report in reports} | {claim.state_id for claim in answer.claims}
        self.held = [claim for claim in self.held if claim.state_id not in gone]
        self.held += answer.claims
        return answer

    def leave(self) -> list[Claim]:
        """Take leave and come again; return what was held."""
        self.manager.close_session(self.session)
        left, self.held = self.held, []
        self._open()
        return left


def let_be_gone(connection: Looks, sessions: Sequence[int]) -> None:
    """Have sessions belong to a process that has ended: another one has its number now."""
    marks = ", ".join("?" * len(sessions))
    connection.execute(f"UPDATE session SET process = ? WHERE id IN ({marks})", (f"{os.getpid()}:long ago", *sessions))
