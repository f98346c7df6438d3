"""Runtimes that are elsewhere: a server holds their sessions for them, and another one can go on with them.

Such a session is judged by its lease alone. All of it is in the database: a server that ends takes nothing back, and
whichever is asked next takes the session up. Answers get lost on the way, so exchanges are numbered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pydantic_core import from_json

from exodsl.database import hosting, reads
from exodsl.database.again import again
from exodsl.database.protocol import Database
from exodsl.engine.notes import Notes
from exodsl.engine.reports import Report
from exodsl.errors import SessionUnknown, TransitionRefused
from exodsl.manager.exchange import Step
from exodsl.manager.protocol import Exchange, Serves
from exodsl.manager.sessions import LEASE_MS, Clock, Session, elsewhere
from exodsl.manager.viewing import LARGEST_KEY, Viewing

LARGEST_NUMBER = 2**31
"""No session makes so many exchanges."""
MOST_CLAIMS = 100_000
"""No more states are handed out at once, whatever was asked for."""
AGAIN_MS = 1_000
"""After how long a runtime is named for what was left to others."""
LARGEST_SESSION = LARGEST_KEY >> 32
_COUNTER = 0xFFFFFFFF
"""The part of a lease's token that counts the exchanges of its session."""


@dataclass(slots=True)
class Hosted:
    """A session that is served here; `answer` is that of its exchange `number`."""

    session: Session
    number: int = 0
    answer: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """Which of the sessions that wait should make an exchange now, and when the next one may be to."""

    sessions: frozenset[int]
    next_due_ms: int | None


