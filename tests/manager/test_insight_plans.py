"""What explains a run finds its way by an index: no statement walks a table, however many runs there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl.database.copying import COPIED
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded
from tests.manager.byhand import Clock, begin, draw, fail, give, prune, report

Call = Callable[[EmbeddedManager, str], Any]
TABLES = {"state", "s", "o", "run", "r", "gate", "node_count", "store_entry", "large_value", "log_line", "progress"}
"""What may have very many rows; parts of wide fanouts and sessions are few."""
CALLS: dict[str, Call] = {
    "activity": lambda manager, run: manager.activity(run),
    "the outer gate": lambda manager, run: manager.gate(run, "end"),
    "an inner gate": lambda manager, run: manager.gate(run, "sum", (1,)),
    "clusters": lambda manager, run: manager.clusters(run),
    "the states of a cluster": lambda manager, run: manager.cluster_states(run, "work", "tests.Broken: broken"),
    "a contrast": lambda manager, run: manager.contrast(run, "work", "tests.Broken: broken"),
    "the history": lambda manager, run: manager.history(run),
    "the slowest": lambda manager, run: manager.slowest(run, "work"),
    "a run as a file": lambda manager, run: manager.export_run(run, Path(manager._db.path).with_name("copy.db")),
}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[EmbeddedManager]:
    """A state manager over a file."""
    opened = open_embedded(str(tmp_path / "exodsl.db"), durability="normal", clock=Clock())
    yield opened
    opened.close()


@pytest.fixture
def run_id(manager: EmbeddedManager) -> str:
    """A run in which states run, wait, failed, were pruned, and are not all made yet."""
    template = draw(
        "split* > part*, part > work, work > sum, sum > end",
        unites={"sum": "part", "end": "split"},
        inputs={"work": {"n": "${{ part.outputs.n }}"}, "sum": {"first": "${{ split.outputs.n }}"}},
    )
    begun = begin(manager, Clock(), template)
    begun.exchange(report(begun.take()[0], give(*({"n": n} for n in range(4)))), capacity=3)
    for claim, width in zip(begun.held[:2], (300, 6), strict=True):
        begun.exchange(report(claim, give(*({"n": n} for n in range(width)))), capacity=4)
    works = [claim for claim in begun.held if claim.identifier == "work"]
    begun.exchange(report(works[0], fail()), report(works[1], prune()), report(works[2]), capacity=0)
    return begun.run_id


def statements(manager: EmbeddedManager, call: Callable[[], Any]) -> list[str]:
    """Return the statements that a call has its reading connection run, with their values."""
    seen: list[str] = []
    with manager._db.reading() as connection:
        connection.set_trace_callback(seen.append)
    try:
        call()
    finally:
        with manager._db.reading() as connection:
            connection.set_trace_callback(None)
    return [text for text in seen if text.lstrip().upper().startswith(("SELECT", "WITH"))]


def plans(manager: EmbeddedManager, asked: list[str]) -> list[str]:
    """Return the steps by which statements are answered."""
    with manager._db.reading() as connection:
        return [row[3] for text in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]


@pytest.mark.parametrize("name", CALLS)
def test_nothing_walks_a_table(manager: EmbeddedManager, run_id: str, name: str) -> None:
    asked = statements(manager, lambda: CALLS[name](manager, run_id))
    steps = plans(manager, asked)
    walks = [step for step in steps if step.startswith("SCAN") and step.split()[1] in TABLES and "INDEX" not in step]

    assert asked
    assert walks == []
    assert not [text for text in asked if "SELECT *" in text]


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("clusters", "state_bad"),
        ("the outer gate", "state_bad"),
        ("the outer gate", "state_due"),
        ("activity", "state_due"),
        ("activity", "state_held"),
    ],
)
def test_what_is_live_or_failed_is_found_by_the_index_that_holds_nothing_else(
    manager: EmbeddedManager, run_id: str, name: str, index: str
) -> None:
    steps = plans(manager, statements(manager, lambda: CALLS[name](manager, run_id)))

    assert any(index in step for step in steps)


def test_a_gate_is_explained_without_a_look_at_what_went_well(manager: EmbeddedManager, run_id: str) -> None:
    asked = statements(manager, lambda: manager.gate(run_id, "end"))
    walking = [text for text in asked if "FROM state WHERE run_id" in text and "path =" not in text]

    assert [text for text in walking if "GROUP BY node, status" not in text] == []


@pytest.mark.parametrize("name", [name for name in CALLS if name != "a run as a file"])
def test_a_manager_that_only_looks_explains_the_same(manager: EmbeddedManager, run_id: str, name: str) -> None:
    looking = open_embedded(manager._db.path, read_only=True, clock=Clock())
    with closing(looking):
        assert CALLS[name](looking, run_id) == CALLS[name](manager, run_id)


def test_a_manager_that_only_looks_writes_a_run_into_a_file(manager: EmbeddedManager, run_id: str) -> None:
    looking = open_embedded(manager._db.path, read_only=True, clock=Clock())
    with closing(looking):
        assert CALLS["a run as a file"](looking, run_id) > 100


def test_a_file_has_every_table_that_belongs_to_a_run(manager: EmbeddedManager) -> None:
    """A table that is added later is copied, or named here as one that stays."""
    with manager._db.reading() as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        columns = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}
    of_runs = {name for name, own in columns.items() if own & {"run_id", "state_id"}}

    assert of_runs - {"session", "tick"} == {*COPIED} - {"graph_template", "template_node"}
