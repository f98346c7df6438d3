"""Pages, counts and ids: what people look at (semantics 3, 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from exodsl.errors import ExodslError, InputInvalid, RunNotFound
from exodsl.manager.protocol import StateManager, Trigger
from exodsl.manager.views import NodeProgress, Page
from tests.manager.byhand import ByHand, draw, fail, give, numbers, prune, report, requeue
from tests.manager.conftest import Begin

MIXED: dict[str, Any] = {
    "arrows": "root* > work side, work > end, end > last*",
    "unites": {"end": "root!"},
    "inputs": {"work": {"n": "${{ root.outputs.n }}"}, "side": {"x": "${{ root.outputs.x }}"}},
    "retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 5},
}


def mixed(run: Begin) -> ByHand:
    """Work a run whose states end in every way."""
    begun = run(**MIXED)

    def work(inputs: dict[str, Any]) -> Any:
        ways = [give({}), fail(), prune(), fail(retryable=True)]
        return ways[inputs["n"] % 4]

    outputs = [{"n": n} | ({"x": 0} if n % 5 else {}) for n in range(23)]
    begun.work(root=give(*outputs), work=work, last=give({}, {}))
    return begun


def whole(turn: Callable[[str | None], Page]) -> list:
    """Turn all pages; return what is on them."""
    found: list = []
    cursor: str | None = None
    while True:
        page = turn(cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 22, 23, 24, 1_000])
def test_every_page_size_gives_the_same_states(run: Begin, manager: StateManager, size: int) -> None:
    begun = mixed(run)
    paged = whole(lambda cursor: manager.states(begun.run_id, limit=size, cursor=cursor))

    assert paged == begun.states()


@pytest.mark.parametrize("status", ["SUCCESS", "ERRORED", "PRUNED", "NEXT_CREATED_ERROR", "RETRY_CREATED", "CREATED"])
def test_pages_of_one_status_hold_all_of_it(run: Begin, manager: StateManager, status: Any) -> None:
    begun = mixed(run)
    wanted = [state for state in begun.states() if state.status == status]
    paged = whole(lambda cursor: manager.states(begun.run_id, status=status, limit=2, cursor=cursor))

    assert paged == wanted


@pytest.mark.parametrize("identifier", ["root", "work", "side", "end", "last"])
def test_pages_of_one_node_hold_all_of_it(run: Begin, manager: StateManager, identifier: str) -> None:
    begun = mixed(run)
    wanted = [state for state in begun.states() if state.identifier == identifier]
    paged = whole(lambda cursor: manager.states(begun.run_id, identifier=identifier, limit=4, cursor=cursor))

    assert wanted
    assert paged == wanted


def test_states_come_node_by_node_in_fanout_order_and_by_attempt(run: Begin) -> None:
    begun = mixed(run)
    places = [(s.identifier, s.path, s.fanout_index, s.attempt) for s in begun.states()]
    order = ["root", "side", "work", "end", "last"]

    assert places == sorted(places, key=lambda place: (order.index(place[0]), *place[1:]))


def test_a_page_is_not_disturbed_by_states_that_come_meanwhile(run: Begin, manager: StateManager) -> None:
    begun = run("root* > work")
    begun.reach("work", root=numbers(10))
    first = manager.states(begun.run_id, identifier="root", limit=4)
    begun.work()
    rest = manager.states(begun.run_id, identifier="root", cursor=first.next_cursor)

    assert [s.fanout_index for s in (*first.items, *rest.items)] == list(range(10))


def test_one_state_looks_the_same_as_on_its_page(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)

    assert [manager.state(state.state_id) for state in begun.states()] == begun.states()


def test_states_of_an_unknown_node_are_refused(run: Begin, manager: StateManager) -> None:
    begun = run("root > leaf")

    with pytest.raises(InputInvalid, match=r'no node "leef".*Did you mean "leaf"'):
        manager.states(begun.run_id, identifier="leef")


@pytest.mark.parametrize("cursor", ["", "x", "1.zz.3", "1.00", "1.00.2.3", f"{2**80}.00.1"])
def test_a_cursor_of_states_that_is_none_is_refused(run: Begin, manager: StateManager, cursor: str) -> None:
    begun = run("root")

    with pytest.raises(InputInvalid, match="cursor"):
        manager.states(begun.run_id, cursor=cursor)


@pytest.mark.parametrize("cursor", ["", "x", "1.5", str(2**80)])
def test_a_cursor_of_runs_that_is_none_is_refused(manager: StateManager, cursor: str) -> None:
    with pytest.raises(InputInvalid, match="cursor"):
        manager.runs(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, -2])
def test_a_page_of_nothing_is_refused(run: Begin, manager: StateManager, limit: int) -> None:
    begun = run("root")
    with pytest.raises(InputInvalid):
        manager.runs(limit=limit)

    with pytest.raises(InputInvalid):
        manager.states(begun.run_id, limit=limit)


@pytest.mark.parametrize("state_id", [2**63, -(2**80)])
def test_a_state_id_beyond_every_database_is_not_found(manager: StateManager, state_id: int) -> None:
    with pytest.raises(ExodslError):
        manager.state(state_id)


@pytest.mark.parametrize("size", [1, 3, 9, 50])
def test_every_page_size_gives_the_same_runs_newest_first(manager: StateManager, size: int) -> None:
    manager.upsert(draw("root"))
    ids = manager.trigger([Trigger("default", "graph")] * 9)
    paged = whole(lambda cursor: manager.runs(limit=size, cursor=cursor))

    assert [view.run_id for view in paged] == ids[::-1]


def test_runs_are_listed_by_namespace_graph_and_status(run: Begin, manager: StateManager) -> None:
    one, two, far = run("a", name="one"), run("a", name="two"), run("a", name="one", namespace="far")
    one.work(a=fail())

    def listed(**filters: Any) -> set[str]:
        return {view.run_id for view in manager.runs(**filters).items}

    assert listed(graph="one") == {one.run_id, far.run_id}
    assert listed(namespace="default") == {one.run_id, two.run_id}
    assert listed(status="FAILED") == {one.run_id}
    assert listed(namespace="far", graph="two") == set()


def test_counts_equal_the_states_counted_one_by_one_at_every_moment(run: Begin, manager: StateManager) -> None:
    begun = run(**MIXED)
    said = [give(*({"n": n, "x": 0} for n in range(9))), fail(retryable=True), prune(), fail(), give({})]
    for step in range(60):
        for claim in begun.held[:2] or begun.take(3):
            result = said[0] if claim.identifier == "root" else said[1 + step % 4]
            wide = claim.identifier == "root" or result is not said[0]
            begun.exchange(report(claim, result if wide else give({})), capacity=2)
        begun.clock.now_ms += 3
        assert list(manager.progress(begun.run_id)) == counted(begun)

    assert begun.status in ("SUCCESS", "FAILED")


def counted(begun: ByHand) -> list[NodeProgress]:
    """Count the states of each node by walking them all."""
    tally: Counter[tuple[str, str]] = Counter((state.identifier, state.status) for state in begun.states())
    order = [part.identifier for part in begun.manager.progress(begun.run_id)]
    ends = ("SUCCESS", "ERRORED", "NEXT_CREATED_ERROR", "PRUNED", "RETRY_CREATED", "CANCELLED")
    found = []
    for name in order:
        ended = [tally[name, status] for status in ends]
        total = sum(count for (node, _), count in tally.items() if node == name)
        found.append(NodeProgress(name, total, total - sum(ended), *ended))
    return found


def test_progress_names_every_node_from_the_start(run: Begin, manager: StateManager) -> None:
    begun = run(**MIXED)
    parts = manager.progress(begun.run_id)

    assert [part.identifier for part in parts] == ["root", "side", "work", "end", "last"]
    assert [part.total for part in parts] == [1, 0, 0, 0, 0]


def test_a_run_is_found_by_any_unique_start_or_end_of_its_id(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    (run_id,) = manager.trigger([Trigger("default", "graph")])
    parts = [run_id, run_id[:13], run_id[-8:], run_id[-4:], run_id.upper()]

    assert {manager.run(part).run_id for part in parts} == {run_id}


def test_an_id_that_fits_several_runs_is_refused_with_those(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    ids = manager.trigger([Trigger("default", "graph")] * 2)
    with pytest.raises(RunNotFound, match="fits 2 runs") as refused:
        manager.run(ids[0][:8])

    assert set(refused.value.matches) == set(ids)


@pytest.mark.parametrize("part", ["", "%", "_", "zzz", "%0%", "' OR 1=1 --"])
def test_an_id_that_fits_no_run_is_not_found(run: Begin, manager: StateManager, part: str) -> None:
    run("root")

    with pytest.raises(RunNotFound):
        manager.run(part)


def test_a_very_late_state_can_still_be_looked_at(run: Begin, manager: StateManager) -> None:
    """A body may ask to run again in a million years."""
    begun = run("root")
    (root,) = begun.take()
    begun.exchange(report(root, requeue(10**6 * 365 * 24 * 3_600_000)))

    assert manager.state(root.state_id).status in ("CREATED", "ERRORED")
