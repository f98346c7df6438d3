"""What an inspector asks a state manager: light lists, counts and explanations, and never a whole run at once.

Everything here reads. A list gives one page; what has to look at many states says how far it got.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Literal, Protocol

from exodsl.manager.filters import RunFilter, StateFilter
from exodsl.manager.views import GateView, Page, RunStatus, StateStatus


@dataclass(frozen=True, slots=True)
class GraphSummary:
    """The newest version of a graph, and how its runs stand.

    :param runs: how many runs of all its versions there are by status; no entry where there are none.
    :param last_run: the newest of them.
    """

    namespace: str
    name: str
    version: int
    nodes: int
    created_at: datetime
    runs: Mapping[RunStatus, int]
    last_run: str | None


@dataclass(frozen=True, slots=True)
class RuntimeView:
    """A runtime that was announced and is there.

    :param serves: names of nodes by "namespace/graph"; `*` stands for all.
    :param run_id: the only run that it works on, if it is limited to one.
    :param held: how many states it holds now.
    """

    session: int
    name: str
    host: str
    serves: Mapping[str, tuple[str, ...]]
    run_id: str | None
    held: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in a list, with how its states stand.

    Superseded attempts count in none of these: `total` is `live + success + failed + pruned + cancelled`.
    """

    run_id: str
    namespace: str
    graph: str
    version: int
    status: RunStatus
    total: int
    live: int
    success: int
    failed: int
    pruned: int
    cancelled: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StateSummary:
    """One state in a list, without its values.

    :param started_at: when its body began; of one that runs, when a runtime got it.
    :param error: the type and first line of its failure.
    """

    state_id: int
    identifier: str
    status: StateStatus
    path: tuple[int, ...]
    fanout_index: int
    attempt: int
    retry_count: int
    created_at: datetime
    enqueue_after: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave so far.

    :param items: states that match, in the order asked for.
    :param searched: how many states this call looked at to find them.
    :param cursor: where the search goes on; `None` when all was looked at.
    """

    items: tuple[StateSummary, ...]
    searched: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class NodeActivity:
    """How the live states of a node stand now, and how long its bodies take.

    :param running: held by a runtime; `waiting` are due or not yet due.
    :param next_due: when the first of the waiting is due.
    :param oldest_running: since when its longest running one runs.
    :param median_ms: the median time of up to 100 bodies that succeeded; `None` before the first.
    """

    identifier: str
    running: int
    waiting: int
    next_due: datetime | None
    oldest_running: datetime | None
    median_ms: int | None


@dataclass(frozen=True, slots=True)
class Relatives:
    """Where a state comes from, and what came of it.

    :param attempts: the newest states of its place, the first attempt first.
    :param parents: the state that made it; for a unite the first of those it collected.
    :param parents_total: how many it has.
    :param children: the states that its output made: one of each next node, and of each unite that went ahead;
        siblings of a fanout are not among them.
    :param gates: the gates of unites in whose regions it lies, the innermost first.
    """

    attempts: tuple[StateSummary, ...]
    parents: tuple[StateSummary, ...]
    parents_total: int
    children: tuple[StateSummary, ...]
    gates: tuple[GateView, ...]


Blocker = Literal["moving", "waiting", "dead"]


@dataclass(frozen=True, slots=True)
class Group:
    """States of one node below a gate that are alike: running, waiting, or dead for it.

    :param count: how many there are.
    :param first: the first few, oldest first.
    :param next_due: of waiting ones, when the first is due.
    :param retries_left: of live ones, the fewest retries that one has left.
    """

    kind: Blocker
    identifier: str
    count: int
    first: tuple[StateSummary, ...]
    next_due: datetime | None
    retries_left: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a gate stands as it does (semantics 4), by the engine's own rule.

    :param expected: branches known so far, those that failed or were pruned among them; `exact` is whether no more
        can come.
    :param groups: what it waits for, and what keeps it from opening: a dead one cannot satisfy its strategy.
    :param dead: the states to retry for it to open; at most 10,000.
    :param inner_gates: gates in its region by status.
    :param sentence: one sentence: what would open it, or why it did.
    """

    gate: GateView
    strategy: str
    unites: str
    expected: int
    exact: bool
    groups: tuple[Group, ...]
    dead: tuple[int, ...]
    inner_gates: Mapping[str, int]
    sentence: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Failures of one node that are alike: the same exception, the same message but for numbers and names.

    :param key: what they share; unique in a run together with `identifier`.
    :param sample: one of them.
    """

    identifier: str
    key: str
    error: str
    count: int
    first_seen: datetime
    last_seen: datetime
    sample: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """How one input differs between failed and successful states of a node.

    :param field: the dotted name of the input.
    :param value: what it is, or a range of numbers such as `>= 5`.
    :param failed: how many of `failed_of` failed states have it; `succeeded` of `succeeded_of` the same.
    """

    field: str
    value: str
    failed: int
    failed_of: int
    succeeded: int
    succeeded_of: int


@dataclass(frozen=True, slots=True)
class NodeHistory:
    """How one node went on: numbers by bucket of time.

    :param created: states made, `started` bodies begun, in each bucket.
    :param running: bodies that were at work at some moment of each bucket.
    :param ended: states that reached a status, by that status.
    :param first_at: when the first body began, and `last_at` when the last thing happened; `None` before any began.
    """

    identifier: str
    created: tuple[int, ...]
    started: tuple[int, ...]
    running: tuple[int, ...]
    ended: Mapping[StateStatus, tuple[int, ...]]
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class History:
    """A run over time, in buckets of equal length; idle stretches are there, and for a screen to fold."""

    start: datetime
    bucket_ms: int
    buckets: int
    nodes: tuple[NodeHistory, ...]


class Inspection(Protocol):
    """The half of a state manager that screens read (semantics 10); every call is one short look."""

    @property
    def read_only(self) -> bool:
        """Whether it refuses everything that would change something."""
        ...

    @property
    def snapshot(self) -> bool:
        """Whether it shows a file that it takes to change no more, as on read-only media; others are seen to change."""
        ...

    def mark(self) -> int:
        """Return a number that is another one whenever something was committed; costs next to nothing."""
        ...

    def graphs(self, *, limit: int = 100, cursor: str | None = None) -> Page[GraphSummary]:
        """List the newest versions of graphs, by namespace and name."""
        ...

    def runtimes(self) -> tuple[RuntimeView, ...]:
        """List the runtimes that are there."""
        ...

    def find_runs(
        self, filter: RunFilter, *, limit: int = 50, cursor: str | None = None, budget: int = 100_000
    ) -> Page[RunSummary]:
        """List runs that match, newest first.

        :param budget: stop after looking at about so many: the page may then be short, or empty, and still go on.
        """
        ...

    def find_states(
        self, run_id: str, filter: StateFilter, *, limit: int = 128, cursor: str | None = None, budget: int = 20_000
    ) -> Found:
        """Search states of a run in their order: nodes in topological order, fanout order, attempts.

        With a sort in the filter it gives the first `limit` by that order instead, of what it looked at.

        :param budget: stop after looking at about so many; a filter by status or node alone uses an index.
        """
        ...

    def cursor_at(self, run_id: str, position: int, *, identifier: str | None = None) -> str | None:
        """Return the cursor with which the state at a position (0 is the first) comes next, without filters.

        It is `None` for the first one; behind the last position, nothing comes next.

        :param identifier: count the states of this node alone.
        """
        ...

    def activity(self, run_id: str) -> tuple[NodeActivity, ...]:
        """Return what each node of a run is doing, in topological order."""
        ...

    def relatives(self, state_id: int, *, limit: int = 50) -> Relatives:
        """Return where a state comes from and what came of it."""
        ...

    def gate(self, run_id: str, identifier: str, path: Sequence[int] = ()) -> Verdict:
        """Say what a gate waits for. :raises InputInvalid: when there is none there."""
        ...

    def clusters(self, run_id: str) -> tuple[Cluster, ...]:
        """Group the failures of a run that are alike, the largest group first."""
        ...

    def cluster_states(self, run_id: str, identifier: str, key: str) -> tuple[int, ...]:
        """Return the states of a cluster, at most 10,000."""
        ...

    def contrast(self, run_id: str, identifier: str, key: str) -> tuple[Contrast, ...]:
        """Compare the inputs of a cluster's states with those of successful ones, the sharpest difference first.

        It looks at no more than 500 of each.
        """
        ...

    def history(self, run_id: str, *, buckets: int = 240) -> History:
        """Return how a run went over time; looks at all of its states, so it takes a while for very many."""
        ...

    def slowest(self, run_id: str, identifier: str, *, limit: int = 20) -> tuple[StateSummary, ...]:
        """Return the states of a node whose bodies took longest; those that run count up to now."""
        ...

    def export_run(self, run_id: str, path: str | PathLike[str]) -> int:
        """Write one run into a new database file, and return how many states it has; values are kept, secrets not.

        :raises DatabaseUnusable: when there is such a file, or it cannot be written.
        """
        ...
