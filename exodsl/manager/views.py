"""Frozen views: all that a command, a screen or a user ever sees of runs and states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

from exodsl.engine.reports import ErrorInfo
from exodsl.template.triggers import CatchUp, Overlap

StateStatus = Literal[
    "CREATED",
    "QUEUED",
    "EXECUTED",
    "SUCCESS",
    "NEXT_CREATED_ERROR",
    "RETRY_CREATED",
    "ERRORED",
    "PRUNED",
    "CANCELLED",
]
GateStatus = Literal["OPEN", "PASSED", "BLOCKED", "CANCELLED"]
T = TypeVar("T")
RunStatus = Literal["RUNNING", "PAUSED", "SUCCESS", "FAILED", "CANCELLED"]
TickOutcome = Literal["STARTED", "QUEUED", "SKIPPED", "MISSED", "FAILED"]


@dataclass(frozen=True, slots=True)
class LargeValue:
    """Stands in a list for a value that is kept apart from its state; `length` is that of its JSON text."""

    length: int

    def __str__(self) -> str:
        return f"({self.length:,} characters)"


@dataclass(frozen=True, slots=True)
class StateView:
    """One state as it stands.

    `path` is its lineage as fanout positions; `fanout_index` says which output of its
    execution it holds (0 for the original). `inputs`, `outputs` and `data` (of a prune) are JSON
    values; `outputs` is `None` until there is one. In a list, values of more than 256 KiB are a
    `LargeValue`. Times are aware UTC: `queued_at` is when a runtime got it, `started_at` when its body
    began. `cpu_seconds` are the body's own, where they can be told apart; `peak_memory` is in bytes, of
    bodies that have a process of their own.
    """

    state_id: int
    run_id: str
    identifier: str
    node_name: str
    status: StateStatus
    path: tuple[int, ...]
    fanout_index: int
    retry_count: int
    attempt: int
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    data: dict[str, Any] | None
    error: ErrorInfo | None
    created_at: datetime
    enqueue_after: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cpu_seconds: float | None
    peak_memory: int | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a body logged; `level` is a name of `logging`, such as INFO."""

    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class StateProgress:
    """How far a body said that it is, and when: `done` of `total`, where that is known."""

    done: float
    total: float | None
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StateNotes:
    """What the body of a state told while it ran.

    :param lines: what it logged, oldest first, at most 200 lines and 64 KiB.
    :param dropped: how many lines before these gave way.
    :param progress: the latest it said, if it said any.
    """

    lines: tuple[LogLine, ...]
    dropped: int
    progress: StateProgress | None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as it stands; `error` names the first cause of a FAILED one.

    `served` says whether a runtime is there that can work on it now; `unserved` are the nodes that have something
    to do, and of which no such runtime has the code.
    """

    run_id: str
    namespace: str
    graph: str
    version: int
    status: RunStatus
    inputs: dict[str, Any]
    error: str | None
    failed_state_id: int | None
    target: str | None
    served: bool
    unserved: tuple[str, ...]
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class GateView:
    """One unite for one execution, or output, of what it unites (semantics 4).

    :param path: the lineage at which it stands.
    :param pending: what is still live in its region.
    :param arrived: outputs that went on to it; `failed` and `pruned` count the branches that ended so.
    :param state_id: the unite's state, once it was created.
    :param cause: the first state whose failure counts here.
    """

    identifier: str
    path: tuple[int, ...]
    status: GateStatus
    pending: int
    arrived: int
    failed: int
    pruned: int
    state_id: int | None
    cause: int | None


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """How many states of one node there are, and how they stand.

    `live` are CREATED, QUEUED or EXECUTED; the other counts are those of the status of that name.
    """

    identifier: str
    total: int
    live: int
    success: int
    errored: int
    next_created_error: int
    pruned: int
    retry_created: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class SecretView:
    """Where one secret of a graph comes from (semantics 8); nothing that is seen has its value.

    :param variable: the environment variable that holds it; `None` for one that is stored.
    :param key_id: names the key that opens a stored one; `None` while it has no value.
    """

    namespace: str
    graph: str
    name: str
    variable: str | None
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a cleaning removed, or would remove.

    :param versions: versions of graphs that were replaced, and have no run any more.
    :param left: some of it is still there.
    :param file_bytes: the size of the database file, which does not shrink; 0, as is the next, where it is not told.
    :param free_bytes: how much of it is free for what comes next; of a dry run an estimate, by the number of states.
    """

    runs: int
    states: int
    versions: int
    left: bool
    file_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class TickView:
    """What became of one tick of a schedule (semantics 9).

    :param at: when it was due, in the time zone of its schedule.
    :param reason: why it started no run; it may speak for all ticks since an earlier one.
    :param run_id: the run that it started, unless that was cleaned away.
    """

    at: datetime
    outcome: TickOutcome
    reason: str | None
    run_id: str | None
    run_status: RunStatus | None


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """One schedule of the newest version of a graph.

    :param next_times: the next five ticks, in its own time zone; none while it is paused.
    :param last_ticks: what became of the last five, the newest first.
    """

    schedule_id: int
    namespace: str
    graph: str
    cron: str
    tz: str
    catch_up: CatchUp
    overlap: Overlap
    paused: bool
    next_times: tuple[datetime, ...]
    last_ticks: tuple[TickView, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a longer list; `next_cursor` continues it, `None` at its end."""

    items: tuple[T, ...]
    next_cursor: str | None


def moment(milliseconds: int) -> datetime:
    """Return an aware UTC time from milliseconds since the epoch."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
