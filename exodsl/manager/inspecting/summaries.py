"""States in short: rows into what lists show."""

from __future__ import annotations

from typing import cast

from exodsl.database.rows import Row
from exodsl.engine.facts import RunFacts
from exodsl.engine.lineage import positions
from exodsl.engine.reports import ErrorInfo
from exodsl.engine.status import State
from exodsl.manager.inspection import StateSummary
from exodsl.manager.views import StateStatus, moment


def summary(run: RunFacts, row: Row) -> StateSummary:
    """Return a state in short from the columns `SUMMARY` of its row."""
    key, node_id, path, attempt, retry_count, status, created, due, started, finished, kind, message = row
    node = run.plan.nodes[node_id - run.node_base]
    sibling = len(path) > node.depth
    return StateSummary(
        state_id=key,
        identifier=node.identifier,
        status=cast("StateStatus", State(status).name),
        path=positions(path[: node.depth]),
        fanout_index=positions(path)[-1] if sibling else 0,
        attempt=attempt,
        retry_count=retry_count,
        created_at=moment(created),
        enqueue_after=moment(due),
        started_at=None if started is None else moment(started),
        finished_at=None if finished is None else moment(finished),
        error=None if kind is None else headline(kind, message or ""),
    )


def headline(kind: str, message: str) -> str:
    """Return the type and the first line of a failure."""
    name, line = ErrorInfo(kind, message).name, message.strip().partition("\n")[0]
    return f"{name}: {line}" if line else name
