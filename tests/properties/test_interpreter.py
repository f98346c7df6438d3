"""Interpreter and engine give what was worked out by hand; the order of events does not matter."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, note, settings

from exodsl.template.models import GraphTemplate, NodeTemplate, StoreConfig, Unites
from exodsl.template.policies import RetryPolicy
from tests.properties.bodies import Act, Deed, Fail, Give, Json, Prune, Requeue
from tests.properties.driver import drive
from tests.properties.graphs import Case, cases
from tests.properties.interpreter import interpret, play
from tests.properties.outcome import Outcome, differences


def at(identifier: str, *following: str, fans_out: bool = False, **more: Any) -> NodeTemplate:
    """Put a node into a graph; it has defaults for what it `may_have`, `unites` is (X, strategy, per)."""
    unites, may_have = more.pop("unites", None), more.pop("may_have", ())
    schema = {
        "properties": {name: {"default": 0} if name in may_have else {} for name in more},
        "required": [name for name in more if name not in may_have],
    }
    return NodeTemplate(
        node_name=identifier.upper(),
        identifier=identifier,
        next_nodes=following,
        fans_out=fans_out,
        unites=Unites(**dict(zip(("identifier", "strategy", "per"), unites, strict=False))) if unites else None,
        inputs_schema=schema,
        inputs=more,
    )


def outputs(*values: Any) -> Give:
    return Give(tuple({"v": value} for value in values))


def does(**deeds: Deed | dict[Any, Deed]) -> Act:
    """Say what the bodies do: always the same, or by the value of their input `x`."""

    def act(identifier: str, inputs: Json, retry_count: int, requeued: int) -> Deed:
        deed = deeds.get(identifier, outputs(identifier))
        return deed.get(inputs["x"], outputs(inputs["x"])) if isinstance(deed, dict) else deed

    return act


class End:
    """Plays a graph to its end, by the interpreter or by the engine."""

    def __init__(self, play: Callable[[GraphTemplate, Act, Json, Json], Outcome]) -> None:
        self._play = play

    def __call__(
        self, *nodes: NodeTemplate, act: Act | None = None, store: Json | None = None, retries: int = 0
    ) -> Outcome:
        template = GraphTemplate(
            nodes=nodes,
            retry_policy=RetryPolicy(max_retries=retries),
            store_config=StoreConfig(default_values={"n": 0}),
            inputs_schema={},
            keep_store=True,
        )
        return self._play(template, act or does(), {}, store or {})

    def spread(self, strategy: str, act: Act, **unite: Any) -> Outcome:
        """Run a fanout `a`, a node `b` for each output, and a unite `u` that reads them."""
        u = at("u", "z", unites=("a", strategy), **{"vs": "${{ b.outputs.v }}", **unite})
        return self(at("a", "b", fans_out=True), at("b", "u", x="${{ a.outputs.v }}"), u, at("z"), act=act)


@pytest.fixture(params=[interpret, drive], ids=["interpreter", "engine"])
def end(request: pytest.FixtureRequest) -> End:
    return End(request.param)


def test_a_unite_collects_what_a_fanout_opened_in_order(end: End) -> None:
    run = end.spread("ALL_SUCCESS", does(a=outputs(1, 2, 3), b={}))

    assert run.values("u", "vs") == [[1, 2, 3]]
    assert (run.status, len(run.rows["a"]), len(run.rows["b"]), len(run.rows["z"])) == ("SUCCESS", 3, 3, 1)


def test_an_empty_fanout_gives_an_empty_list_and_the_unite_runs(end: End) -> None:
    run = end.spread("ALL_SUCCESS", does(a=outputs()))

    assert (run.statuses("a"), run.values("u", "vs"), run.statuses("z")) == (["SUCCESS"], [[]], ["SUCCESS"])


def test_a_failed_branch_blocks_an_all_success_unite(end: End) -> None:
    run = end.spread("ALL_SUCCESS", does(a=outputs(1, 2, 3), b={2: Fail()}))

    assert run.statuses("b") == ["SUCCESS", "ERRORED", "SUCCESS"]
    assert (run.status, run.statuses("u"), run.statuses("z")) == ("FAILED", [], [])


def test_all_done_absorbs_a_failed_branch(end: End) -> None:
    run = end.spread("ALL_DONE", does(a=outputs(1, 2, 3), b={2: Fail()}))

    assert (run.status, run.values("u", "vs")) == ("SUCCESS", [[1, 3]])


def test_a_pruned_branch_is_no_failure(end: End) -> None:
    run = end.spread("ALL_SUCCESS", does(a=outputs(1, 2, 3), b={1: Prune({"why": 1})}))

    assert (run.status, run.values("u", "vs")) == ("SUCCESS", [[2, 3]])
    assert run.rows["b"][0].data == {"why": 1}


def test_a_failed_opener_opens_nothing_and_fails_the_run(end: End) -> None:
    run = end.spread("ALL_DONE", does(a=Fail()))

    assert (run.status, set(run.rows)) == ("FAILED", {"a"})


def test_an_output_without_children_is_one_failed_branch(end: End) -> None:
    fails = at("b", "u", x="${{ a.outputs.gone }}")
    nodes = [at("a", "b", fans_out=True), fails, at("u", unites=("a", "ALL_DONE"), vs="${{ b.outputs.v }}")]
    act = does(a=Give(({"gone": 1}, {}, {"gone": 3})), b={})
    run = end(*nodes, act=act)

    assert run.statuses("a") == ["SUCCESS", "NEXT_CREATED_ERROR", "SUCCESS"]
    assert (run.status, run.values("u", "vs")) == ("SUCCESS", [[1, 3]])


def test_a_default_stands_in_for_a_missing_value(end: End) -> None:
    run = end(at("a", "b"), at("b", x="${{ a.outputs.gone }}", may_have=["x"]))

    assert (run.status, run.rows["b"][0].inputs) == ("SUCCESS", {})


def test_nested_unites_close_level_by_level(end: End) -> None:
    run = end(
        at("a", "b", fans_out=True),
        at("b", "c", fans_out=True, x="${{ a.outputs.v }}"),
        at("c", "d", x="${{ b.outputs.v }}"),
        at("d", "e", unites=("b",), vs="${{ c.outputs.v }}", a="${{ a.outputs.v }}"),
        at("e", unites=("a",), all="${{ c.outputs.v }}", per="${{ d.outputs.v }}"),
        act=does(a=outputs(1, 2, 3), b={1: outputs(10, 11), 2: outputs(), 3: outputs(30)}, c={}),
    )

    assert run.values("d", "vs") == [[10, 11], [], [30]]
    assert run.values("d", "a") == [1, 2, 3]
    assert (run.values("e", "all"), run.values("e", "per")) == ([[10, 11, 30]], [["d", "d", "d"]])


def test_a_failure_that_an_inner_unite_absorbed_does_not_block_the_outer_one(end: End) -> None:
    run = end(
        at("a", "b", fans_out=True),
        at("b", "c", fans_out=True, x="${{ a.outputs.v }}"),
        at("c", "d", x="${{ b.outputs.v }}"),
        at("d", "e", unites=("b", "ALL_DONE"), vs="${{ c.outputs.v }}"),
        at("e", unites=("a",), all="${{ c.outputs.v }}"),
        act=does(a=outputs(1), b={1: outputs(10, 11)}, c={11: Fail()}),
    )

    assert (run.status, run.values("e", "all")) == ("SUCCESS", [[10]])


def test_a_blocked_inner_unite_is_one_failure_for_the_outer_one(end: End) -> None:
    run = end(
        at("a", "b", fans_out=True),
        at("b", "c", fans_out=True, x="${{ a.outputs.v }}"),
        at("c", "d", x="${{ b.outputs.v }}"),
        at("d", "e", unites=("b",)),
        at("e", unites=("a", "ALL_DONE"), ds="${{ d.outputs.v }}", cs="${{ c.outputs.v }}"),
        act=does(a=outputs(1, 2), b={1: outputs(10, 11), 2: outputs(20)}, c={11: Fail()}),
    )

    assert run.statuses("d") == ["SUCCESS"]
    assert (run.status, run.values("e", "ds"), run.values("e", "cs")) == ("SUCCESS", [["d"]], [[10, 20]])


def test_a_join_runs_once_per_output(end: End) -> None:
    run = end(
        at("a", "b", "c", fans_out=True),
        at("b", "u", x="${{ a.outputs.v }}"),
        at("c", "u", x="${{ a.outputs.v }}"),
        at("u", unites=("a", "ALL_SUCCESS", "output"), b="${{ b.outputs.v }}", c="${{ c.outputs.v }}"),
        act=does(a=outputs(1, 2, 3), b={2: Fail()}, c={}),
    )

    assert run.statuses("u") == ["SUCCESS", "SUCCESS"]
    assert (run.values("u", "b"), run.values("u", "c"), run.status) == ([1, 3], [1, 3], "FAILED")


def test_a_missing_single_value_ends_the_unite_where_it_stands(end: End) -> None:
    def joined(b: Deed, **more: Any) -> Outcome:
        u = at("u", unites=("a", "ALL_DONE"), **{"b": "${{ b.outputs.v }}", **more})
        return end(at("a", "b", "c"), at("b", "u"), at("c", "u"), u, act=does(b=b))

    pruned, failed = joined(Prune({})), joined(Fail())
    defaulted = joined(Fail(), may_have=["b"])

    assert (pruned.status, pruned.statuses("u")) == ("SUCCESS", ["PRUNED"])
    assert (failed.status, failed.statuses("u")) == ("FAILED", ["ERRORED"])
    assert (defaulted.status, defaulted.rows["u"][0].inputs) == ("SUCCESS", {})


def test_a_failed_side_branch_fails_the_run_and_not_the_unite(end: End) -> None:
    run = end(
        at("a", "b", "side", fans_out=True),
        at("b", "u"),
        at("side", x="${{ a.outputs.v }}"),
        at("u", unites=("a",), vs="${{ b.outputs.v }}"),
        act=does(a=outputs(1, 2), side={2: Fail()}),
    )

    assert (run.status, run.values("u", "vs")) == ("FAILED", [["b", "b"]])


def test_two_unites_of_one_node_share_what_lies_before_both(end: End) -> None:
    run = end(
        at("a", "b", fans_out=True),
        at("b", "u", "v", x="${{ a.outputs.v }}"),
        at("u", unites=("a", "ALL_DONE"), vs="${{ b.outputs.v }}"),
        at("v", unites=("a", "ALL_SUCCESS")),
        act=does(a=outputs(1, 2), b={1: Fail()}),
    )

    assert (run.values("u", "vs"), run.statuses("v"), run.status) == ([[2]], [], "FAILED")


def test_a_node_without_unites_runs_once_per_arrival_in_the_order_of_declaration(end: End) -> None:
    run = end(
        at("a", "b", "c", fans_out=True),
        at("b", "d", x="${{ a.outputs.v }}"),
        at("c", "d", x="${{ a.outputs.v }}"),
        at("d", "u", x="${{ previous.outputs.v }}", a="${{ a.outputs.v }}"),
        at("u", unites=("a",), ds="${{ d.outputs.v }}"),
        act=does(a=outputs(1, 2), b={1: outputs("b1"), 2: Prune({})}, c={}, d={}),
    )

    assert (run.values("d", "x"), run.values("d", "a")) == (["b1", 1, 2], [1, 1, 2])
    assert run.values("u", "ds") == [["b1", 1, 2]]


def test_behind_a_unite_a_closed_fanout_reads_as_the_list_of_its_values(end: End) -> None:
    run = end(
        at("a", "b", fans_out=True),
        at("b", "u"),
        at("u", "x", unites=("a",)),
        at("x", "y", fans_out=True),
        at("y", vs="${{ a.outputs.v }}", mine="${{ x.outputs.v }}", text='all ${{ a.outputs.v }} of "v"'),
        act=does(a=outputs(1, 2), x=outputs(7, 8)),
    )

    assert (run.values("y", "vs"), run.values("y", "mine")) == ([[1, 2], [1, 2]], [7, 8])
    assert run.values("y", "text") == ['all [1,2] of "v"'] * 2


def test_retries_leave_superseded_states_and_requeues_leave_none(end: End) -> None:
    def act(identifier: str, inputs: Json, retry_count: int, requeued: int) -> Deed:
        if not requeued:
            return Requeue(5, (("add", "n", 1),))
        return Fail() if retry_count < 2 else Give(({"v": 1}, {"v": 2}), (("add", "n", 10),))

    run = end(at("a", fans_out=True), act=act, retries=2)

    assert run.statuses("a") == ["RETRY_CREATED", "RETRY_CREATED", "SUCCESS", "SUCCESS"]
    assert [row.retry_count for row in run.rows["a"]] == [0, 1, 2, 2]
    assert run.store == {"n": 13}


def test_writes_are_seen_by_the_children_and_not_made_by_failed_attempts(end: End) -> None:
    act = does(a=Give(({"v": 1},), (("add", "n", 2),)))
    run = end(at("a", "b"), at("b", n="${{ store.n }}"), act=act, store={"n": 40})

    assert (run.values("b", "n"), run.store) == ([42], {"n": 42})


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_order_of_events_does_not_matter(case: Case) -> None:
    note(repr(case))
    random = Random(case.order)
    one = interpret(case.template, case.act, case.run_inputs, case.store)
    other = play(case.template, case.act, case.run_inputs, case.store, random.randrange).outcome()

    assert not differences(one, other)
