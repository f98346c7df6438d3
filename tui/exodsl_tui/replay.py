"""A run at any moment of its past, from one history: nothing is asked again while somebody scrubs through time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from exodsl.manager.inspection import History, NodeActivity, NodeHistory
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import NodeProgress, RunView
from exodsl_tui.layout.axis import Axis
from exodsl_tui.looking import Look
from exodsl_tui.words import span

BUCKETS = 480
"""Buckets of time that a history has, where the run was busy for most of it."""
MOST_BUCKETS, MOST_NUMBERS = 10_000, 500_000
"""The most that it has otherwise; of all its nodes together."""
MANY_STATES = 100_000
"""Of more states, very many buckets take too long."""


class Replay:
    """Cumulative counts of each node, by bucket of time.

    :param history: what they are made of; that takes a while, so it is done in the reader's thread.
    :param is_over: whether the run has ended.
    """

    def __init__(self, history: History, *, is_over: bool = False) -> None:
        self.history = history
        self._nodes = {node.identifier: _Sums(node) for node in history.nodes}
        nodes = self._nodes.values()
        happened = _added((node.happened for node in nodes), history.buckets)
        working = _added((node.working for node in nodes), history.buckets)
        self.throughput = _added((node.ended for node in nodes), history.buckets)
        """How many states ended in each bucket, of all nodes."""
        self.busy = [bool(events or running) for events, running in zip(happened, working, strict=True)]
        """Whether anything was made, began or ended in each bucket, or was at work in it."""
        self.buckets = len(self.busy)
        """How many buckets are shown."""
        if is_over:  # the last ones may lie behind its end, as all are equally long
            self.buckets = max((at for at, busy in enumerate(self.busy, 1) if busy), default=1)

    def at(self, bucket: int) -> tuple[NodeProgress, ...]:
        """Return how each node stood at the end of a bucket; at the end of the last one as `progress` says."""
        return tuple(node.at(bucket) for node in self._nodes.values())

    def moment(self, bucket: int) -> datetime:
        """Return when a bucket ends."""
        return self.history.start + timedelta(milliseconds=self.history.bucket_ms * (bucket + 1))

    def bucket(self, moment: datetime) -> int:
        """Return the bucket in which a moment lies, the first or last one when it lies outside."""
        passed = (moment - self.history.start) // timedelta(milliseconds=max(self.history.bucket_ms, 1))
        return min(max(passed, 0), self.buckets - 1)

    def axis(self, width: int) -> Axis:
        """Share out columns among the buckets; idle stretches are folded."""
        seconds = self.history.bucket_ms / 1000
        return Axis.of(self.busy[: self.buckets], lambda count: span(seconds * count), width)

    def look(self, run: RunView, bucket: int) -> Look:
        """Return how the run stood at the end of a bucket."""
        progress = {node.identifier: node for node in self.at(bucket)}
        activity = {name: self._activity(node, bucket) for name, node in progress.items()}
        return Look(run, progress, activity)

    def _activity(self, node: NodeProgress, bucket: int) -> NodeActivity:
        running = min(self.working(node.identifier)[bucket], node.live)
        return NodeActivity(node.identifier, running, node.live - running, None, None, None)

    def working(self, identifier: str) -> list[int]:
        """Return how many bodies of a node were at work in each bucket."""
        return self._nodes[identifier].working


def replayed(manager: StateManager, run: RunView, nodes: int) -> Replay:
    """Look back at a run; where it was idle most of the time, in shorter buckets, so that the rest can be seen."""
    is_over = run.finished_at is not None
    replay = Replay(manager.history(run.run_id, buckets=BUCKETS), is_over=is_over)
    busy = sum(replay.busy)
    if busy * 4 >= BUCKETS:
        return replay
    states = sum(sum(node.created) for node in replay.history.nodes)
    most = MOST_BUCKETS if states <= MANY_STATES else BUCKETS * 4
    finer = min(BUCKETS * BUCKETS // max(busy, 1), most, max(MOST_NUMBERS // nodes, BUCKETS))
    return Replay(manager.history(run.run_id, buckets=finer), is_over=is_over)


class _Sums:
    """How one node went on, and what had come of it by each bucket."""

    def __init__(self, node: NodeHistory) -> None:
        self.identifier = node.identifier
        self._created = list(accumulate(node.created))
        self._ended = {status: list(accumulate(counts)) for status, counts in node.ended.items()}
        self.ended = _added(node.ended.values(), len(node.created))
        self.happened = _added((node.created, node.started, self.ended), len(node.created))
        self.working = list(node.running)

    def at(self, bucket: int) -> NodeProgress:
        """Return the counts at the end of a bucket."""
        ended: dict[str, int] = {status: counts[bucket] for status, counts in self._ended.items()}
        total = self._created[bucket] if self._created else 0
        return NodeProgress(
            self.identifier,
            total=total,
            live=total - sum(ended.values()),
            success=ended.get("SUCCESS", 0),
            errored=ended.get("ERRORED", 0),
            next_created_error=ended.get("NEXT_CREATED_ERROR", 0),
            pruned=ended.get("PRUNED", 0),
            retry_created=ended.get("RETRY_CREATED", 0),
            cancelled=ended.get("CANCELLED", 0),
        )


def _added(rows: Iterable[Sequence[int]], length: int) -> list[int]:
    """Add lists of numbers up, place by place."""
    found = [0] * length
    for row in rows:
        found = [a + b for a, b in zip(found, row, strict=True)]
    return found
