"""Templates, triggers, and all that is refused before anything is written (semantics 2, 9, 12)."""

from __future__ import annotations

from datetime import timedelta
from queue import SimpleQueue
from typing import Any

import pytest

from exodsl.errors import ExodslError, GraphInvalid, GraphNotFound, InputInvalid
from exodsl.manager.protocol import StateManager, Trigger
from tests.manager.byhand import SOON, Clock, draw, give, serves
from tests.manager.conftest import Begin, embedded

TYPED = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {"default": 1}}, "required": ["n"]}


def circle() -> list[Any]:
    """Return a list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


def test_the_same_template_twice_is_one_version(manager: StateManager) -> None:
    assert [manager.upsert(draw("root > leaf")) for _ in range(3)] == [1, 1, 1]


def test_a_changed_template_is_a_new_version_and_the_newest_counts(manager: StateManager) -> None:
    versions = [manager.upsert(draw(arrows)) for arrows in ("a", "a > b", "a")]

    assert versions == [1, 2, 3]
    assert manager.template("default", "graph") == draw("a")
    assert manager.template("default", "graph", 2) == draw("a > b")


def test_an_invalid_template_is_refused_and_not_stored(manager: StateManager) -> None:
    with pytest.raises(GraphInvalid, match="cycle"):
        manager.upsert(draw("a > b, b > a"))

    with pytest.raises(GraphNotFound):
        manager.template("default", "graph")


def test_a_run_stays_on_the_version_it_was_triggered_with(run: Begin, manager: StateManager) -> None:
    old = run("root > leaf")
    manager.upsert(draw("root > leaf other"))
    old.work()

    assert manager.run(old.run_id).version == 1
    assert [state.identifier for state in old.states()] == ["root", "leaf"]


def test_an_older_version_can_be_triggered(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    manager.upsert(draw("root > leaf"))
    (run_id,) = manager.trigger([Trigger("default", "graph", version=1)])

    assert manager.run(run_id).version == 1


def test_names_are_those_of_a_namespace(manager: StateManager) -> None:
    assert manager.upsert(draw("a", namespace="one")) == manager.upsert(draw("b", namespace="two")) == 1

    assert manager.template("two", "graph").nodes[0].identifier == "b"
    with pytest.raises(GraphNotFound, match='"three"'):
        manager.template("three", "graph")


def test_an_unknown_graph_is_named_with_the_nearest_one(manager: StateManager) -> None:
    manager.upsert(draw("a", name="invoices"))

    with pytest.raises(GraphNotFound, match=r'No graph "invoice".*Did you mean "invoices"'):
        manager.trigger([Trigger("default", "invoice")])


def test_an_unknown_version_is_named_as_what_is_missing(manager: StateManager) -> None:
    manager.upsert(draw("a", name="invoices"))
    with pytest.raises(GraphNotFound) as refused:
        manager.trigger([Trigger("default", "invoices", version=9)])

    assert "9" in str(refused.value)
    assert "Did you mean" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, 'needs the input "n"'),
        ({"n": 1, "mm": 2}, 'no input "mm". It has: "m", "n". Did you mean "m"'),
        ({"n": float("nan")}, "nan"),
        ({"n": object()}, "JSON"),
        ({"n": circle()}, "JSON"),
        ({"n": "\ud800"}, "JSON"),
        ({"n": "seven"}, "n"),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_inputs_that_do_not_fit_are_refused_and_nothing_is_written(
    manager: StateManager, given: dict[str, Any], says: str, declared: bool
) -> None:
    """Whether the run's inputs are declared, or are those of its root."""
    parts: dict[str, Any] = {"parts": {"root": {"inputs_schema": TYPED}}}
    if declared:
        parts = {"inputs_schema": TYPED}
    manager.upsert(draw("root", **parts))
    with pytest.raises(InputInvalid, match=says):
        manager.trigger([Trigger("default", "graph", given)])

    assert manager.runs().items == ()


@pytest.mark.parametrize(
    ("store", "says"),
    [
        ({}, 'needs the store key "cursor"'),
        ({"cursor": 1, "curser": 2}, 'no store key "curser".*Did you mean "cursor"'),
        ({"cursor": float("inf")}, "inf"),
        ({"cursor": object()}, "JSON"),
        ({"cursor": 1, "a.b": 2}, "dot"),
        ({"cursor": 1, "": 2}, "empty"),
    ],
)
def test_a_store_that_does_not_fit_is_refused_and_nothing_is_written(
    manager: StateManager, store: dict[str, Any], says: str
) -> None:
    config = {"required_keys": ["cursor"], "default_values": {"n": 0}}
    manager.upsert(draw("root", store_config=config))
    with pytest.raises(InputInvalid, match=says):
        manager.trigger([Trigger("default", "graph", store=store)])

    assert manager.runs().items == ()


