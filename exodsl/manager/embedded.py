"""The embedded state manager: the rules of the engine over a database in this process."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from exodsl.database import reads, revisions, templates
from exodsl.database.again import again
from exodsl.database.looking import system_clock as system_clock
from exodsl.database.notes import write_notes
from exodsl.database.protocol import Database
from exodsl.engine.notes import Notes
from exodsl.engine.reports import Report
from exodsl.engine.status import Run
from exodsl.errors import StoreUnavailable, TransitionRefused
from exodsl.manager import sessions
from exodsl.manager.belonging import Belonging
from exodsl.manager.catalog import Catalog, RunGone
from exodsl.manager.cleaning import Cleaning
from exodsl.manager.exchange import Settled, StaleLease, Step, as_claim
from exodsl.manager.exosphere.accepting import Accepting
from exodsl.manager.exosphere.lending import Lending
from exodsl.manager.exosphere.overview import Overview
from exodsl.manager.hosting import Hosting
from exodsl.manager.inspecting.browsing import Browsing
from exodsl.manager.inspecting.insight import Insight
from exodsl.manager.noting import Noting
from exodsl.manager.protocol import Exchange, Serves, Trigger
from exodsl.manager.scheduling import Scheduling
from exodsl.manager.secrets import SecretKeeping, check_given, keep
from exodsl.manager.sessions import LEASE_MS, LOOK_MS, MOST_LOST, Clock, Session
from exodsl.manager.triggering import Starter
from exodsl.manager.viewing import run_status
from exodsl.template.models import GraphTemplate


class EmbeddedManager(
    Browsing,
    Insight,
    Cleaning,
    Scheduling,
    SecretKeeping,
    Noting,
    Accepting,
    Lending,
    Overview,
    Hosting,
    Belonging,
):
    """A state manager over a database that this process opens itself.

    :param database: an open database; closed with the manager.
    :param clock: what tells the time, that of the database by default; tests give their own.
    :param seed: makes jitter repeatable.
    """

    def __init__(self, database: Database, *, clock: Clock | None = None, seed: int | None = None) -> None:
        super().__init__(database, clock or database.now_ms)
        self._chance = random.Random(seed).random
        self._catalog = Catalog()
        self._sessions: dict[int, Session] = {}
        self._left: set[int] = set()  # sessions that took leave while the database could not be written
        self._wakes: dict[int, Callable[[], None]] = {}
        self._wake_ids = itertools.count()
        self._last_template = self._looked_at = 0
        self._elsewhere: object = None
        self._paused: frozenset[int] = frozenset()

    # Templates

    def upsert(self, template: GraphTemplate, secrets: Mapping[str, SecretStr] | None = None) -> int:
        """Store a template; see `StateManager.upsert`. :raises GraphInvalid: when its checks find something."""
        return self._upsert(template, secrets)

    def _upsert(
        self,
        template: GraphTemplate,
        secrets: Mapping[str, SecretStr] | None = None,
        *,
        scheduled: bool = True,
        but: Collection[str] = (),
    ) -> int:
        """Store a template, with or without its schedules, whatever findings of some codes it has."""
        check_given(template, secrets or {})
        return again(lambda: self._store(template, secrets or {}, scheduled=scheduled, but=but))

    def _store(
        self, template: GraphTemplate, secrets: Mapping[str, SecretStr], *, scheduled: bool, but: Collection[str]
    ) -> int:
        with self._db.transaction(alone=True) as connection:
            now = self._clock()
            version = self._catalog.upsert(connection, template, now, but=but)
            self._store_schedules(connection, template, now, scheduled=scheduled)
            keep(connection, template, secrets)
            for session in self._sessions.values():
                session.refresh(connection)
            return version

    def template(self, namespace: str, graph: str, version: int | None = None) -> GraphTemplate:
        """Return a stored template; see `StateManager.template`."""
        return again(lambda: self._template(namespace, graph, version))

    def _template(self, namespace: str, graph: str, version: int | None) -> GraphTemplate:
        with self._db.reading() as connection:
            key = self._shelf.find(connection, namespace, graph, version)
            return self._shelf.plan(connection, key)[0].template

    # Runs

    def trigger(self, triggers: Sequence[Trigger]) -> list[str]:
        """Start runs; see `StateManager.trigger`."""

        def start() -> list[str]:
            with self._working() as step:
                starter = self._starter(step)
                runs = [starter.find_or_start(trigger) for trigger in triggers]
                step.start(new for new in runs if not isinstance(new, str))
            return [new if isinstance(new, str) else new.facts.run_id for new in runs]

        return again(start)

    def read_store(self, run_id: str) -> dict[str, Any]:
        """Return the store of a run; see `StateManager.read_store`."""
        with self._db.reading() as connection:
            row = self._run_row(connection, run_id)
            if row[12]:
                raise StoreUnavailable(row[1])
            return reads.stores(connection, [row[0]])[row[0]]

    def _starter(self, step: Step) -> Starter:
        """Return what makes runs in a transaction."""
        return Starter(step)

    # Runtimes

    def open_session(self, name: str, serves: Serves) -> int:
        """Announce a runtime; see `StateManager.open_session`."""
        return self._announced(name, serves).key

    def _announced(self, name: str, serves: Serves, place: tuple[str, str] | None = None) -> Session:
        """Announce a runtime, of this process unless its place is given."""

        def announce() -> Session:
            with self._working() as step:
                self._release_gone(step)
                run = None if serves.run_id is None else int(self._run_row(step.connection, serves.run_id)[0])
                key = templates.next_session(step.connection)
                session = Session(key, name, serves, step.now + LEASE_MS, run, place=place)
                self._insert_session(step.connection, session, session.lease_until)
                session.refresh(step.connection)
            return session

        with self._db.lock:
            session = again(announce)
            self._sessions[session.key] = session
        return session

    def close_session(self, session: int) -> None:
        """Take leave; see `StateManager.close_session`."""
        with self._db.lock:
            if self._sessions.pop(session, None) is None:
                return
            self._left.add(session)
            again(lambda: self._end_session(session))
            self._left.discard(session)
            self._announce(self._clock())

    def hurry(self, session: int, seconds: float) -> None:
        """Do nothing, as a database is not asked from afar; see `StateManager.hurry`."""

    def _end_session(self, session: int) -> None:
        with self._db.transaction() as connection:
            templates.end_session(connection, session)
            self._db.leave_work()

    @property
    def hears_others(self) -> bool:
        """Whether the work of other processes wakes, too; see `StateManager.hears_others`."""
        return self._db.tells

    def wake_on_work(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` when new work appears; see `StateManager.wake_on_work`."""
        number = next(self._wake_ids)
        self._wakes[number] = wake
        self._db.listen(self._wake)
        return lambda: self._wakes.pop(number, None) and None

    def exchange(self, session: int, reports: Sequence[Report], capacity: int, notes: Sequence[Notes] = ()) -> Exchange:
        """Record reports and claim states; see `StateManager.exchange`."""
        with self._db.lock:
            holder = self._session(session)
            settled, refused = _mine(holder, reports)
            step, late = again(lambda: self._settled(holder, settled, capacity, notes))
            refused += late
            for state, _ in settled:
                holder.held.pop(state.key, None)
            holder.lease_until, holder.due_at, holder.spilled = step.lease_until, step.due_at, step.spilled
            holder.note_suspect(step.suspect, step.now)
            holder.held.update((state.key, state) for state in step.claimed)
            self._after(step, holder)
            wait = self._until_due(holder, step.now)
            return Exchange(
                claims=tuple(as_claim(state, step.suspect) for state in step.claimed),
                refused=tuple(refused),
                ended_runs={self._catalog.run_id(key): run_status(status) for key, status in step.ended.items()},
                next_due_ms=0 if holder.spilled else wait,
            )

    # One transaction

    def _transact(self, session: Session, settled: Sequence[Settled], capacity: int, notes: Sequence[Notes]) -> Step:
        try:
            with self._db.transaction() as connection:
                self._look_around(connection)
                session.exchanges += 1
                step = self._step(connection)
                step.lease_until = self._renew(step, session)
                if notes:
                    write_notes(connection, notes)
                if settled:
                    step.report(settled, session, capacity)
                self._tick(step, session)
                step.claim(session, capacity)
                self._leave(step)
                return step
        except BaseException:
            self._forget()
            raise

    def _settled(
        self,
        session: Session,
        settled: Sequence[Settled],
        capacity: int,
        notes: Sequence[Notes],
    ) -> tuple[Step, list[int]]:
        """Run the transaction; while a lease turns out stale, again without what is not the session's.

        Return also the states that were left out.
        """
        refused: list[int] = []
        while True:
            try:
                return self._transact(session, settled, capacity, notes), refused
            except (StaleLease, RunGone):
                settled, stale = self._split_stale(settled)
                if not stale:
                    raise
                refused += stale

    def _step(self, connection: Any) -> Step:
        self._catalog.trim()
        return Step(connection, self._catalog, self._clock(), self._db.keys, self._chance, self._paused)

    @contextmanager
    def _working(self, *, alone: bool = False) -> Generator[Step]:
        """Give one transaction's work; committed at the end, and told to those who wait."""
        with self._db.lock:
            try:
                with self._db.transaction(alone=alone) as connection:
                    self._look_around(connection)
                    step = self._step(connection)
                    yield step
                    self._leave(step)
            except BaseException:
                self._forget()
                raise
            self._after(step)

    def _forget(self) -> None:
        """Let go of what a transaction had found out that was rolled back."""
        self._catalog.forget_runs()
        self._tick_at = 0

    def _look_around(self, connection: Any) -> None:
        """Catch up with what other processes have written since the last transaction."""
        elsewhere = self._db.changed_elsewhere()
        if elsewhere == self._elsewhere:
            return
        self._elsewhere = elsewhere
        self._db.keys.catch_up(connection)
        self._learn_special(connection)
        self._learn_ticks(connection)
        self._stir()
        newest = templates.last_template(connection)
        for session in self._sessions.values():
            if newest == self._last_template:
                session.expect(0)
                session.spilled = True
            else:
                session.refresh(connection)
        self._last_template = newest

    def _learn_special(self, connection: Any) -> None:
        """Learn which runs are paused, and which were revised."""
        special = revisions.special_runs(connection)
        self._paused = frozenset(run for run, status, _ in special if status == Run.PAUSED)
        for run, _, revised in special:
            self._catalog.run(connection, run).revised = bool(revised)

    def _leave(self, step: Step) -> None:
        """Let other processes hear of what the transaction leaves to do; where runs end, ticks may wait for that."""
        if step.left_due is not None or step.spilled or (step.ended and self._queued):
            self._db.leave_work()

    def _after(self, step: Step, holder: Session | None = None) -> None:
        """Tell those who wait what the committed transaction left to do."""
        if step.ended:
            self._stir()
        for session in self._sessions.values():
            session.spilled = session.spilled or step.spilled
            if step.left_due is not None:
                session.expect(step.left_due)
        if (step.spilled or step.left_due is not None) and (holder is None or len(self._sessions) > 1):
            self._wake()

    def _announce(self, due: int) -> None:
        for session in self._sessions.values():
            session.expect(due)
        self._wake()

    def _wake(self) -> None:
        for wake in tuple(self._wakes.values()):
            wake()

    # Leases

    def _session(self, key: int) -> Session:
        session = self._sessions.get(key)
        if session is None:
            raise TransitionRefused(f"Session {key}", "closed", "open one before an exchange")
        return session

    def _renew(self, step: Step, session: Session) -> int:
        """Prolong the leases of all that a runtime holds, when half of their time is over; return their end."""
        if abs(step.now - self._looked_at) >= LOOK_MS:
            self._release_gone(step)
        if LEASE_MS // 2 < session.lease_until - step.now <= LEASE_MS:
            return session.lease_until
        until = step.now + LEASE_MS
        if not templates.extend_session(step.connection, session.key, until):
            # It was silent for too long: others have what it held, so its reports will be refused.
            self._insert_session(step.connection, session, until)
        return until

    def _insert_session(self, connection: Any, session: Session, until: int) -> None:
        place = session.place or (sessions.machine() if self._db.shared else sessions.host(), sessions.process())
        lease = (until, LEASE_MS)
        templates.insert_session(connection, session.key, session.name, place, session.run, session.graphs, lease)

    def _release_gone(self, step: Step) -> None:
        """Put back what runtimes hold that are gone: their lease ran out, or their process ended."""
        if sessions.follow_clock(step.connection, step.now, self._looked_at):
            step.leave(step.now)
        self._looked_at = step.now
        # Nobody could renew a lease while the database could not be reached.
        spared = LEASE_MS if step.now - self._db.back_since() < LEASE_MS else 0
        announced = templates.sessions(step.connection)
        self._drop_all_but([row[0] for row in announced])
        for key, where, which, lease_until, *_ in announced:
            if key in self._left:
                templates.end_session(step.connection, key)
                step.leave(step.now)
            elif self._is_here(key):
                continue
            elif lease_until < step.now - spared or sessions.is_gone(where, which):
                self._drop(key)
                released, given_up = templates.lose_session(step.connection, key, MOST_LOST)
                step.give_up(given_up)
                if released:
                    step.leave(step.now)

    def _split_stale(self, settled: Sequence[Settled]) -> tuple[list[Settled], list[int]]:
        with self._db.reading() as connection:
            held = reads.held(connection, [state.key for state, _ in settled])
        kept = [item for item in settled if (item[0].key, item[0].lease) in held]
        return kept, [state.key for state, _ in settled if (state.key, state.lease) not in held]

    def close(self) -> None:
        """Take leave for every session of this process, and close the database."""
        for key in tuple(self._sessions):
            if self._is_here(key):
                self.close_session(key)
        self._db.close()


def _mine(session: Session, reports: Sequence[Report]) -> tuple[list[Settled], list[int]]:
    """Sort reports into those of states that the session holds under that lease, and the others."""
    settled: dict[int, Settled] = {}
    refused: list[int] = []
    for report in reports:
        state = session.held.get(report.state_id)
        if state is None or state.lease != report.lease or state.key in settled:
            refused.append(report.state_id)
        else:
            state.usage = report.usage
            settled[state.key] = (state, report.result)
    return list(settled.values()), refused
