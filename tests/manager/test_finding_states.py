"""Filters find the same states by whatever index, in pieces of whatever size (semantics 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exodsl.errors import InputInvalid
from exodsl.manager.filter_text import state_filter, term_text
from exodsl.manager.filters import StateFilter, Term
from exodsl.manager.inspecting.emptying import emptying_terms
from exodsl.manager.inspecting.ranking import first_summaries
from exodsl.manager.inspection import StateSummary
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import StateView, moment
from tests.manager.byhand import ByHand, Clock, fail, give, numbers, report
from tests.manager.conftest import Begin
from tests.manager.mixed import mixed

Fits = Callable[[StateView], bool]


def told(state: StateView) -> str:
    """Return what is looked through for an error."""
    return "" if state.error is None else f"{state.error.type} {state.error.message}".lower()


FILTERS: dict[str, Fits] = {
    "": lambda s: True,
    "status:errored": lambda s: s.status == "ERRORED",
    "status:errored,pruned": lambda s: s.status in ("ERRORED", "PRUNED"),
    "status:retry": lambda s: s.status == "RETRY_CREATED",
    "status:ok,next": lambda s: s.status in ("SUCCESS", "NEXT_CREATED_ERROR"),
    "status:live": lambda s: False,
    "-status:success": lambda s: s.status != "SUCCESS",
    "-status:retry,success": lambda s: s.status not in ("RETRY_CREATED", "SUCCESS"),
    "node:work": lambda s: s.identifier == "work",
    "node:*o*t,LAST": lambda s: s.identifier in ("root", "last"),
    "-node:work": lambda s: s.identifier != "work",
    "node:nothing": lambda s: False,
    "status:errored node:work": lambda s: s.status == "ERRORED" and s.identifier == "work",
    "status:errored -node:work": lambda s: s.status == "ERRORED" and s.identifier != "work",
    "id:7,9,99999": lambda s: s.state_id in (7, 9),
    "id:>=20": lambda s: s.state_id >= 20,
    "-id:7": lambda s: s.state_id != 7,
    "id:7 status:errored": lambda s: s.state_id == 7 and s.status == "ERRORED",
    "branch:7,9": lambda s: (s.path or (s.fanout_index,)) in ((7,), (9,)) and s.identifier in ("root", "work", "side"),
    "try:2": lambda s: s.attempt == 1,
    "try:>1 status:errored": lambda s: s.attempt == 1 and s.status == "ERRORED",
    "took:>=0s": lambda s: s.queued_at is not None,
    "took:>1h": lambda s: False,
    "age:<1h": lambda s: True,
    "age:>=5ms status:errored": lambda s: s.status == "ERRORED",
    "age:<5ms": lambda s: s.identifier in ("end", "last"),
    "err:timeout": lambda s: "timeout" in told(s),
    "err:ROWS,Timeout": lambda s: "rows" in told(s) or "timeout" in told(s),
    "err:tests.Broken status:errored": lambda s: "broken" in told(s) and s.status == "ERRORED",
    "-err:rows": lambda s: "rows" not in told(s),
    "in.lang:th": lambda s: s.inputs.get("lang") == "th",
    "in.n:7": lambda s: s.inputs.get("n") == 7,
    "in.n:>=7 in.n:<9": lambda s: "n" in s.inputs and 7 <= s.inputs["n"] < 9,
    "-in.lang:th node:work": lambda s: s.identifier == "work" and s.inputs["lang"] != "th",
    "out.n:7,8": lambda s: s.outputs is not None and s.outputs.get("n") in (7, 8),
    "out.lang:en status:next": lambda s: s.status == "NEXT_CREATED_ERROR" and (s.outputs or {})["lang"] == "en",
    "out.score:<0.5": lambda s: s.outputs is not None and "score" in s.outputs and s.outputs["score"] < 0.5,
    "wor": lambda s: s.identifier == "work",
    "-wor": lambda s: s.identifier != "work",
    "12": lambda s: s.state_id == 12,
    "12,last": lambda s: s.state_id == 12 or s.identifier == "last",
    "-12": lambda s: s.state_id != 12,
}


def walked(manager: StateManager, begun: ByHand, filter: StateFilter, limit: int, budget: int) -> list[StateSummary]:
    """Search until everything was looked at; return all that was found."""
    found: list[StateSummary] = []
    cursor: str | None = None
    while True:
        part = manager.find_states(begun.run_id, filter, limit=limit, cursor=cursor, budget=budget)
        assert len(part.items) <= limit
        assert part.searched <= budget
        found += part.items
        cursor = part.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize(("limit", "budget"), [(1000, 1000), (3, 1000), (1000, 7), (1, 2)])
def test_filters_find_what_they_say_in_the_order_of_the_list(
    run: Begin, manager: StateManager, limit: int, budget: int
) -> None:
    begun = mixed(run)
    states = begun.states()
    for text, fits in FILTERS.items():
        found = walked(manager, begun, state_filter(text), limit, budget)
        assert [state.state_id for state in found] == [state.state_id for state in states if fits(state)], text


def test_a_state_in_short_says_the_same_as_the_state(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)
    found = manager.find_states(begun.run_id, StateFilter(), limit=1000).items

    for short, state in zip(found, begun.states(), strict=True):
        line = None if state.error is None else f"{state.error.name}: {state.error.message}"
        begins = state.started_at or state.queued_at
        assert short == StateSummary(
            state.state_id, state.identifier, state.status, state.path, state.fanout_index, state.attempt,
            state.retry_count, state.created_at, state.enqueue_after, begins, state.finished_at, line,
        )  # fmt: skip


def test_states_at_work_are_found_by_their_status(run: Begin, manager: StateManager) -> None:
    begun = run("root* > work", name="one")
    mixed(run)
    (root,) = begun.take()
    begun.tell(report(root, numbers(300)), capacity=0)
    begun.take(90)
    begun.tell(*[report(claim, fail() if claim.path[-1] % 3 else give({})) for claim in begun.held[:40]], capacity=7)
    states = begun.states()
    live = {"CREATED", "QUEUED", "EXECUTED"}
    named = {
        "status:created": {"CREATED"},
        "status:running": {"QUEUED", "EXECUTED"},
        "status:live": live,
        "status:live,errored": {*live, "ERRORED"},
        "status:live try:1": live,
    }
    for text, statuses in named.items():
        wanted = [state.state_id for state in states if state.status in statuses]
        found = walked(manager, begun, state_filter(text), 33, 1000)

        assert wanted
        assert [state.state_id for state in found] == wanted


def test_a_wide_fanout_that_is_still_made_into_states_is_found_as_executed(run: Begin, manager: StateManager) -> None:
    begun = run("root* > work")
    (root,) = begun.take()
    begun.tell(report(root, numbers(2_000)), capacity=1)
    wanted = [state.state_id for state in begun.states() if state.status == "EXECUTED"]
    found = manager.find_states(begun.run_id, state_filter("status:executed"))

    assert [state.state_id for state in found.items] == wanted == [root.state_id]


def test_the_index_of_failures_is_all_that_is_looked_at_for_them(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)
    failed = [state for state in begun.states() if state.status == "ERRORED"]
    found = manager.find_states(begun.run_id, state_filter("status:errored in.lang:th"))

    assert found.searched == len(failed) < len(begun.states())


def test_a_search_says_how_far_it_got_when_its_budget_is_spent(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)
    first = manager.find_states(begun.run_id, state_filter("took:>1h"), budget=10)
    rest = manager.find_states(begun.run_id, state_filter("took:>1h"), cursor=first.cursor)

    assert (first.items, first.searched) == ((), 10)
    assert (rest.cursor, rest.searched) == (None, len(begun.states()) - 10)


def test_siblings_of_a_fanout_are_found_by_the_inputs_they_share(run: Begin, manager: StateManager) -> None:
    begun = run("root* > many*, many > leaf", inputs={"many": {"n": "${{ root.outputs.n }}"}})
    begun.work(root=numbers(3), many=give({}, {}, {}))
    found = manager.find_states(begun.run_id, state_filter("in.n:1 node:many")).items

    assert [(state.path, state.fanout_index) for state in found] == [((1,), 0), ((1,), 1), ((1,), 2)]


def test_values_that_are_kept_apart_are_found_as_well(run: Begin, manager: StateManager) -> None:
    begun = run("root* > work", inputs={"work": {"page": "${{ root.outputs.page }}"}})
    pages = [{"page": {"text": letter * 300_000, "number": at}} for at, letter in enumerate("abc")]
    begun.work(root=give(*pages))

    for text in ("in.page.number:1", "node:root out.page.number:1"):
        found = manager.find_states(begun.run_id, state_filter(text)).items
        assert [(state.path, state.fanout_index) for state in found] in ([((1,), 0)], [((), 1)])


@pytest.mark.parametrize("sort", ["took", "-took", "id", "-id", "started", "-started", "finished", "-finished"])
def test_a_sort_gives_the_first_by_its_order_and_those_without_a_value_last(
    run: Begin, manager: StateManager, clock: Clock, sort: str
) -> None:
    begun = run("root* > work")
    begun.reach("work", root=numbers(8))
    for at, claim in enumerate(sorted(begun.held, key=lambda claim: (claim.state_id * 5) % 7)[:6]):
        clock.now_ms += 10 * at
        begun.exchange(report(claim), capacity=0)
    clock.now_ms += 500
    states = begun.states()

    def value(state: StateView) -> float | None:
        begins = state.started_at or state.queued_at
        match sort.removeprefix("-"):
            case "id":
                return state.state_id
            case "started":
                return None if begins is None else begins.timestamp()
            case "finished":
                return None if state.finished_at is None else state.finished_at.timestamp()
        end = clock.now_ms / 1000 if state.finished_at is None else state.finished_at.timestamp()
        return None if begins is None else round(end - begins.timestamp(), 3)

    values = [found for found in map(value, states) if found is not None]
    wanted = sorted(values, reverse=sort.startswith("-"))
    found = manager.find_states(begun.run_id, state_filter(f"sort:{sort}"), limit=4).items
    by_id = {state.state_id: state for state in states}

    assert [value(by_id[state.state_id]) for state in found] == wanted[:4]
    everything = manager.find_states(begun.run_id, state_filter(f"sort:{sort}"), limit=1000).items
    assert sorted(state.state_id for state in everything) == sorted(by_id)
    parts: list[StateSummary] = []
    cursor = None
    while True:
        part = manager.find_states(begun.run_id, state_filter(f"sort:{sort}"), limit=4, cursor=cursor, budget=5)
        parts += part.items
        cursor = part.cursor
        if cursor is None:
            break

    assert first_summaries(parts, sort, 4, moment(clock())) == list(found)


def test_the_cursor_of_every_position_continues_there(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)
    every = [state.state_id for state in begun.states()]
    work = [state.state_id for state in begun.states("work")]
    for position in range(len(every) + 2):
        page = manager.find_states(begun.run_id, StateFilter(), cursor=manager.cursor_at(begun.run_id, position))
        assert [state.state_id for state in page.items] == every[position:]
    for position in range(len(work) + 2):
        cursor = manager.cursor_at(begun.run_id, position, identifier="work")
        page = manager.find_states(begun.run_id, state_filter("node:work"), cursor=cursor)
        assert [state.state_id for state in page.items] == work[position:]


def test_a_list_can_be_continued_with_the_cursor_of_another(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)
    cursor = manager.states(begun.run_id, limit=10).next_cursor

    assert manager.find_states(begun.run_id, StateFilter(), limit=10).cursor == cursor
    assert manager.cursor_at(begun.run_id, 10) == cursor


@pytest.mark.parametrize(
    "term",
    [
        Term("colour", "=", ("red",)),
        Term("in", "=", ("red",)),
        Term("status", "=", ("errored",)),
        Term("node", ">", ("work",)),
        Term("try", "=", ("1",)),
        Term("took", ">", (True,)),
        Term("in.n", "=", ([1],)),
    ],
)
def test_a_term_that_cannot_be_meant_is_refused(run: Begin, manager: StateManager, term: Term) -> None:
    begun = run("root")

    with pytest.raises(InputInvalid):
        manager.find_states(begun.run_id, StateFilter((term,)))


def test_an_unknown_sort_and_a_position_below_0_are_refused(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    with pytest.raises(InputInvalid, match="took"):
        manager.find_states(begun.run_id, StateFilter((), "tok"))

    with pytest.raises(InputInvalid, match="position"):
        manager.cursor_at(begun.run_id, -1)


def test_the_terms_that_leave_nothing_are_named(run: Begin, manager: StateManager) -> None:
    begun = mixed(run)

    def named(text: str) -> list[str]:
        return [term_text(term) for term in emptying_terms(manager, begun.run_id, state_filter(text))]

    assert named("status:errored took:>1h") == ["took:>1h"]
    assert named("status:errored node:root") == ["status:errored", "node:root"]
    assert named("took:>1h age:>1h") == []


def test_a_failure_of_any_length_is_one_line(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    begun.work(root=fail("first\nsecond"))
    (found,) = manager.find_states(begun.run_id, StateFilter()).items

    assert found.error == "tests.Broken: first"
