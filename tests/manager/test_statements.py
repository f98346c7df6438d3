"""Every statement that a list or a look runs finds its way by an index, whatever it is asked (semantics 10)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl.database.looking import raw
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.filter_text import run_filter, state_filter
from exodsl.manager.filters import StateFilter
from exodsl.manager.opening import open_embedded
from tests.manager.byhand import ByHand, Clock, begin, draw, fail, give, numbers, report
from tests.manager.conftest import Open

Ask = Callable[[EmbeddedManager, ByHand, str], object]
STATE_FILTERS = (
    "",
    "status:errored",
    "status:errored,pruned,cancelled,next node:work",
    "status:created",
    "status:running node:work,root",
    "status:live,failed",
    "status:retry,ok",
    "node:work -status:ok",
    "id:3,4",
    "try:>1 took:>5s age:<2h branch:3",
    "in.n:5 out.n:<3 err:broken",
    "wor",
    "sort:-took",
)
RUN_FILTERS = ("", "status:failed,ok", "status:live", "graph:one", "namespace:d* age:<1h", "id:{run}", "id:7f3", "one")
ASKS: dict[str, Ask] = {
    "run": lambda m, b, _: (m.run(b.run_id), m.run(b.run_id[-8:]), m.run(b.run_id[:30])),
    "runs": lambda m, _, __: (m.runs(), m.runs(cursor="9"), m.runs(status="RUNNING", graph="one", namespace="default")),
    "states": lambda m, b, c: (m.states(b.run_id), m.states(b.run_id, cursor=c), m.states(b.run_id, whole=True)),
    "states of a node": lambda m, b, c: (
        m.states(b.run_id, identifier="work", status="SUCCESS"),
        m.states(b.run_id, identifier="work", cursor=c),
    ),
    "states that failed": lambda m, b, c: m.states(b.run_id, status="ERRORED", cursor=c),
    "state": lambda m, b, _: (m.state(b.states()[-1].state_id), m.notes(1)),
    "gates": lambda m, b, c: (m.gates(b.run_id), m.gates(b.run_id, identifier="end", status="OPEN", cursor=c)),
    "progress": lambda m, b, _: m.progress(b.run_id),
    "graphs": lambda m, _, __: (m.graphs(), m.graphs(cursor="default/one")),
    "runtimes": lambda m, _, __: m.runtimes(),
    "schedules": lambda m, _, __: m.schedules(),
    "relatives": lambda m, b, _: [m.relatives(state.state_id) for state in b.states()[::5]],
    "cursor_at": lambda m, b, _: [m.cursor_at(b.run_id, at) for at in (0, 9, 99)],
    "cursor_at of a node": lambda m, b, _: [m.cursor_at(b.run_id, at, identifier="work") for at in (0, 9, 99)],
}


def _states(text: str) -> Ask:
    filter = state_filter(text)
    return lambda m, b, c: (m.find_states(b.run_id, filter), m.find_states(b.run_id, filter, cursor=c))


def _runs(text: str) -> Ask:
    def ask(manager: EmbeddedManager, begun: ByHand, _: str) -> object:
        filter = run_filter(text.format(run=begun.run_id))
        return manager.find_runs(filter), manager.find_runs(filter, cursor="9")

    return ask


ASKS |= {f"find_states {text}": _states(text) for text in STATE_FILTERS}
ASKS |= {f"find_runs {text}": _runs(text) for text in RUN_FILTERS}
SMALL = {"session", "schedule", "spill", "secret", "schema_version", "graph_template"}
"""Tables that have few rows however much is run, or that the statement is about as a whole."""
SCAN = re.compile(r"SCAN (\w+)")


class Traced:
    """A manager that only looks, and what its connection runs."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.manager = open_embedded(str(path), read_only=True, clock=clock)
        database: Any = self.manager._db
        self._connection = raw(database._reader)
        self.statements: list[str] = []
        self._connection.set_trace_callback(self.statements.append)

    def close(self) -> None:
        """Close it."""
        self._connection.set_trace_callback(None)
        self.manager.close()


@pytest.fixture
def begun(manage: Open, clock: Clock) -> ByHand:
    """A run, half done, of a graph with a fanout and a unite."""
    mapping = {"work": {"n": "${{ root.outputs.n }}"}}
    begun = begin(
        manage(), clock, draw("root* > work, work > end", unites={"end": "root!"}, inputs=mapping, name="one")
    )
    begun.take()
    begun.tell(*[report(claim, numbers(30)) for claim in begun.held], capacity=20)
    ways = [give({"n": 1}), fail(), fail(retryable=True)]
    begun.tell(*[report(claim, ways[at % 3]) for at, claim in enumerate(begun.held[:15])], capacity=0)
    return begun


@pytest.fixture
def traced(begun: ByHand, file: Path, clock: Clock) -> Iterator[Traced]:
    """Who looks at it."""
    with closing(Traced(file, clock)) as traced:
        yield traced


def plan_of(path: Path, statement: str) -> list[str]:
    """Return the steps of a statement, whose values stand in it."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.mark.parametrize("name", ASKS)
def test_nothing_walks_a_table_or_takes_all_of_its_columns(
    traced: Traced, begun: ByHand, file: Path, name: str
) -> None:
    cursor = traced.manager.find_states(begun.run_id, StateFilter(), limit=3).cursor
    assert cursor is not None
    traced.statements.clear()
    ASKS[name](traced.manager, begun, cursor)
    asked = {sql for sql in traced.statements if sql.startswith(("SELECT", "WITH"))}

    assert asked
    for sql in asked:
        assert "SELECT *" not in sql
        steps = plan_of(file, sql)
        assert "OFFSET" not in sql or all("COVERING INDEX" in step for step in steps), sql
        assert [step for step in steps if walks(sql, step)] == [], sql


def walks(sql: str, step: str) -> bool:
    """Say whether a step walks a table that may be large."""
    found = SCAN.match(step)
    return found is not None and table_of(sql, found[1]) not in SMALL


def table_of(sql: str, name: str) -> str:
    """Return the table that a name stands for in a statement."""
    found = re.search(rf"(\w+) AS {name}\b", sql)
    return found[1] if found else name


def test_a_look_writes_nothing_and_leaves_no_transaction_open(traced: Traced, begun: ByHand, file: Path) -> None:
    for ask in ASKS.values():
        ask(traced.manager, begun, "0..0")
    begins = [sql for sql in traced.statements if sql == "BEGIN"]
    ends = [sql for sql in traced.statements if sql == "ROLLBACK"]
    others = {sql.split()[0] for sql in traced.statements} - {"BEGIN", "ROLLBACK"}

    assert others == {"SELECT"}
    assert len(begins) == len(ends)