def test_a_root_without_its_value_is_refused(manager: StateManager) -> None:
    schema = {"type": "object", "properties": {"n": {}}, "required": []}
    manager.upsert(draw("root", inputs={"root": {"x": "${{ inputs.n }}"}}, inputs_schema=schema))

    with pytest.raises(InputInvalid, match='cannot start: the run has no input "n"'):
        manager.trigger([Trigger("default", "graph")])


def test_a_declared_input_that_is_not_given_has_its_default(manager: StateManager) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "default": 3}, "m": {"type": "integer"}}}
    manager.upsert(draw("root > leaf", inputs={"root": {"x": "${{ inputs.n }}"}}, inputs_schema=schema, name="asked"))

    plain, given = manager.trigger([Trigger("default", "asked"), Trigger("default", "asked", {"n": 7})])

    assert manager.run(plain).inputs == {"n": 3}
    assert manager.run(given).inputs == {"n": 7}


def test_several_triggers_start_all_their_runs_in_order(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    ids = manager.trigger([Trigger("default", "graph", {"n": n}) for n in range(20)])

    assert [manager.run(run_id).inputs for run_id in ids] == [{"n": n} for n in range(20)]
    assert [view.run_id for view in manager.runs().items] == ids[::-1]


def test_one_bad_trigger_starts_none_of_them(manager: StateManager) -> None:
    manager.upsert(draw("root", inputs_schema=TYPED))
    good, bad = Trigger("default", "graph", {"n": 1}), Trigger("default", "graph", {})
    with pytest.raises(InputInvalid):
        manager.trigger([good, good, bad])

    assert manager.runs().items == ()


def test_after_a_refused_trigger_runs_are_not_mixed_up(run: Begin, manager: StateManager) -> None:
    """The key of a run that was not written comes to mean another one."""
    manager.upsert(draw("other > x", name="other"))
    with pytest.raises(GraphNotFound):
        manager.trigger([Trigger("default", "other", {"n": 1}), Trigger("default", "nowhere")])
    begun = run("root > leaf", {"n": 2}, inputs_schema=TYPED, inputs={"leaf": {"n": "${{ inputs.n }}"}})
    begun.work()

    assert (begun.inputs("leaf"), begun.ends()) == ({"n": 2}, ["SUCCESS", "SUCCESS"])


def test_no_triggers_start_nothing(manager: StateManager) -> None:
    assert (manager.trigger([]), manager.runs().items) == ([], ())


def test_a_start_delay_holds_the_root_back(run: Begin, clock: Clock) -> None:
    begun = run("root", start_delay_ms=60_000)
    root = begun.state("root")
    answer = begun.exchange()
    clock.now_ms += 60_000

    assert root.enqueue_after == root.created_at + timedelta(minutes=1)
    assert (answer.claims, answer.next_due_ms) == ((), 60_000)
    assert [claim.identifier for claim in begun.take()] == ["root"]


@embedded
def test_a_delayed_run_is_known_to_those_who_wait(manager: StateManager) -> None:
    """They have to know anew how long they may sleep; a server tells them when it is time."""
    template = draw("root")
    manager.upsert(template)
    session = manager.open_session("early", serves(template))
    woken = SimpleQueue[int | None]()
    end = manager.wake_on_work(lambda: woken.put(manager.exchange(session, [], 0).next_due_ms))
    manager.trigger([Trigger("default", "graph", start_delay_ms=900)])

    assert woken.get(timeout=SOON) == 900
    end()


@pytest.mark.parametrize("delay", [2**63, 2**80, 10**17])
def test_a_start_delay_that_means_no_time_is_refused(run: Begin, manager: StateManager, delay: int) -> None:
    with pytest.raises(ExodslError):
        run("root", start_delay_ms=delay)

    assert manager.runs().items == ()


def test_the_target_is_kept_on_the_run(manager: StateManager) -> None:
    manager.upsert(draw("root"))
    (run_id,) = manager.trigger([Trigger("default", "graph", target="report.py:graph")])

    assert manager.run(run_id).target == "report.py:graph"


def test_a_claim_says_all_that_a_runtime_needs(run: Begin) -> None:
    parts = {"node_name": "Work", "timeout_ms": 900, "executor": "process", "fans_out": False}
    begun = run("root* > work", namespace="lab", name="shop", parts={"work": parts}, inputs={"work": {"n": 5}})
    begun.reach("work", root=give({}, {}))
    (second,) = (claim for claim in begun.held if claim.path != bytes(4))

    assert (second.run_id, second.namespace, second.graph) == (begun.run_id, "lab", "shop")
    assert (second.identifier, second.node_name, second.inputs) == ("work", "Work", '{"n":5}')
    assert (second.path, second.timeout_ms, second.executor) == (b"\0\0\0\1", 900, "process")
