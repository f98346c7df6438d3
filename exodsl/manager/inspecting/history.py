"""How a run went over time, and which of its bodies took longest; both look at very many states in short reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import accumulate
from typing import Any, cast

from exodsl.database import pulse, summaries, timeline
from exodsl.database.rows import Row
from exodsl.database.timeline import Chunk
from exodsl.engine.facts import RunFacts
from exodsl.engine.status import State
from exodsl.errors import InputInvalid
from exodsl.manager.inspecting.summaries import summary
from exodsl.manager.inspection import History, NodeHistory, StateSummary
from exodsl.manager.viewing import Viewing, node_key
from exodsl.manager.views import StateStatus, moment

CHUNK = 20_000
"""How many states one short read looks at."""
MOST_BUCKETS = 10_000
_LIVE = (State.CREATED, State.QUEUED, State.EXECUTED)


@dataclass(slots=True)
class _Counts:
    """The numbers of one node while they are added up."""

    created: list[int]
    started: list[int]
    came: list[int]
    """By how many more bodies are at work in a bucket than in the one before."""
    ended: dict[State, list[int]] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None


class Recalling(Viewing):
    """Looks back; see `Inspection` for each call."""

    def history(self, run_id: str, *, buckets: int = 240) -> History:
        """Return how a run went over time; see `Inspection.history`."""
        if not 1 <= buckets <= MOST_BUCKETS:
            raise InputInvalid(f"A history has 1 to {MOST_BUCKETS:,} buckets, not {buckets:,}.")
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            start, end = timeline.bounds(connection, run.key, run.node_base)
        span = max(1, (self._clock() if end is None else end) - start + 1)
        length = -(-span // buckets)
        counts = [_Counts([0] * buckets, [0] * buckets, [0] * (buckets + 1)) for _ in run.plan.nodes]
        for connection, chunk in self._chunks(run, run.node_base, run.node_base + len(counts) - 1):
            for row in timeline.buckets(connection, chunk, start, length):
                _add(counts[row[0] - run.node_base], row, buckets)
        nodes = (_history(node.identifier, one) for node, one in zip(run.plan.nodes, counts, strict=True))
        return History(moment(start), length, buckets, tuple(nodes))

    def slowest(self, run_id: str, identifier: str, *, limit: int = 20) -> tuple[StateSummary, ...]:
        """Return the states whose bodies took longest; see `Inspection.slowest`."""
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            node, now = node_key(run, identifier), self._clock()
            held = (row for row in pulse.running(connection, run.key) if row[1] == node)
            found = [(since - now, key) for key, _, _, since, _ in held]
        for connection, chunk in self._chunks(run, node, node):
            ended = ((-took, key) for took, key in timeline.slowest(connection, chunk, limit))
            found = nsmallest(limit, {key: (took, key) for took, key in (*found, *ended)}.values())
        keys = [key for _, key in nsmallest(limit, found)]
        with self._db.reading() as connection:
            return tuple(summary(run, row) for row in summaries.summaries(connection, keys))

    def _chunks(self, run: RunFacts, first: int, last: int) -> Iterator[tuple[Any, Chunk]]:
        """Give the states of some nodes in chunks, each with a read of its own."""
        after: timeline.Place = (first, b"", -1)
        while after[0] <= last:
            with self._db.reading() as connection:
                chunk = timeline.next_chunk(connection, run.key, after, last, CHUNK)
                yield connection, chunk
            after = chunk.until


def _add(counts: _Counts, row: Row, buckets: int) -> None:
    """Add states that are alike; what happened before the first bucket, or behind the last, counts there."""
    _, status, *at, count, first, last = row
    created, begun, ended = (None if one is None else min(max(one, 0), buckets - 1) for one in at)
    counts.created[created or 0] += count
    if begun is not None:
        counts.started[begun] += count
        counts.came[begun] += count
        until = buckets - 1 if status == State.QUEUED else begun if ended is None else max(begun, ended)
        counts.came[until + 1] -= count
        counts.first = first if counts.first is None else min(counts.first, first)
    if last is not None:
        counts.last = last if counts.last is None else max(counts.last, last)
    if ended is not None and status not in _LIVE:
        counts.ended.setdefault(State(status), [0] * buckets)[ended] += count


def _history(identifier: str, counts: _Counts) -> NodeHistory:
    return NodeHistory(
        identifier=identifier,
        created=tuple(counts.created),
        started=tuple(counts.started),
        running=tuple(accumulate(counts.came[:-1])),
        ended={cast("StateStatus", status.name): tuple(counts.ended[status]) for status in sorted(counts.ended)},
        first_at=None if counts.first is None else moment(counts.first),
        last_at=None if counts.last is None else moment(counts.last),
    )
