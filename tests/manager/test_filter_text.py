"""Filters as text: what they mean, where they are wrong, what may come next."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exodsl.engine.status import Run, State
from exodsl.errors import FilterInvalid
from exodsl.manager.filter_completion import Known, completions
from exodsl.manager.filter_text import RUNS, as_text, run_filter, state_filter
from exodsl.manager.filters import SORTS, Compare, RunFilter, StateFilter, Term
from exodsl.manager.lengths import length_ms, spelled_length


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("status:errored,retry", (Term("status", "=", ("ERRORED", "RETRY_CREATED")),)),
        ("status:FAILED -status:waiting", (
            Term("status", "=", ("ERRORED", "NEXT_CREATED_ERROR")), Term("status", "=", ("CREATED",), True),
        )),
        ("status:next-created-error", (Term("status", "=", ("NEXT_CREATED_ERROR",)),)),
        ("-node:split", (Term("node", "=", ("split",), True),)),
        ("node:fetch*,split", (Term("node", "=", ("fetch*", "split")),)),
        ("try:>1 took:>=5s", (Term("try", ">", (1,)), Term("took", ">=", (5_000,)))),
        ("age:<10m took:=1.5h", (Term("age", "<", (600_000,)), Term("took", "=", (5_400_000,)))),
        ("took:>250ms age:<2", (Term("took", ">", (250,)), Term("age", "<", (2_000,)))),
        ("in.lang:th", (Term("in.lang", "=", ("th",)),)),
        ('in.n:-5,0.5,true,null,"7",007', (Term("in.n", "=", (-5, 0.5, True, None, "7", "007")),)),
        ("out.page.score:<0.5", (Term("out.page.score", "<", (0.5,)),)),
        ('err:"Timeout, maybe \\"now\\" \\\\"', (Term("err", "=", ('Timeout, maybe "now" \\',)),)),
        ("in.url:http://a/b?c=d", (Term("in.url", "=", ("http://a/b?c=d",)),)),
        ("branch:0.3,1", (Term("branch", "=", ("0.3", "1")),)),
        ("fetch -a,b", (Term("word", "=", ("fetch",)), Term("word", "=", ("a", "b"), True))),
        ('"in:out"', (Term("word", "=", ("in:out",)),)),
    ],
)  # fmt: skip
def test_a_text_means_a_filter(text: str, terms: tuple[Term, ...]) -> None:
    assert state_filter(text) == StateFilter(terms)


def test_a_sort_stands_anywhere() -> None:
    assert state_filter("sort:-took status:ok") == StateFilter((Term("status", "=", ("SUCCESS",)),), "-took")


def test_runs_have_fields_and_statuses_of_their_own() -> None:
    found = run_filter("status:live,fail graph:a* -namespace:far id:7f3 age:<2d")

    assert found == RunFilter((
        Term("status", "=", ("RUNNING", "PAUSED", "FAILED")), Term("graph", "=", ("a*",)),
        Term("namespace", "=", ("far",), True), Term("id", "=", ("7f3",)), Term("age", "<", (172_800_000,)),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "start", "end", "reason"),
    [
        ("stats:errored", 0, 5, 'no field "stats".*Did you mean "status"'),
        ("node:a -tok:>5s", 8, 11, 'no field "tok".*Did you mean "took"'),
        ("status:ok,eror", 10, 14, 'no status "eror".*Did you mean "errored"'),
        ("status:c", 7, 8, 'no status "c"'),
        ("branch:0.x", 7, 10, "no place"),
        ("took:>soon", 6, 10, "no length of time"),
        ("try:one", 4, 7, "no number"),
        ("node:>a", 0, 7, "cannot be compared"),
        ("in:5", 0, 2, 'no field "in"'),
        ("in.:5", 0, 3, "no field"),
        ("node.a:5", 0, 6, "no field"),
        ("word:x", 0, 4, "no field"),
        ("node:", 5, 6, "a value is missing"),
        ("node:a,", 7, 8, "a value is missing"),
        ("node:a, b", 7, 8, "a value is missing"),
        ("-", 1, 2, "a value is missing"),
        ('err:"open', 4, 9, "quote is not closed"),
        ('err:"a"b', 7, 8, "a space, or a comma, is missing"),
        ("sort:tok", 5, 8, 'Did you mean "took"'),
        ("sort:took sort:id", 10, 17, "stands once"),
        ("-sort:took", 0, 10, "stands once"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, start: int, end: int, reason: str) -> None:
    with pytest.raises(FilterInvalid, match=reason) as refused:
        state_filter(text)

    assert (refused.value.start, refused.value.end) == (start, end)
    assert str(refused.value).startswith(f"Column {start + 1} of the filter: ")


def test_runs_cannot_be_sorted() -> None:
    with pytest.raises(FilterInvalid, match='no field "sort"'):
        run_filter("sort:id")


NAMES = st.text(min_size=1, max_size=12)
FIELDS = st.text(string.ascii_letters + "_.é", min_size=1, max_size=8).filter(
    lambda name: not name.startswith(".") and not name.endswith(".")
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
COMPARE = st.sampled_from(["=", "<", "<=", ">", ">="])


def terms(field: st.SearchStrategy[str], compare: st.SearchStrategy[Any], values: st.SearchStrategy[Any]) -> Any:
    several = st.lists(values, min_size=1, max_size=3).map(tuple)
    return st.builds(Term, field, compare, several, st.booleans())


EQUALS: st.SearchStrategy[Compare] = st.just("=")
COMMON = [
    terms(st.just("age"), COMPARE, st.integers(0, 10**11)),
    terms(st.just("word"), EQUALS, NAMES),
]
STATE_TERMS = st.one_of(
    *COMMON,
    terms(st.just("status"), EQUALS, st.sampled_from(list(State.__members__))),
    terms(st.sampled_from(["node", "err"]), EQUALS, st.text(max_size=12)),
    terms(st.sampled_from(["try", "id"]), COMPARE, st.integers(0, 10**17)),
    terms(st.just("took"), COMPARE, st.integers(0, 10**11)),
    terms(FIELDS.map("in.{}".format) | FIELDS.map("out.{}".format), COMPARE, SCALARS | st.text(max_size=12)),
)
RUN_TERMS = st.one_of(
    *COMMON,
    terms(st.just("status"), EQUALS, st.sampled_from(list(Run.__members__))),
    terms(st.sampled_from(["graph", "namespace", "id"]), EQUALS, st.text(max_size=12)),
)
SORTED = st.none() | st.sampled_from([f"{sign}{name}" for name in SORTS for sign in ("", "-")])


@given(st.builds(StateFilter, st.lists(STATE_TERMS, max_size=4).map(tuple), SORTED))
def test_every_filter_of_states_is_read_back_from_its_text(found: StateFilter) -> None:
    assert state_filter(as_text(found)) == found


@given(st.builds(RunFilter, st.lists(RUN_TERMS, max_size=4).map(tuple)))
def test_every_filter_of_runs_is_read_back_from_its_text(found: RunFilter) -> None:
    assert run_filter(as_text(found)) == found


@given(st.text(alphabet=st.sampled_from('status:node,in.x"-<>=\\ 5mé\n'), max_size=30))
def test_any_text_is_a_filter_or_refused_at_a_place_in_it(text: str) -> None:
    found: StateFilter | FilterInvalid
    try:
        found = state_filter(text)
    except FilterInvalid as refused:
        found = refused

    if isinstance(found, FilterInvalid):
        assert 0 <= found.start < found.end <= len(text) + 1
    else:
        assert state_filter(as_text(found)) == found


@given(st.integers(0, 10**11))
def test_a_length_of_time_is_read_back_from_its_text(milliseconds: int) -> None:
    assert length_ms(spelled_length(milliseconds)) == milliseconds


KNOWN = Known(nodes=("fetch", "split", "has space"), inputs=("lang", "limit"), outputs=("score",), graphs=("etl",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sta", ["status:"]),
        ("-no", ["node:"]),
        ("node:a in.l", ["in.lang:", "in.limit:"]),
        ("o", ["out.score:", "node:", "took:", "sort:"]),
        ("status:er", ["errored", "next_created_error"]),
        ("status:ok,pa", []),
        ("status:ok,pr", ["pruned"]),
        ("node:", ["fetch", "split", '"has space"']),
        ("node:fetch,sp", ["split", '"has space"']),
        ("sort:-t", ["-took"]),
        ("took:>", []),
        ("unknown:x", []),
    ],
)
def test_what_may_come_next_begins_with_what_fits_best(text: str, found: list[str]) -> None:
    offered = completions(text, len(text), KNOWN)

    assert [one.text for one in offered] == found


def test_a_completion_takes_the_place_of_what_is_written_before_the_cursor() -> None:
    (offered,) = completions("status:errored node:fet -x", 23, KNOWN)

    assert "status:errored node:fet -x"[: offered.start] + offered.text == "status:errored node:fetch"


def test_runs_are_completed_in_their_own_words() -> None:
    assert [one.text for one in completions("graph:e", 7, KNOWN, RUNS)] == ["etl"]
    assert [one.text for one in completions("sort", 4, KNOWN, RUNS)] == []
