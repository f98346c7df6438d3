"""Runs, graphs and runtimes as an inspector lists them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from exodsl.errors import InputInvalid
from exodsl.manager.filter_text import run_filter, term_text
from exodsl.manager.filters import RunFilter
from exodsl.manager.inspecting.emptying import emptying_run_terms
from exodsl.manager.inspection import GraphSummary, RunSummary, RuntimeView
from exodsl.manager.protocol import Serves, StateManager, Trigger
from exodsl.manager.sessions import LEASE_MS, host
from exodsl.manager.views import RunView, moment
from tests.manager.byhand import NOTHING, ByHand, Clock, draw, fail, numbers
from tests.manager.conftest import Begin
from tests.manager.mixed import mixed


def several(run: Begin, clock: Clock) -> list[ByHand]:
    """Start runs of several graphs, two minutes apart; two of them end."""
    made = []
    for name, namespace in (("one", "default"), ("two", "default"), ("one", "far"), ("two", "default"), ("One", "far")):
        made.append(run("a > b", name=name, namespace=namespace))
        if len(made) < 3:
            made[-1].work(a=fail() if len(made) == 1 else NOTHING)
        clock.now_ms += 120_000
    made[3].manager.pause(made[3].run_id)
    return made


FILTERS: dict[str, Callable[[RunView], bool]] = {
    "": lambda r: True,
    "status:failed": lambda r: r.status == "FAILED",
    "status:live": lambda r: r.status in ("RUNNING", "PAUSED"),
    "-status:ok": lambda r: r.status != "SUCCESS",
    "graph:one": lambda r: r.graph in ("one", "One"),
    "graph:t* status:paused": lambda r: r.graph == "two" and r.status == "PAUSED",
    "-namespace:far": lambda r: r.namespace != "far",
    "namespace:far graph:two": lambda r: False,
    "age:>5m": lambda r: (moment(1_800_000_600_000) - r.created_at).total_seconds() > 300,
    "-age:>5m status:running": lambda r: (
        r.status == "RUNNING" and (moment(1_800_000_600_000) - r.created_at).total_seconds() <= 300
    ),
    "tw": lambda r: r.graph == "two",
    "-tw,nothing": lambda r: r.graph != "two",
}


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_filters_find_runs_newest_first(run: Begin, manager: StateManager, clock: Clock, limit: int) -> None:
    several(run, clock)
    views = manager.runs().items
    for text, fits in FILTERS.items():
        found = walked(manager, text, limit)
        assert found == [view.run_id for view in views if fits(view)], text


def walked(manager: StateManager, text: str, limit: int) -> list[str]:
    """Search until everything was looked at; return the runs that were found."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = manager.find_runs(run_filter(text), limit=limit, cursor=cursor, budget=3)
        found += [summary.run_id for summary in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_run_is_found_by_the_start_or_the_end_of_its_id(run: Begin, manager: StateManager, clock: Clock) -> None:
    ids = [begun.run_id for begun in several(run, clock)]
    parts = [ids[2], ids[2][:-1], ids[2][-8:], ids[2][-5:], ids[2].upper(), f"zzz,{ids[2]}"]

    for part in parts:
        assert [found.run_id for found in manager.find_runs(run_filter(f"id:{part}")).items] == [ids[2]]
    assert [found.run_id for found in manager.find_runs(run_filter(ids[2][-8:])).items] == [ids[2]]
    assert ids[2] not in [found.run_id for found in manager.find_runs(run_filter(f"-id:{ids[2]}")).items]


def test_a_run_in_a_list_says_how_its_states_stand(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)
    other = run("a > b", name="other")
    summaries = {found.run_id: found for found in manager.find_runs(RunFilter()).items}
    view, states = manager.run(begun.run_id), [s for s in begun.states() if s.status != "RETRY_CREATED"]
    ends = ("SUCCESS", "PRUNED", "CANCELLED", "ERRORED", "NEXT_CREATED_ERROR")
    success, pruned, cancelled, *failed = (sum(s.status == end for s in states) for end in ends)

    assert summaries[begun.run_id] == RunSummary(
        view.run_id, "default", view.graph, 1, view.status, len(states), 0, success, sum(failed), pruned, cancelled,
        view.created_at, view.finished_at,
    )  # fmt: skip
    assert (summaries[other.run_id].total, summaries[other.run_id].live) == (1, 1)


def test_a_cleaned_run_is_in_no_list(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = mixed(run)
    clock.now_ms += 10_000
    manager.clean(timedelta(seconds=1))

    assert manager.find_runs(RunFilter()).items == ()
    assert manager.graphs().items[0].runs == {}
    assert begun.run_id not in str(manager.graphs())


def test_the_terms_that_leave_no_run_are_named(run: Begin, manager: StateManager, clock: Clock) -> None:
    several(run, clock)
    terms = emptying_run_terms(manager, run_filter("status:failed graph:two"))

    assert [term_text(term) for term in terms] == ["status:failed", "graph:two"]


def test_graphs_are_listed_with_their_newest_version_and_how_their_runs_stand(
    run: Begin, manager: StateManager, clock: Clock
) -> None:
    made = several(run, clock)
    manager.upsert(draw("a > b, b > c", name="two"))
    created = moment(clock())
    found: list[GraphSummary] = []
    cursor: str | None = None
    while True:
        page = manager.graphs(limit=1, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break

    assert [(graph.namespace, graph.name, graph.version) for graph in found] == [
        ("default", "one", 1), ("default", "two", 2), ("far", "One", 1), ("far", "one", 1),
    ]  # fmt: skip
    assert found[1] == GraphSummary("default", "two", 2, 3, created, {"SUCCESS": 1, "PAUSED": 1}, made[3].run_id)


@pytest.mark.parametrize("cursor", ["x", "a/b/c"])
def test_a_cursor_of_graphs_that_is_none_is_refused(manager: StateManager, cursor: str) -> None:
    with pytest.raises(InputInvalid, match="cursor"):
        manager.graphs(cursor=cursor)


def test_runtimes_that_are_there_are_listed_with_what_they_hold(
    run: Begin, manager: StateManager, clock: Clock
) -> None:
    begun = run("root* > work")
    begun.reach("work", root=numbers(5))
    (limited,) = manager.trigger([Trigger("default", "graph")])
    other = manager.open_session("other", Serves({("default", "graph"): frozenset(("work", "root"))}, limited))

    names = {"default/graph": ("root", "work")}
    assert manager.runtimes() == (
        RuntimeView(begun.session, "by hand", host(), names, None, 5),
        RuntimeView(other, "other", host(), names, limited, 0),
    )
    manager.close_session(other)
    clock.now_ms += LEASE_MS + 1
    assert manager.runtimes() == ()
