"""States handed out over Exosphere's HTTP API: on loan for a fixed time, to whoever asks, and told of by their ids.

Its callers have no session and renew nothing. So a batch of claims is a session that no process keeps, with a lease of
its own; all that a report needs is in the database, and any process can take it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from exodsl.database import lending, templates
from exodsl.database.again import again
from exodsl.database.large import whole
from exodsl.database.rows import Row
from exodsl.engine.facts import RunFacts, StateFacts
from exodsl.engine.reports import Claim, Executed, Result
from exodsl.engine.status import State
from exodsl.errors import RetryRepeated, StateNotFound, TransitionRefused
from exodsl.manager.catalog import Catalog
from exodsl.manager.controlling import Controlling
from exodsl.manager.exchange import StaleLease, Step, as_claim
from exodsl.manager.exosphere.describing import gives_nothing, home_of
from exodsl.manager.exosphere.registering import NodeSpec, specs
from exodsl.manager.protocol import Serves
from exodsl.manager.secrets import opened
from exodsl.manager.sessions import ANY_GRAPH, LOOK_MS, Session
from exodsl.manager.viewing import LARGEST_KEY
from exodsl.manager.views import moment
from exodsl.template.models import NodeTemplate

BORROWER = "exosphere"
"""What the sessions are called that hold what is on loan."""
MOST_LENT = 1_000
"""How many states one call hands out, whatever it asks for."""


class StateRef(NamedTuple):
    """A state, and how often it was lost: who had it before that speaks of another one."""

    key: int
    lost: int


@dataclass(frozen=True, slots=True)
class Loan:
    """A state that was handed out, and what whoever runs it has to know."""

    ref: StateRef
    claim: Claim
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a state stands after a report, and when it is due, or was."""

    status: State
    due: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """One state as the database has it; `place` is its run's namespace."""

    facts: StateFacts
    node: NodeTemplate
    status: State
    lost: int
    place: str


