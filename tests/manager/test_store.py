"""The store of a run: who writes it when, who sees it, and when it goes (semantics 7)."""

from __future__ import annotations

from contextlib import closing

import pytest

from exodsl.database.sqlite import MEMORY, Sqlite
from exodsl.engine.reports import Result
from exodsl.errors import StoreUnavailable
from exodsl.manager.embedded import EmbeddedManager
from tests.manager.byhand import Clock, add, begin, draw, fail, give, prune, put, report, requeue
from tests.manager.conftest import Begin

START = {"default_values": {"n": 1, "word": "old"}}
WRITES = [add("n", 4), put("word", "new")]
WRITTEN = {"n": 5, "word": "new"}
UNTOUCHED = {"n": 1, "word": "old"}


@pytest.mark.parametrize("result", [give({}, writes=WRITES), prune(WRITES), requeue(1_000, WRITES)])
def test_writes_are_committed_with_the_outcome(run: Begin, result: Result) -> None:
    """With SUCCESS, PRUNED and a requeue alike."""
    begun = run("root", store_config=START, keep_store=True)
    (root,) = begun.take()
    before = begun.store
    begun.tell(report(root, result))

    assert (before, begun.store) == (UNTOUCHED, WRITTEN)


def test_writes_are_committed_with_a_next_created_error(run: Begin) -> None:
    begun = run("root > leaf", store_config=START, inputs={"leaf": {"x": "${{ root.outputs.gone }}"}})
    begun.work(root=give({}, writes=WRITES))

    assert (begun.ends("root"), begun.store) == (["NEXT_CREATED_ERROR"], WRITTEN)


def test_a_failed_attempt_writes_nothing(run: Begin) -> None:
    """A write that cannot be made fails the state, and takes the others back with it."""
    begun = run("root", store_config=START, retry_policy={"max_retries": 0})
    begun.work(root=give({}, writes=[put("word", "new"), add("word", 1)]))

    assert (begun.ends("root"), begun.store) == (["ERRORED"], UNTOUCHED)


def test_a_child_is_created_with_what_its_parent_wrote(run: Begin) -> None:
    begun = run("root > leaf", store_config=START, inputs={"leaf": {"a": "${{ store.n }}", "b": "${{ store.word }}"}})
    begun.work(root=give({}, writes=WRITES))

    assert begun.inputs("leaf") == {"a": 5, "b": "new"}


def test_a_unite_is_created_with_what_its_branches_wrote(run: Begin) -> None:
    begun = run(
        "root* > work, work > end",
        unites={"end": "root"},
        inputs={"end": {"n": "${{ store.n }}"}},
        store_config=START,
    )
    begun.work(root=give({}, {}, {}), work=give({}, writes=[add("n", 10)]))

    assert begun.inputs("end") == {"n": 31}


def test_a_requeued_state_keeps_the_inputs_it_was_created_with(run: Begin) -> None:
    begun = run("root > leaf", store_config=START, inputs={"leaf": {"n": "${{ store.n }}"}}, keep_store=True)
    said = iter([requeue(5, [add("n", 1)]), give({})])
    begun.work(leaf=lambda _: next(said))

    assert (begun.inputs("leaf"), begun.store["n"]) == ({"n": 1}, 2)


def test_additions_of_parallel_branches_lose_nothing(run: Begin) -> None:
    begun = run("root* > work", store_config=START, keep_store=True)
    begun.work(root=give(*({} for _ in range(300))), work=give({}, writes=[add("n", 1)]))

    assert begun.store["n"] == 301


def test_the_last_commit_of_a_key_wins(run: Begin) -> None:
    begun = run("root > a b", store_config=START, keep_store=True)
    a = begun.reach("a")
    (b,) = (claim for claim in begun.held if claim.identifier == "b")
    begun.tell(report(b, give({}, writes=[put("word", "from b")])))
    begun.tell(report(a, give({}, writes=[put("word", "from a")])))

    assert begun.store["word"] == "from a"


def test_a_report_adds_to_what_it_set_itself(run: Begin) -> None:
    begun = run("root", store_config=START, keep_store=True)
    begun.work(root=give({}, writes=[put("n", 10), add("n", 5), add("new", 2.5)]))

    assert begun.store == {"n": 15, "word": "old", "new": 2.5}


def test_a_number_may_be_added_to_what_was_text_and_is_set_to_a_number(run: Begin) -> None:
    begun = run("root", store_config=START, keep_store=True)
    begun.work(root=give({}, writes=[put("word", 10), add("word", 5)]))

    assert (begun.status, begun.store["word"]) == ("SUCCESS", 15)


@pytest.mark.parametrize(
    "writes",
    [
        [add("word", 1)],
        [put("n", "text"), add("n", 1)],
        [add("n", "text")],
        [add("n", True)],
        [add("n", None)],
        [put("n", 1e308), add("n", 1e308)],
        [put("a.b", 1)],
        [put("", 1)],
    ],
)
def test_a_write_that_means_nothing_fails_its_state_and_no_other(run: Begin, writes: list) -> None:
    begun = run("root > bad good", store_config=START)
    status = begun.work(bad=give({}, writes=writes))

    assert (status, begun.ends("bad"), begun.ends("good")) == ("FAILED", ["ERRORED"], ["SUCCESS"])
    assert begun.store == UNTOUCHED


@pytest.mark.parametrize("value", [0, -1.5, "ünï", "", None, True, [1, [2]], {"a": {"b": None}}, 2**70])
def test_any_json_value_comes_back_as_it_was_set(run: Begin, value: object) -> None:
    begun = run("root", store={"key": value}, keep_store=True)
    begun.work(root=give({}, writes=[put("other", value)]))

    assert begun.store == {"key": value, "other": value}


def test_a_store_is_cleaned_up_when_its_run_is_a_success(run: Begin) -> None:
    begun = run("root", store_config=START)
    begun.work()

    with pytest.raises(StoreUnavailable, match=begun.run_id):
        begun.manager.read_store(begun.run_id)


def test_keep_store_keeps_it(run: Begin) -> None:
    begun = run("root", store_config=START, keep_store=True)
    begun.work()

    assert begun.store == UNTOUCHED


def test_a_failed_run_keeps_its_store(run: Begin) -> None:
    begun = run("root", store_config=START)
    begun.work(root=fail())

    assert begun.store == UNTOUCHED


def test_runs_do_not_see_each_others_stores(run: Begin) -> None:
    first, second = run("root", store={"n": 1}), run("root", store={"n": 2})

    assert (first.store, second.store) == ({"n": 1}, {"n": 2})


def test_what_is_given_comes_before_the_defaults(run: Begin) -> None:
    begun = run("root", store={"n": 9}, store_config=START)

    assert begun.store == {"n": 9, "word": "old"}


def test_what_is_rolled_back_leaves_nothing_in_the_store(clock: Clock) -> None:
    """The write was made already when the unite's state cannot be inserted, as on a full disk."""
    database = Sqlite(MEMORY)
    with closing(EmbeddedManager(database, clock=clock)) as manager:
        template = draw("root* > work, work > end", unites={"end": "root"}, store_config=START, keep_store=True)
        begun = begin(manager, clock, template)
        told = report(begun.reach("work"), give({}, writes=WRITES))
        database.connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON state BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        with pytest.raises(OSError, match="full"):
            begun.exchange(told)
        database.connection.execute("DROP TRIGGER full")
        before = begun.store
        begun.exchange(told)

        assert (before, begun.store) == (UNTOUCHED, WRITTEN)