class Hosting(Viewing, ABC):
    """Holds sessions for runtimes that are elsewhere."""

    _sessions: dict[int, Session]
    _paused: frozenset[int]

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self._hosted: dict[int, Hosted] = {}

    @abstractmethod
    def _announced(self, name: str, serves: Serves, place: tuple[str, str]) -> Session: ...

    @abstractmethod
    def _working(self, *, alone: bool = False) -> AbstractContextManager[Step]: ...

    @abstractmethod
    def exchange(
        self, session: int, reports: Sequence[Report], capacity: int, notes: Sequence[Notes] = ()
    ) -> Exchange: ...

    @abstractmethod
    def close_session(self, session: int) -> None: ...

    def spare_hosted(self) -> None:
        """Let the leases of all such sessions begin anew: nobody could renew them while no server was there."""
        again(self._spare)

    def _spare(self) -> None:
        with self._working() as step:
            hosting.spare(step.connection, step.now)

    def host_session(self, name: str, serves: Serves, host: str) -> int:
        """Announce a runtime that is elsewhere; see `StateManager.open_session`.

        :param host: the name of its machine.
        """
        with self._db.lock:
            session = self._announced(name, serves, elsewhere(host))
            self._hosted[session.key] = Hosted(session)
        return session.key

    def exchange_hosted(
        self,
        session: int,
        number: int,
        reports: Sequence[Report],
        capacity: int,
        notes: Sequence[Notes] = (),
        holding: Mapping[int, int] | None = None,
    ) -> Exchange:
        """Make an exchange for a runtime that is elsewhere; see `StateManager.exchange`.

        :param number: counts the exchanges of a session from 1; the same number again gets the same answer again.
        :param holding: the leases of the states that the runtime has, what it reports now included, by their ids.
            Needed when the exchange before was made elsewhere. Where it is there, what else the session holds is put
            back: it was handed out in an answer that was lost.
        :raises SessionUnknown: when `holding` was needed and is not there, or there is no such session any more.
        :raises TransitionRefused: when a later exchange was made already.
        """
        with self._db.lock:
            hosted = self._hosted.get(session)
            if hosted is not None and number == hosted.number and hosted.answer is not None:
                return hosted.answer
            if hosted is not None and number < hosted.number:
                raise TransitionRefused(
                    f"Exchange {number} of session {session}", "past", f"{hosted.number} was the last"
                )
            if hosted is None or holding is not None or number != hosted.number + 1:
                hosted = self._taken_up(session, number, holding)
            answer = self.exchange(session, reports, min(capacity, MOST_CLAIMS), notes)
            hosted.number, hosted.answer = number, answer
            return answer

    def close_hosted(self, session: int) -> None:
        """Let a runtime that is elsewhere take leave; what it still holds is put back. Once more changes nothing."""
        with self._db.lock:
            if self._hosted.pop(session, None) is None:
                try:
                    self._taken_up(session, 1, {})
                except SessionUnknown:
                    return
                del self._hosted[session]
            self.close_session(session)

    def ready(self, waiting: Collection[int]) -> Ready:
        """Find out for which of the runtimes that wait there may be work, and renew the leases of all of them.

        Of runtimes that serve the same, only as many are named as there is something for, in the order given.
        """
        with self._db.lock:
            known = [self._hosted[key].session for key in waiting if key in self._hosted]
            unknown = {key for key in waiting if key not in self._hosted}
            named = again(lambda: self._ready(known)) if known else set[int]()
            return Ready(frozenset(named | unknown), self._next_due_ms(known))

    def _ready(self, waiting: Sequence[Session]) -> set[int]:
        with self._working() as step:
            short = [session for session in waiting if session.lease_until - step.now <= LEASE_MS // 2]
            until = step.now + LEASE_MS
            if short:
                hosting.renew(step.connection, [session.key for session in short], until)
            named = {key for group in _alike(waiting) for key in self._named(step, group)}
        for session in short:
            session.lease_until = until
        return named

    def _named(self, step: Step, group: Sequence[Session]) -> Iterable[int]:
        """Return the keys of as many sessions as there is work for, of some that serve the same."""
        some = [session for session in group if session.spilled or _is_due(session, step.now)]
        if not some:
            return ()
        first = some[0]
        if any(session.spilled for session in some):
            spilled = bool(reads.spilled_states(step.connection, 1, first.run))
            for session in some:
                session.spilled = spilled
            if spilled:
                return [session.key for session in some]
        only = reads.only(first.run, self._paused)
        found = hosting.due(step.connection, first.nodes, step.now, len(some), only)
        if found < len(some):
            later = reads.next_due(step.connection, first.nodes, only)
            for session in some[found:]:  # in a while again, should those that are named not come
                session.due_at = later if found == 0 else step.now + AGAIN_MS
        return [session.key for session in some[:found]]

    def _next_due_ms(self, waiting: Iterable[Session]) -> int | None:
        due = min((session.due_at for session in waiting if session.due_at is not None), default=None)
        return None if due is None else max(0, due - self._clock())

    def _is_here(self, key: int) -> bool:
        """Say whether a session is that of a runtime in this process."""
        return key in self._sessions and key not in self._hosted

    def _drop_all_but(self, announced: Collection[int]) -> None:
        """Let go of those that took leave, or were found to be gone, elsewhere."""
        for key in self._hosted.keys() - announced:
            self._drop(key)

    def _drop(self, key: int) -> None:
        """Let go of a session that is gone."""
        self._hosted.pop(key, None)
        self._sessions.pop(key, None)

    def _taken_up(self, key: int, number: int, holding: Mapping[int, int] | None) -> Hosted:
        """Go on with a session as the database has it; what its runtime does not have is put back."""
        if holding is None or not (0 < key < LARGEST_SESSION and 0 < number <= LARGEST_NUMBER):
            raise SessionUnknown(key)
        session = again(lambda: self._found(key, number, holding))
        self._sessions[key] = session
        hosted = self._hosted[key] = Hosted(session, number - 1)
        return hosted

    def _found(self, key: int, number: int, holding: Mapping[int, int]) -> Session:
        with self._working() as step:
            row = hosting.session(step.connection, key)
            serves = None if row is None else _serves(row[3])
            if row is None or serves is None:
                raise SessionUnknown(key)
            name, host, run, _, lease_until = row
            session = Session(key, name, serves, lease_until, run, place=(host, ""))
            held = hosting.held(step.connection, key)
            strays = [state for state, lease in held.items() if holding.get(state) != lease]
            if strays:
                hosting.put_back(step.connection, strays)
                step.leave(step.now)
            kept = [state for state in held if state not in strays]
            rows = reads.states_by_id(step.connection, kept) if kept else []
            session.held = {facts.key: facts for facts in map(step.facts, rows)}
            # So no token of a lease comes a second time.
            session.exchanges = max(number, *(lease & _COUNTER for lease in held.values()), 0)
            session.refresh(step.connection)
        return session


def _is_due(session: Session, now: int) -> bool:
    return session.due_at is not None and session.due_at <= now


def _alike(sessions: Iterable[Session]) -> Iterable[Sequence[Session]]:
    """Put those together that serve the same."""
    groups: dict[tuple[frozenset[int], int | None], list[Session]] = {}
    for session in sessions:
        groups.setdefault((session.node_set, session.run), []).append(session)
    return groups.values()


def _serves(graphs: str) -> Serves | None:
    """Return what a stored session serves; `None` where names with a slash leave that open."""
    names: dict[tuple[str, str], frozenset[str]] = {}
    for place, nodes in from_json(graphs).items():
        namespace, _, graph = place.partition("/")
        if "/" in graph:
            return None
        names[namespace, graph] = frozenset(nodes)
    return Serves(names)
