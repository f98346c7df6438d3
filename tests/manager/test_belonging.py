"""What belongs to some namespaces: lists and ids that leave out what is of others (semantics 10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from exodsl.errors import RunNotFound, ScheduleNotFound, StateNotFound
from exodsl.manager.belonging import RunPlace
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.filters import RunFilter, Term
from exodsl.manager.opening import open_embedded
from exodsl.manager.protocol import Serves, Trigger
from tests.manager.byhand import ByHand, Clock, begin, draw

A, B = "a", "b"
CRON = {"type": "CRON", "value": {"expression": "0 0 1 1 *"}}


@pytest.fixture(params=["file", "postgres"])
def manager(request: pytest.FixtureRequest, file: Path, clock: Clock) -> Iterator[EmbeddedManager]:
    """An empty state manager over a database: what serves others asks it what belongs where."""
    uri = str(file) if request.param == "file" else request.getfixturevalue("postgres_uri")
    with closing(open_embedded(uri, durability="normal", clock=clock, seed=1)) as opened:
        yield opened


@pytest.fixture
def runs(manager: EmbeddedManager, clock: Clock) -> dict[str, ByHand]:
    """A run in each of two namespaces, of graphs of one name; that in `b` has a node at home in `a`."""
    drawn = {
        name: draw("root > end", parts={"end": {"namespace": A}}, namespace=name, triggers=[CRON]) for name in (A, B)
    }
    return {name: begin(manager, clock, template) for name, template in drawn.items()}


def test_lists_can_be_of_some_namespaces(manager: EmbeddedManager, runs: dict[str, ByHand]) -> None:
    """All that are asked for at once; none, where none of them is given."""
    anywhere = RunFilter((Term("namespace", "=", (B, A)),))
    found = {
        "runs": [run.run_id for run in manager.runs(namespaces=[B]).items],
        "find_runs": [run.run_id for run in manager.find_runs(anywhere, namespaces=[B]).items],
        "last runs": [graph.last_run for graph in manager.graphs(namespaces=[B]).items],
    }

    assert found == {name: [runs[B].run_id] for name in found}
    assert {run.namespace for run in manager.runs(namespaces={A, B}).items} == {A, B}
    assert {run.namespace for run in manager.find_runs(RunFilter(), namespaces={A, B}).items} == {A, B}
    assert manager.runs(namespace=A, namespaces=[B]).items == manager.runs(namespaces=[]).items == ()


def test_a_runtime_is_listed_by_what_it_does_for_some_namespaces(
    manager: EmbeddedManager, runs: dict[str, ByHand]
) -> None:
    """States count by their runs, wherever the nodes are at home."""
    both = manager.open_session("both", Serves({(name, "graph"): frozenset({"root"}) for name in (A, B)}))
    assert len(manager.exchange(both, [], 9).claims) == 2
    seen = {
        names: [one for one in manager.runtimes(namespaces=names) if one.session == both] for names in (A, "ab", "c")
    }

    assert [(set(one.serves), one.held) for one in seen[A]] == [({"a/graph"}, 1)]
    assert [(set(one.serves), one.held) for one in seen["ab"]] == [({"a/graph", "b/graph"}, 2)]
    assert seen["c"] == []


def test_a_cleaning_can_be_of_some_namespaces(manager: EmbeddedManager, runs: dict[str, ByHand]) -> None:
    for run in runs.values():
        manager.cancel(run.run_id)
    foreseen = manager.clean(timedelta(0), namespaces=[B], dry_run=True)
    cleaned = manager.clean(timedelta(0), namespaces=[B])

    assert (foreseen.runs, cleaned.runs) == (1, 1)
    assert [run.namespace for run in manager.runs().items] == [A]


def test_part_of_an_id_has_to_be_unique_among_those_of_some_namespaces(
    manager: EmbeddedManager, runs: dict[str, ByHand]
) -> None:
    """Ids that are made in one moment begin alike."""
    start = runs[B].run_id[:12]
    with pytest.raises(RunNotFound, match="fits 2 runs"):
        manager.run(start)
    with pytest.raises(RunNotFound):
        manager.run_in([A], runs[B].run_id)

    assert manager.run_in([B], start) == RunPlace(runs[B].run_id, B, frozenset({A, B}))
    assert manager.run_in([B], runs[B].run_id[-12:]).namespace == B


def test_single_things_belong_to_the_namespace_of_their_graph(
    manager: EmbeddedManager, runs: dict[str, ByHand]
) -> None:
    (state,) = manager.states(runs[B].run_id).items
    (schedule,) = manager.schedules(namespace=B)
    manager.expect_schedule_in([B], schedule.schedule_id)
    for number in (state.state_id, 999, -(2**70)):
        with pytest.raises(StateNotFound):
            manager.state_in([A], number)
    for number in (schedule.schedule_id, 999, 2**70):
        with pytest.raises(ScheduleNotFound):
            manager.expect_schedule_in([A], number)

    assert manager.state_in([A, B], state.state_id).run_id == runs[B].run_id
    assert manager.runs_in([B], [run.run_id for run in runs.values()]) == {runs[B].run_id}
    assert manager.runs_in([B], []) == frozenset()


def test_a_graph_is_worked_on_where_its_nodes_are_at_home(manager: EmbeddedManager, runs: dict[str, ByHand]) -> None:
    manager.upsert(draw("root > end", namespace=B))
    manager.trigger([Trigger(B, "graph")])

    assert [manager.homes(B, "graph", version) for version in (1, 2, None)] == [{A, B}, {B}, {B}]
    assert [manager.served_homes(B, "graph", names) for names in (["root"], ["root", "end"], [])] == [
        {B},
        {A, B},
        set(),
    ]
