"""Large runs as a runtime would have left them, made without one: rows, counters and gates that fit each other.

A document is split, each part fetched and parsed, and all is collected in spite of failures. Of 100 fetches one failed,
two were tried again, one was pruned. Parts at the end may still wait to be parsed, or be at work.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exodsl.database import templates
from exodsl.database.sqlite import Sqlite
from exodsl.engine.lineage import step
from exodsl.engine.status import Gate, Run, State
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Trigger
from tests.manager.byhand import draw

BEGIN = 1_800_000_000_000
"""When a generated run began, in milliseconds; a state is made each millisecond."""
LANGS = ("en", "de", "fr", "th")
TEMPLATE = draw(
    "split* > fetch, fetch > parse, parse > collect",
    unites={"collect": "split!"},
    inputs={
        "fetch": {"n": "${{ split.outputs.n }}", "lang": "${{ split.outputs.lang }}"},
        "parse": {"n": "${{ fetch.outputs.n }}"},
    },
    name="documents",
)
SPLIT, FETCH, PARSE, COLLECT = range(4)
_INSERT = (
    "INSERT INTO state (id, run_id, node, path, attempt, retry_count, status, parent_id, inputs, outputs, error, data,"
    " lost, lease, enqueue_after, created_at, queued_at, started_at, finished_at)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,0,?,?,?,?,?,?)"
)
_COUNTED = (State.SUCCESS, State.ERRORED, State.NEXT_CREATED_ERROR, State.PRUNED, State.RETRY_CREATED, State.CANCELLED)


@dataclass(slots=True)
class _Rows:
    """The rows of one run, and what they add up to."""

    run: int
    base: int
    key: int
    lease: int
    counts: dict[int, Counter[State]] = field(default_factory=lambda: {node: Counter() for node in range(4)})
    cause: int | None = None

    def of(self, width: int, waiting: int, running: int) -> Iterator[tuple[Any, ...]]:
        """Give all rows but that of the unite."""
        split = self.key + 1
        for at in range(width):
            value = {"n": at, "lang": LANGS[at % 4]}
            yield self._row(SPLIT, at, State.SUCCESS, None, inputs=None if at else {}, outputs=value)
        fetched: list[tuple[int, int]] = []
        for at in range(width):
            given = {"n": at, "lang": LANGS[at % 4]}
            attempt = 0
            if at % 100 in (1, 2):
                yield self._row(FETCH, at, State.RETRY_CREATED, split + at, inputs=given, error="Timeout")
                attempt = 1
            status = {0: State.ERRORED, 3: State.PRUNED}.get(at % 100, State.SUCCESS)
            yield self._row(FETCH, at, status, split + at, attempt, inputs=given, outputs=given, error="Gone")
            if status is State.SUCCESS:
                fetched.append((at, self.key))
        left = len(fetched) - waiting - running
        for number, (at, parent) in enumerate(fetched):
            status = State.SUCCESS if number < left else State.CREATED if number < left + waiting else State.QUEUED
            yield self._row(PARSE, at, status, parent, inputs={"n": at}, outputs={"score": at % 10 / 10})

    def unite(self, width: int) -> tuple[Any, ...]:
        """Give the row of the unite."""
        return self._row(COLLECT, None, State.SUCCESS, self.key - width, inputs={}, outputs={})

    def _row(
        self,
        node: int,
        at: int | None,
        status: State,
        parent: int | None,
        attempt: int = 0,
        *,
        inputs: dict[str, Any] | None,
        outputs: dict[str, Any] | None = None,
        error: str = "",
    ) -> tuple[Any, ...]:
        self.key += 1
        self.counts[node][status] += 1
        if status is State.ERRORED and self.cause is None:
            self.cause = self.key
        path = b"" if at is None or (node == SPLIT and not at) else step(at)
        sibling = node == SPLIT and bool(at)
        failed = status in (State.ERRORED, State.RETRY_CREATED)
        waits = status is State.CREATED
        made = BEGIN + self.key
        told = {"type": f"tests.{error}", "message": f"{error} after {self.key % 50} s", "traceback": "", "key": error}
        return (
            self.key, self.run, self.base + node, path, attempt, attempt, int(status), parent,
            None if inputs is None else json.dumps(inputs), json.dumps(outputs) if status is State.SUCCESS else None,
            json.dumps(told) if failed else None, "{}" if status is State.PRUNED else None,
            0 if waits else self.lease, made, made, None if waits or sibling else made + 5,
            None if waits or sibling or status is State.QUEUED else made + 6,
            None if waits or status is State.QUEUED else made + 10 + self.key % 90,
        )  # fmt: skip


def generate(path: Path, states: int, *, waiting: int = 0, running: int = 0) -> str:
    """Add one run of about so many states to a database, which is made where there is none; return its id.

    :param waiting: how many parts wait to be parsed, and
    :param running: are held by a runtime that is not there: who opens the file to write puts them back.
    """
    manager = open_manager(str(path), durability="normal", clock=lambda: BEGIN)
    manager.upsert(TEMPLATE)
    (run_id,) = manager.trigger([Trigger("default", TEMPLATE.name)])
    manager.close()
    width = max(8, states // 3)
    database = Sqlite(path, durability="normal")
    with database.transaction() as connection:
        key, base = connection.execute(
            "SELECT r.id, min(n.id) FROM run AS r JOIN template_node AS n ON n.template_id = r.template_id"
            " WHERE r.run_id = ?",
            (run_id,),
        ).fetchone()
        connection.execute("DELETE FROM state WHERE run_id = ?", (key,))
        connection.execute("DELETE FROM node_count WHERE run_id = ?", (key,))
        lease = templates.next_session(connection) << 32
        rows = _Rows(key, base, templates.last_state(connection), lease)
        opener = rows.key + 1
        connection.executemany(_INSERT, rows.of(width, waiting, running))
        ended = not waiting and not running
        if ended:
            connection.execute(_INSERT, rows.unite(width))
        _write_counters(connection, rows, opener, waiting + running)
        status = (Run.SUCCESS, BEGIN + rows.key + 100) if ended else (Run.RUNNING, None)
        connection.execute(
            "UPDATE run SET status = ?, finished_at = ?, pending = ? WHERE id = ?", (*status, int(not ended), key)
        )
    database.close()
    return run_id


def _write_counters(connection: Any, rows: _Rows, opener: int, pending: int) -> None:
    for node in (SPLIT, FETCH, PARSE):
        counts = rows.counts[node]
        connection.execute(
            "INSERT INTO node_count VALUES (?,?,?,?,?,?,?,?,?)",
            (rows.run, rows.base + node, counts.total(), *(counts[status] for status in _COUNTED)),
        )
    fetched, parsed = rows.counts[FETCH], rows.counts[PARSE]
    status, unite = (Gate.OPEN, None) if pending else (Gate.PASSED, rows.key)
    connection.execute(
        "INSERT INTO gate (run_id, node, path, pending, arrived, failed, pruned, status, opener, state_id, cause)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            rows.run, rows.base + COLLECT, b"", pending, parsed[State.SUCCESS], fetched[State.ERRORED],
            fetched[State.PRUNED], int(status), opener, unite, rows.cause,
        ),
    )  # fmt: skip
