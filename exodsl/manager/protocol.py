"""The protocol that every state manager speaks, whatever stands behind it.

Every call is synchronous: one call, one transaction (or one request); cleaning alone takes many.
Waiting is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from pydantic import SecretStr

from exodsl.engine.notes import Notes
from exodsl.engine.reports import Claim, Report
from exodsl.manager.inspection import Inspection
from exodsl.manager.registration import Registration
from exodsl.manager.views import (
    Cleaned,
    GateStatus,
    GateView,
    NodeProgress,
    Page,
    RunStatus,
    RunView,
    ScheduleView,
    SecretView,
    StateNotes,
    StateStatus,
    StateView,
)
from exodsl.template.models import GraphTemplate


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts a run: a stored graph, or one version of it, with inputs and store values.

    `validated` says that a model has judged the inputs already; otherwise the JSON Schema kept with the
    template does. A second trigger of the graph with the same `idempotency_key` gives the first one's run.
    `start_delay_ms` holds the root back; `target` is kept on the run so that it can be resumed by
    name (`file.py:graph`).
    """

    namespace: str
    graph: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    store: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    start_delay_ms: int = 0
    target: str | None = None
    validated: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Serves:
    """What a runtime can run: node names by (namespace, graph); limited to one run if given.

    The graph `*` stands for every graph that has nodes of that namespace.
    """

    node_names: Mapping[tuple[str, str], frozenset[str]]
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """The answer to an exchange.

    :param claims: states that the runtime holds from now on.
    :param refused: ids of reported states whose lease was not theirs any more; nothing changed.
    :param ended_runs: runs that ended in this exchange, with their status.
    :param next_due_ms: milliseconds until the next state that waits for its time, or tick, if any is known.
    """

    claims: tuple[Claim, ...]
    refused: tuple[int, ...] = ()
    ended_runs: Mapping[str, RunStatus] = field(default_factory=dict)
    next_due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Retried:
    """What a manual retry did.

    :param retried: the states that were retried.
    :param superseded: how many states were taken back; those that a new attempt replaces are among them.
    """

    retried: tuple[int, ...]
    superseded: int


@dataclass(frozen=True, slots=True)
class Rerun:
    """A run that was started again from one of its states.

    :param run_id: the new run.
    :param superseded: how many of the copied states were taken back.
    """

    run_id: str
    superseded: int


@dataclass(frozen=True, slots=True)
class Rotated:
    """What sealing the stored secrets with the first key did.

    :param key_id: names that key.
    :param sealed: how many were sealed anew.
    :param kept: how many were sealed with it already.
    """

    key_id: str
    sealed: int
    kept: int