class Lending(Controlling, ABC):
    """Hands states out on loan."""

    _looked_at: int

    @abstractmethod
    def _release_gone(self, step: Step) -> None: ...

    def lend(self, namespace: str, node_names: Collection[str], count: int, lease_ms: int) -> tuple[Loan, ...]:
        """Hand out up to `count` due states of nodes of a namespace, those due first.

        :param lease_ms: how long they are on loan; whatever is reported later is refused.
        """
        wanted = Session(0, BORROWER, Serves({(namespace, ANY_GRAPH): frozenset(node_names)}), 0)
        if count < 1 or not node_names or not self._worthwhile(wanted):
            return ()
        return again(lambda: self._lend(wanted, count, lease_ms))

    def _lend(self, wanted: Session, count: int, lease_ms: int) -> tuple[Loan, ...]:
        with self._working() as step:
            self._release_gone(step)
            session = Session(templates.next_session(step.connection), BORROWER, wanted.serves, step.now + lease_ms)
            session.refresh(step.connection)
            step.claim(session, min(count, MOST_LENT))
            if not step.claimed:
                return ()
            lease = (session.lease_until, lease_ms)
            templates.insert_session(
                step.connection, session.key, session.name, lending.NOWHERE, None, session.graphs, lease
            )
            told = lending.handed_out(step.connection, [state.key for state in step.claimed])
            return tuple(_loan(state, *told[state.key]) for state in step.claimed)

    def _worthwhile(self, session: Session) -> bool:
        """Find out, without holding anybody up, whether anything may be there, or left behind by who is gone."""
        now = self._clock()
        with self._db.reading() as connection:
            session.refresh(connection)
        due = session.due_at is not None and session.due_at <= now
        return due or session.spilled or abs(now - self._looked_at) >= LOOK_MS

    def record(self, namespace: str, ref: StateRef, result: Result) -> Recorded:
        """Record what became of a state that is on loan, and create what follows: one transaction.

        Outputs that are an empty list are one output without fields, where the node has no output fields.

        :raises StateNotFound: when it is of neither this namespace nor a run of it.
        :raises TransitionRefused: when it is not on loan any more, or is another's by now.
        """
        try:
            return again(lambda: self._record(namespace, ref, result))
        except StaleLease as error:
            raise TransitionRefused(f"State {ref.key}", State.QUEUED.name, "it is another's by now") from error

    def _record(self, namespace: str, ref: StateRef, result: Result) -> Recorded:
        with self._working() as step:
            known = _find(step.connection, step.catalog, namespace, ref)
            session = self._holder(step, known, ref)
            if isinstance(result, Executed) and not result.outputs:
                result = _of_none(step.connection, known)
            step.report([(known.facts, result)], session, 0)
            if not lending.holds(step.connection, session.key):
                lending.forget(step.connection, session.key)
            status, due = lending.ending(step.connection, ref.key)
            return Recorded(status, moment(due))

    def _holder(self, step: Step, known: _Known, ref: StateRef) -> Session:
        """Return the session that has a state on loan; :raises TransitionRefused: when there is none, or no more."""
        key = known.facts.lease >> 32
        until = lending.lent_until(step.connection, key) if known.status is State.QUEUED else None
        if until is None or known.lost != ref.lost or until < step.now:
            raise TransitionRefused(f"State {ref.key}", known.status.name, "it is not on loan to who reports it")
        return Session(key, BORROWER, Serves({}), until)

    def state_secrets(self, namespace: str, ref: StateRef) -> dict[str, str]:
        """Return the stored secrets that the node of a state declares, opened.

        :raises StateNotFound: when it is of neither this namespace nor a run of it.
        :raises SecretUnavailable: when one has no value, or no key opens it.
        """
        with self._db.reading() as connection:
            known = _find(connection, self._shelf, namespace, ref)
            template = known.facts.run.plan.template
            spec = _spec(connection, known)
            declared = {*known.node.secrets, *(spec.secrets if spec else ())}
            found = opened(connection, template.namespace, template.name, declared & template.stored_secrets)
        return {name: value.get_secret_value() for name, value in found.items()}

    def retry_once(self, namespace: str, ref: StateRef, word: str) -> tuple[StateRef, State]:
        """Retry a state of a run by hand, once for each word; return the state that takes its place (semantics 4).

        The children of a NEXT_CREATED_ERROR state are made anew, and no other state takes its place.

        :raises RetryRepeated: when this word was given before, for a state of the same node in the same run.
        :raises TransitionRefused: when it does not allow it.
        """
        with self._working(alone=True) as step:
            known = _find(step.connection, step.catalog, namespace, ref)
            if known.place != namespace:
                raise StateNotFound(ref.key)
            run, path = known.facts.run, known.facts.path
            node = run.node_base + known.facts.node.index
            if not lending.take_word(step.connection, run.key, node, word):
                raise RetryRepeated(ref.key, word)
            self._retry(step, run.run_id, [ref.key], None, None)
            key, lost, status = lending.newest_at(step.connection, run.key, node, path)
            return StateRef(key, lost), State(status)


def _find(connection: Any, catalog: Catalog, namespace: str, ref: StateRef) -> _Known:
    row = lending.state(connection, ref.key) if ref.key < LARGEST_KEY else None
    if row is None or namespace not in row[-2:] or ref.lost > row[9]:
        raise StateNotFound(ref.key)
    return _known(connection, ref.key, catalog.run(connection, row[0]), row)


def _spec(connection: Any, known: _Known) -> NodeSpec | None:
    """Return what was said of the node of a state, where its template says nothing."""
    if known.node.inputs_schema is not None:
        return None
    home = home_of(known.facts.run.plan.template, known.node)
    return specs(connection, [home]).get(home)


def _of_none(connection: Any, known: _Known) -> Executed:
    """Return what an empty list of outputs means: one output of a node without fields, else an empty fanout."""
    return Executed(["{}"] if gives_nothing(known.node, _spec(connection, known)) else [])


def _loan(state: StateFacts, lost: int, created_at: int) -> Loan:
    return Loan(StateRef(state.key, lost), as_claim(state, None), moment(created_at))


def _known(connection: Any, key: int, run: RunFacts, row: Row) -> _Known:
    _, node, path, attempt, retry_count, parent, inputs, lease, status, lost, place, _ = row
    plan = run.plan.nodes[node - run.node_base]
    text = whole(connection, run.key, inputs or "{}")
    facts = StateFacts(key, run, plan, path, attempt, retry_count, parent, text, lease)
    return _Known(facts, run.plan.template.node(plan.identifier), State(status), lost, place)
