"""The protocol that every state manager speaks, whatever stands behind it.

Every call is synchronous: one call, one transaction (or one request). Waiting is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from exodsl.engine.reports import Claim, Report
from exodsl.manager.views import GateStatus, GateView, NodeProgress, Page, RunStatus, RunView, StateStatus, StateView
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

    The graph `*` stands for every graph of its namespace.
    """

    node_names: Mapping[tuple[str, str], frozenset[str]]
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """The answer to an exchange.

    :param claims: states that the runtime holds from now on.
    :param refused: ids of reported states whose lease was not theirs any more; nothing changed.
    :param ended_runs: runs that ended in this exchange, with their status.
    :param next_due_ms: milliseconds until the next state that waits for its time, if any is known.
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


class StateManager(Protocol):
    """Keeps templates, runs and states, and moves them by the rules of the engine."""

    def upsert(self, template: GraphTemplate) -> int:
        """Store a template; return its version (a changed one makes a new version)."""
        ...

    def template(self, namespace: str, graph: str, version: int | None = None) -> GraphTemplate:
        """Return a stored template, the newest unless a version is given."""
        ...

    def trigger(self, triggers: Sequence[Trigger]) -> list[str]:
        """Start runs in one transaction and return their ids; all or none are started."""
        ...

    def open_session(self, name: str, serves: Serves) -> int:
        """Announce a runtime; states held by runtimes that are gone are put back first."""
        ...

    def close_session(self, session: int) -> None:
        """Take leave; what the session still holds is CREATED again."""
        ...

    def exchange(self, session: int, reports: Sequence[Report], capacity: int) -> Exchange:
        """Record reports, create what follows, and claim up to `capacity` states: one transaction."""
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

    def read_store(self, run_id: str) -> dict[str, Any]:
        """Return the committed store of a run; :raises StoreUnavailable: when it was cleaned up."""
        ...

    def wake_on_work(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from any thread) when new work appears; returns what ends that."""
        ...

    def run(self, run_id: str) -> RunView:
        """Return a run by its id, or by any unique start or end of it."""
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

    def state(self, state_id: int) -> StateView:
        """Return one state."""
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
