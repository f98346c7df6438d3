"""What happened in a run, as text that stays the same as long as the same happens."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel
from syrupy.assertion import SnapshotAssertion

from exodsl import (
    Graph,
    InputInvalid,
    NotFound,
    Prune,
    RetryPolicy,
    Store,
    any_of_nodes,
    collect,
    inject,
    node,
)
from exodsl.testing import fail, run_inline, step_inline

ONCE = RetryPolicy(max_retries=0)


class Order(BaseModel):
    number: int
    item: str


class Totals(BaseModel):
    sold: int = 0
    last: str = ""


@node
def orders(shop: str) -> list[Order]:
    return [Order(number=number, item=item) for number, item in enumerate(shop.split())]


@node
def parts(item: str) -> list[str]:
    return list(item)


@node(retry=ONCE)
def pack(part: str) -> str:
    if part == "!":
        raise ValueError("broken\nin two")
    if part == "?":
        raise Prune("unclear", part=part)
    return part.upper()


@node
def send(order: int, packed: list[str], store: Store[Totals] = inject()) -> str:
    store.add("sold", len(packed))
    with store.edit() as totals:
        totals.last = "".join(packed)
    return f"{order}: {''.join(packed)}"


@node
def report(sent: list[str]) -> str:
    return ", ".join(sent)


@pytest.fixture
def graph() -> Graph[Any, Any]:
    """Takes orders apart, packs the parts, and sends each order: a fanout in a fanout."""
    graph = Graph("orders", store=Totals, retry=RetryPolicy(max_retries=2))
    graph.connect(orders, parts, item=orders.outputs.item)
    graph.connect(parts, pack, part=parts.outputs)
    graph.connect(pack, send, order=orders.outputs.number, packed=collect(pack.outputs)).unites(parts)
    graph.connect(send, report, sent=collect(send.outputs)).unites(orders, strategy="ALL_DONE")
    return graph


def test_a_run_is_told_as_a_tree(graph: Graph[Any, Any], snapshot: SnapshotAssertion) -> None:
    assert run_inline(graph, shop="ab c!d ?").transcript() == snapshot


def test_it_is_the_same_for_a_run_with_threads_and_real_time(graph: Graph[Any, Any]) -> None:
    inline = run_inline(graph, shop="ab cd").transcript()

    # What states wrote to the store is known of runs in tests only, and so is a store that was cleaned up.
    told = [line for line in inline.partition("\nstore\n")[0].splitlines() if not line.lstrip().startswith("store ")]

    with graph.run(shop="ab cd", db=":memory:") as run:
        assert run.transcript().splitlines() == told


def test_each_attempt_is_told_and_inputs_once(snapshot: SnapshotAssertion) -> None:
    graph = Graph("retries", retry=RetryPolicy(max_retries=2))
    graph.start(pack.options(retry=RetryPolicy(max_retries=2)))

    run = run_inline(graph, part="a", fake={"pack": fail(pack, times=2, error=ConnectionError("reset"))})

    assert run.transcript() == snapshot


def test_a_run_in_the_middle_is_told_too(graph: Graph[Any, Any], snapshot: SnapshotAssertion) -> None:
    with step_inline(graph, shop="ab") as step:
        step.until(pack)
        step.next()

        assert step.run.transcript() == snapshot


def test_arrivals_say_from_where(snapshot: SnapshotAssertion) -> None:
    graph = Graph("arrivals")
    graph.connect(parts, pack.named("left"), part=parts.outputs)
    graph.connect(parts, pack.named("right"), part=parts.outputs)
    graph.connect(any_of_nodes(pack.named("left"), pack.named("right")), note)

    assert run_inline(graph, item="a").transcript() == snapshot


@node
def note() -> None:
    """Do nothing."""


def test_wide_fanouts_are_folded(graph: Graph[Any, Any], snapshot: SnapshotAssertion) -> None:
    run = run_inline(graph, shop=" ".join(["a"] * 88 + ["!", "?"] + ["a"] * 10))

    assert run.transcript(fold=2) == snapshot
    assert len(run.transcript(fold=None).splitlines()) > 10 * len(run.transcript(fold=2).splitlines())


def test_a_fold_counts_what_lies_deeper(graph: Graph[Any, Any]) -> None:
    told = run_inline(graph, shop="aa a!a a?a aa").transcript(fold=1)

    assert "  … 3 more: 1 SUCCESS, 1 PRUNED, 1 ERRORED" in told.splitlines()


def test_an_empty_fanout_has_no_outputs(graph: Graph[Any, Any]) -> None:
    told = run_inline(graph, shop="").transcript().splitlines()

    assert told[2:5] == ["orders: SUCCESS", '  input shop: ""', "  no outputs"]


class Login(BaseModel):
    user: str
    token: str


class Session(BaseModel):
    login: Login
    others: list[Login]
    at: str


@node
def log_in(user: str) -> Session:
    one, two = (Login(user=user, token=str(uuid4())) for _ in range(2))
    return Session(login=one, others=[two], at=str(uuid4()))


def logged_in(redact: Any) -> str:
    graph = Graph("login")
    graph.start(log_in)
    return run_inline(graph, user="a").transcript(redact=redact)


@pytest.mark.parametrize("redact", [["token", "at"], {"token": "<token>", "log_in.outputs.at": "<time>"}])
def test_fields_are_redacted_by_name_or_way(redact: Iterable[str], snapshot: SnapshotAssertion) -> None:
    assert logged_in(redact) == snapshot


def test_a_redaction_by_way_leaves_others(graph: Graph[Any, Any]) -> None:
    told = run_inline(graph, shop="a").transcript(redact=["parts.inputs.item", "store.last"])

    assert told.count("<redacted>") == 3
    assert 'output item: "a"' in told


def test_an_error_can_be_redacted() -> None:
    graph = Graph("error")
    graph.start(pack)

    told = run_inline(graph, part="!").transcript(redact={"pack.error": "<why>"})

    assert "  error ValueError: <why>" in told.splitlines()


def test_one_text_is_no_list_of_redactions() -> None:
    with pytest.raises(InputInvalid, match=r'Write redact=\["token"\]'):
        logged_in("token")


def test_long_values_are_cut_and_still_differ() -> None:
    graph = Graph("long")
    graph.start(parts)

    one, two = (run_inline(graph, item="x" * 600 + last).transcript(fold=1) for last in "ab")

    assert all(len(line) < 600 for line in one.splitlines())
    assert one != two


def test_places_in_files_are_left_out() -> None:
    graph = Graph("wrong")
    graph.start(pack)

    told = run_inline(graph, part="a", fake={pack: lambda part: 1}).transcript()

    assert "error exodsl" not in told
    assert "error OutputInvalid: " in told
    assert ".py" not in told


def test_it_shows_what_a_manual_retry_took_back(snapshot: SnapshotAssertion) -> None:
    graph = Graph("again")
    graph.connect(parts, pack, part=parts.outputs)
    graph.connect(pack, report, sent=collect(pack.outputs)).unites(parts, strategy="ALL_DONE")
    graph.connect(report, pack.named("last"), part="!")
    with step_inline(graph, item="a!") as step:
        step.finish()
        step.run.retry(node=pack)

        assert step.finish().transcript() == snapshot


def test_a_run_that_is_not_there_has_none(graph: Graph[Any, Any]) -> None:
    run = run_inline(graph, shop="a")
    run.run_id = "00000000-0000-0000-0000-000000000000"

    with pytest.raises(NotFound):
        run.transcript()
