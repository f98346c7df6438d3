"""Claims, pages and counts find their way by an index, whatever the size of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exodsl.database import cleaning, notes, pages, reads, schedules, templates
from exodsl.database.cleaning import Old
from exodsl.database.sqlite import Sqlite
from exodsl.engine.status import State

Query = Callable[[Any], object]
BAD = "states that failed"


class Explained:
    """A connection that asks for the plan of each statement before it runs it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.steps: list[str] = []

    def execute(self, sql: str, values: Any = ()) -> Any:
        """Run a statement."""
        rows = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", tuple(values)).fetchall()
        self.steps += [row[3] for row in rows]
        return self._connection.execute(sql, tuple(values))


QUERIES: dict[str, Query] = {
    "a claim": lambda c: reads.due_states(c, [1, 2], 9, 5, 1, reads.only(None, ()), 2),
    "a claim for one run": lambda c: reads.due_states(c, [1, 2], 9, 5, 1, reads.only(7, [3], 2), 2),
    "the next due state": lambda c: reads.next_due(c, [1, 2, 3], reads.only(None, ())),
    "single outputs": lambda c: reads.single_outputs(c, [(1, 1, b""), (1, 2, b"")]),
    "endings": lambda c: reads.endings(c, [(1, 1, b""), (1, 2, b"")]),
    "a branch": lambda c: reads.branch_outputs(c, (1, 1, b"\0\0\0\1")),
    "all outputs": lambda c: reads.branch_outputs(c, (1, 1, b"")),
    "stores": lambda c: reads.stores(c, [1, 2]),
    "held": lambda c: reads.held(c, [1, 2]),
    "the lines of a state": lambda c: notes.lines(c, 1),
    "the progress of a state": lambda c: notes.progress(c, 1),
    "the last state": templates.last_state,
    "the newest template": lambda c: templates.newest(c, "default", "graph"),
    "one run": lambda c: pages.run(c, 1),
    "runs": lambda c: pages.runs(c, None, None, None, 9, 5),
    "runs of a status": lambda c: pages.runs(c, None, None, 2, 9, 5),
    "one state": lambda c: pages.state(c, 1),
    "states": lambda c: pages.states(c, 1, None, None, (1, b"", 0), 5),
    "states of a node": lambda c: pages.states(c, 1, 1, None, (1, b"", 0), 5),
    BAD: lambda c: pages.states(c, 1, None, State.ERRORED, None, 5),
    "inputs": lambda c: pages.inputs_of(c, 1, 1, b"", 0),
    "counts": lambda c: pages.node_counts(c, 1),
    "statuses": lambda c: pages.status_counts(c, 1, [1, 2]),
    "when schedules tick": schedules.outlook,
    "schedules that are due": lambda c: schedules.due(c, 9, 5),
    "the first in a queue": lambda c: schedules.first_waiting(c, 1),
    "runs of a schedule that go on": lambda c: schedules.live_runs(c, 1),
    "ticks": lambda c: schedules.ticks(c, 1, 5),
    "a run by its key": lambda c: templates.run_of(c, "key"),
    "old runs": lambda c: cleaning.old_runs(c, Old(9), 5),
    "marked runs": cleaning.any_marked,
    "a piece of what is marked": lambda c: cleaning.remove_piece(c, 5),
}
TABLES = {
    "state",
    "s",
    "run",
    "r",
    "gate",
    "store_entry",
    "spill",
    "node_count",
    "graph_template",
    "template_node",
    "log_line",
    "progress",
    "schedule",
    "tick",
    "t",
}


def walks(steps: list[str]) -> list[str]:
    """Return the steps that walk a whole table."""
    return [step for step in steps if step.startswith("SCAN") and step.split()[1] in TABLES and "INDEX" not in step]


@pytest.mark.parametrize("name", [name for name in QUERIES if name not in ("runs", "the last state")])
def test_nothing_walks_a_table(database: Sqlite, name: str) -> None:
    with database.transaction() as connection:
        explained = Explained(connection)
        QUERIES[name](explained)

    assert explained.steps
    assert walks(explained.steps) == []


@pytest.mark.parametrize("name", ["states", "states of a node", "a branch", "all outputs", "runs", "runs of a status"])
def test_a_page_is_found_in_its_order(database: Sqlite, name: str) -> None:
    """Sorting would read all of a run for one page of it."""
    with database.transaction() as connection:
        explained = Explained(connection)
        QUERIES[name](explained)

    assert not [step for step in explained.steps if "TEMP B-TREE" in step]


def test_a_claim_stops_at_what_is_asked_for(database: Sqlite) -> None:
    """Each node's due states are walked in their order, by the partial index of what is due."""
    with database.transaction() as connection:
        explained = Explained(connection)
        reads.due_states(explained, [1, 2], 9, 5, 1, reads.only(None, ()), 2)

    assert not [step for step in explained.steps if "TEMP B-TREE" in step]
    assert sum("state_due" in step for step in explained.steps) == 2


def test_states_that_failed_are_found_among_many_that_did_not(database: Sqlite) -> None:
    with database.transaction() as connection:
        explained = Explained(connection)
        QUERIES[BAD](explained)

    assert any("state_bad" in step for step in explained.steps)


@pytest.mark.parametrize("part", ["01a3185c-5000-7f5c-9e4b-37828c3b2e03", "01a3185c"])
def test_a_run_is_found_by_the_start_of_its_id_without_a_walk(database: Sqlite, part: str) -> None:
    with database.transaction() as connection:
        explained = Explained(connection)
        pages.runs_starting(explained, part)

    assert walks(explained.steps) == []