class StateManager(Inspection, Registration, Protocol):
    """Keeps templates, runs and states, and moves them by the rules of the engine."""

    def upsert(self, template: GraphTemplate, secrets: Mapping[str, SecretStr] | None = None) -> int:
        """Store a template; return its version (a changed one makes a new version).

        :param secrets: values of its stored secrets, which are sealed; of one without a value here, that which
            is stored stays. What is stored of a secret that the template does not have is forgotten.
        :raises InputInvalid: when the template has no stored secret of a name.
        :raises SecretUnavailable: when there are values, and no key to seal them.
        """
        ...

    def template(self, namespace: str, graph: str, version: int | None = None) -> GraphTemplate:
        """Return a stored template, the newest unless a version is given."""
        ...

    def trigger(self, triggers: Sequence[Trigger]) -> list[str]:
        """Start runs in one transaction and return their ids; all or none are started.

        :raises SecretUnavailable: when a node declares a stored secret that has no value, or that no key opens.
        """
        ...

    def open_session(self, name: str, serves: Serves) -> int:
        """Announce a runtime; states held by runtimes that are gone are put back first."""
        ...

    def close_session(self, session: int) -> None:
        """Take leave; what the session still holds is CREATED again."""
        ...

    def hurry(self, session: int, seconds: float) -> None:
        """Note that a runtime is to end: for it, a server that is away is waited for no longer than so many seconds.

        It does not wait, nor takes a lock: signal handlers call it.
        """
        ...

    def exchange(self, session: int, reports: Sequence[Report], capacity: int, notes: Sequence[Notes] = ()) -> Exchange:
        """Record reports, create what follows, and claim up to `capacity` states: one transaction.

        :param notes: what bodies told meanwhile; kept before the reports, unless the lease was lost.
        """
        ...

    def cancel(self, run_id: str) -> RunView:
        """End a run where it stands: nothing of it is claimed, recorded or created any more (semantics 4).

        :raises TransitionRefused: when it has ended.
        """
        ...

    def pause(self, run_id: str) -> RunView:
        """Hand nothing of a run out until it is resumed; what runs may end. :raises TransitionRefused:."""
        ...

    def resume(self, run_id: str) -> RunView:
        """Let a paused run go on. :raises TransitionRefused: when it is not paused."""
        ...

    def retry(
        self,
        run_id: str,
        state_ids: Sequence[int] | None = None,
        *,
        identifier: str | None = None,
        status: StateStatus | None = None,
        dry_run: bool = False,
    ) -> Retried:
        """Retry states by hand: those given, else the failed ones of a run that fit the filters (semantics 4).

        :param dry_run: find out what would happen, and change nothing.
        :raises TransitionRefused: when one of them, or the run, does not allow it; nothing is changed then.
        """
        ...

    def rerun(self, run_id: str, state_id: int, *, dry_run: bool = False) -> Rerun:
        """Make a new run that keeps what had ended, without a state and all that came of it (semantics 3).

        That state's body runs again, with the same inputs; the old run stays as it is.

        :raises TransitionRefused: when the state has not ended.
        :raises StoreUnavailable: when the graph has a store, and that of the old run was cleaned up.
        """
        ...

    def secrets(self, *, namespace: str | None = None, graph: str | None = None) -> tuple[SecretView, ...]:
        """List the secrets of the newest versions of graphs, and where they come from; values are not shown."""
        ...

    def read_secrets(self, namespace: str, graph: str, names: Collection[str]) -> dict[str, SecretStr]:
        """Open stored secrets, for a runtime to hand to the nodes that declare them (semantics 8).

        :raises SecretUnavailable: when one has no value, or no key opens it.
        """
        ...

    def set_secret(self, namespace: str, graph: str, name: str, value: SecretStr) -> None:
        """Store the value of a secret, sealed, in place of the one before.

        :raises GraphNotFound: when there is no such graph.
        :raises InputInvalid: when the graph has no stored secret of this name.
        :raises SecretUnavailable: when there is no key to seal it.
        """
        ...

    def rotate_secrets(self) -> Rotated:
        """Seal all stored secrets with the first key, in one transaction; the others are not needed any more.

        :raises SecretUnavailable: when no key opens one of them; nothing is changed then.
        """
        ...

    def clean(
        self,
        older_than: timedelta,
        *,
        statuses: Sequence[RunStatus] | None = None,
        namespace: str | None = None,
        graph: str | None = None,
        dry_run: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Cleaned:
        """Remove runs that ended at least so long ago, and replaced versions of graphs without any run (semantics 3).

        Runs that go on are never touched. It takes many short transactions, so that others can work meanwhile.
        What an interrupted cleaning has begun to remove is removed as well.

        :param statuses: only runs that ended like this: SUCCESS, FAILED or CANCELLED; all of them by default.
        :param namespace: only of graphs in it; `graph` only of graphs of that name.
        :param dry_run: find out what would happen, and change nothing.
        :param stop: asked between two transactions whether to leave the rest to another time.
        :raises InputInvalid: for a status of runs that go on, or a time below 0.
        """
        ...

    def schedules(self, *, namespace: str | None = None, graph: str | None = None) -> tuple[ScheduleView, ...]:
        """List the schedules of the newest versions of graphs, with their next and their last ticks (semantics 9)."""
        ...

    def pause_schedule(self, schedule_id: int) -> ScheduleView:
        """Let a schedule tick no more until it is resumed; what waits in its queue waits on.

        :raises ScheduleNotFound: when there is none of this id.
        :raises TransitionRefused: when it is paused.
        """
        ...

    def resume_schedule(self, schedule_id: int) -> ScheduleView:
        """Let a paused schedule go on with the first tick after now: nothing of meanwhile is caught up.

        :raises ScheduleNotFound: when there is none of this id.
        :raises TransitionRefused: when it is not paused.
        """
        ...

    def read_store(self, run_id: str) -> dict[str, Any]:
        """Return the committed store of a run; :raises StoreUnavailable: when it was cleaned up."""
        ...

    @property
    def hears_others(self) -> bool:
        """Whether `wake_on_work` also hears of what other processes do, so that nobody has to look often."""
        ...

    def wake_on_work(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from any thread) when new work appears; returns what ends that."""
        ...

    def run(self, run_id: str, *, whole: bool = True) -> RunView:
        """Return a run by its id, or by any unique start or end of it.

        :param whole: load large inputs, too, instead of a `LargeValue` for each.
        """
        ...

    def runs(
        self,
        *,
        namespace: str | None = None,
        graph: str | None = None,
        status: RunStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[RunView]:
        """List runs, newest first."""
        ...

    def states(
        self,
        run_id: str,
        *,
        identifier: str | None = None,
        status: StateStatus | None = None,
        limit: int = 100,
        cursor: str | None = None,
        whole: bool = False,
    ) -> Page[StateView]:
        """List the states of a run: nodes in topological order, each in fanout order, then by attempt.

        :param whole: load large values, too, instead of a `LargeValue` for each.
        """
        ...

    def state(self, state_id: int, *, whole: bool = True) -> StateView:
        """Return one state.

        :param whole: load large values, too, instead of a `LargeValue` for each.
        """
        ...

    def notes(self, state_id: int) -> StateNotes:
        """Return what the body of a state told: lines of its log, and its progress. No list loads these."""
        ...

    def gates(
        self,
        run_id: str,
        *,
        identifier: str | None = None,
        status: GateStatus | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[GateView]:
        """List the gates of a run: unites in topological order, each in fanout order."""
        ...

    def progress(self, run_id: str) -> tuple[NodeProgress, ...]:
        """Return the counts of each node of a run, in topological order."""
        ...

    def close(self) -> None:
        """Close the database or connection behind."""
        ...
