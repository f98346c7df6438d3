"""Frozen views: all that a command, a screen or a user ever sees of runs and states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from exodsl.engine.reports import ErrorInfo

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
    `LargeValue`. Times are aware UTC.
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
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as it stands; `error` names the first cause of a FAILED one.

    `served` says whether a runtime is there that can work on it now.
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
class Page(Generic[T]):
    """Some items of a longer list; `next_cursor` continues it, `None` at its end."""

    items: tuple[T, ...]
    next_cursor: str | None
