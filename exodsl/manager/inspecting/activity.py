"""What each node of a run is doing now: how many of its states run and wait, since when, and how long they take."""

from __future__ import annotations

from statistics import median
from typing import Any

from exodsl.database import pulse, samples
from exodsl.engine.facts import RunFacts
from exodsl.manager.inspection import NodeActivity
from exodsl.manager.serving import node_progress
from exodsl.manager.viewing import Viewing
from exodsl.manager.views import moment

_SAMPLED, _FROM = 100, 10
"""How many bodies a median is of, at most, and from how many places of a fanout they are."""


class Activity(Viewing):
    """Tells what is going on; see `Inspection` for each call."""

    def activity(self, run_id: str) -> tuple[NodeActivity, ...]:
        """Return what each node of a run is doing; see `Inspection.activity`."""
        with self._db.reading() as connection:
            run = self._run_facts(connection, run_id)
            since = _since(connection, run)
            unfolding = [row[1] - run.node_base for row in pulse.unfolding(connection, run.key)]
            live = [node.live for node in node_progress(connection, run)]
            return tuple(
                _activity(connection, run, index, live[index], since[index], unfolding.count(index))
                for index in range(len(live))
            )


def _since(connection: Any, run: RunFacts) -> list[list[int]]:
    """Return since when states of each node run, the oldest first."""
    found: list[list[int]] = [[] for _ in run.plan.nodes]
    for _, node, _, since, _ in pulse.running(connection, run.key):
        found[node - run.node_base].append(since)
    return found


def _activity(
    connection: Any, run: RunFacts, index: int, live: int, running: list[int], unfolding: int
) -> NodeActivity:
    waiting = max(0, live - len(running) - unfolding)
    due = pulse.next_due(connection, run.key, run.node_base + index) if waiting else None
    return NodeActivity(
        identifier=run.plan.nodes[index].identifier,
        running=len(running),
        waiting=waiting,
        next_due=None if due is None else moment(due),
        oldest_running=moment(running[0]) if running else None,
        median_ms=_median(connection, run.key, run.node_base + index),
    )


def _median(connection: Any, run: int, node: int) -> int | None:
    begins = samples.starts(connection, run, node, _FROM)
    each = _SAMPLED // max(1, len(begins))
    took = "id, finished_at - started_at"
    rows = samples.sample(connection, run, node, took, "started_at IS NOT NULL", begins, each, each)
    return round(median(row[1] for row in rows)) if rows else None
