"""Claims and reports of states: who may report what, when, and what is answered (semantics 3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manager.byhand import Clock
from tests.server.conftest import LEASE_MS, Caller, Serve, node, place

ONE = (node("One", "a", "b"),)
REPORTS: list[tuple[str, dict[str, Any]]] = [
    ("executed", {"outputs": [{"b": "2"}]}),
    ("errored", {"error": "broken"}),
    ("prune", {"data": {}}),
    ("re-enqueue-after", {"enqueue_after": 5}),
]


@pytest.fixture
def run(caller: Caller) -> str:
    """A run of a graph with one node, that is never retried."""
    caller.ready(place("one"), nodes=ONE, retry_policy={"max_retries": 0})
    return caller.trigger(a="1")


@pytest.mark.usefixtures("run")
def test_a_claim_says_what_the_sdk_needs(caller: Caller) -> None:
    answer = caller.client.post(caller.url("states/enqueue"), json={"nodes": ["One"], "batch_size": 4}).json()
    (state,) = answer.pop("states")

    assert answer == {"count": 1, "namespace": "space", "status": "QUEUED"}
    assert state | {"state_id": "", "created_at": ""} == {
        "state_id": "",
        "node_name": "One",
        "identifier": "one",
        "inputs": {"a": "1"},
        "created_at": "",
    }


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("nodes", "count"), [((), 5), (("Two",), 5), (("One",), 0), (("One",), -3)])
def test_nothing_is_claimed_that_was_not_asked_for(caller: Caller, nodes: tuple[str, ...], count: int) -> None:
    assert caller.claim(*nodes, count=count) == []


@pytest.mark.usefixtures("run")
def test_a_state_is_claimed_once(caller: Caller) -> None:
    caller.one("One")

    assert caller.claim("One") == []


def test_the_oldest_due_state_comes_first(caller: Caller, clock: Clock) -> None:
    caller.ready(place("one"), nodes=ONE)
    for name, delay in (("late", 50), ("early", 10)):
        caller.trigger(a=name, start_delay=delay)
    assert caller.claim("One") == []
    clock.now_ms += 50

    assert [state["inputs"]["a"] for state in caller.claim("One")] == ["early", "late"]


@pytest.mark.parametrize(("what", "body"), REPORTS)
def test_a_report_says_what_became_of_the_state(
    caller: Caller, run: str, clock: Clock, what: str, body: dict[str, Any]
) -> None:
    answers = {
        "executed": ({"status": "EXECUTED"}, "SUCCESS"),
        "errored": ({"status": "ERRORED", "retry_created": False}, "ERRORED"),
        "prune": ({"status": "PRUNED", "enqueue_after": clock.now_ms}, "PRUNED"),
        "re-enqueue-after": ({"status": "CREATED", "enqueue_after": clock.now_ms + 5}, "CREATED"),
    }
    answer = caller.tell(caller.one("One"), what, **body)

    assert (answer.status_code, (answer.json(), caller.states(run)[0][1])) == (200, answers[what])


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("what", "body"), REPORTS)
def test_an_unknown_state_cannot_be_reported(caller: Caller, what: str, body: dict[str, Any]) -> None:
    ids = ["999", "0", "-1", "1-5", "01", "65f0c0ffee65f0c0ffee1234", "9" * 19, "x" * 500, "٣"]
    answers = [caller.tell(state_id, what, **body) for state_id in ids]

    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {(404, "State not found")}


@pytest.mark.parametrize(("what", "body"), REPORTS)
def test_a_state_that_is_not_claimed_cannot_be_reported(
    caller: Caller, run: str, what: str, body: dict[str, Any]
) -> None:
    (state,) = caller.get(f"states/run/{run}/graph")["nodes"]
    answer = caller.tell(state["id"], what, **body)
    why = "State is not queued or executed" if what == "errored" else "State is not queued"

    assert (answer.status_code, answer.json()) == (400, {"detail": why})
    assert caller.states(run) == [("one", "CREATED")]


@pytest.mark.parametrize(("what", "body"), REPORTS)
def test_a_state_that_was_executed_cannot_be_reported_again(
    caller: Caller, run: str, what: str, body: dict[str, Any]
) -> None:
    state = caller.one("One")
    caller.executed(state, {"b": "2"})
    answer = caller.tell(state, what, **body)
    why = "State is already executed" if what == "errored" else "State is not queued"

    assert (answer.status_code, answer.json()) == (400, {"detail": why})
    assert caller.states(run) == [("one", "SUCCESS")]


def test_of_two_reports_at_once_one_counts(caller: Caller) -> None:
    caller.ready(place("one", "two"), place("two", a="${{ one.outputs.b }}"), nodes=(*ONE, node("Two", "a")))
    for _ in range(10):
        run = caller.trigger(a="1")
        url = caller.url(f"state/{caller.one('One')}/executed")
        answers = caller.client.together(*[(url, {"outputs": [{"b": "2"}]})] * 4)

        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
        assert caller.states(run) == [("one", "SUCCESS"), ("two", "CREATED")]


def test_a_state_is_claimed_once_though_many_ask_at_once(caller: Caller) -> None:
    caller.ready(place("one"), nodes=ONE)
    for _ in range(20):
        caller.trigger(a="1")
    asked = (caller.url("states/enqueue"), {"nodes": ["One"], "batch_size": 7})
    claimed = [
        state["state_id"] for answer in caller.client.together(*[asked] * 6) for state in answer.json()["states"]
    ]

    assert (len(claimed), len(set(claimed))) == (20, 20)


def test_a_failure_is_tried_again_as_the_policy_says(caller: Caller, clock: Clock) -> None:
    policy = {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 100}
    caller.ready(place("one"), nodes=ONE, retry_policy=policy)
    run = caller.trigger(a="1")
    first = caller.tell(caller.one("One"), "errored", error="broken").json()
    assert caller.claim("One") == []
    clock.now_ms += 100
    second = caller.tell(caller.one("One"), "errored", error="broken again").json()

    assert (first, second) == (
        {"status": "ERRORED", "retry_created": True},
        {"status": "ERRORED", "retry_created": False},
    )
    assert caller.states(run) == [("one", "RETRY_CREATED"), ("one", "ERRORED")]
    assert caller.run(run)["status"] == "FAILED"


@pytest.mark.usefixtures("run")
def test_a_requeue_after_no_time_is_one_after_a_millisecond(caller: Caller, clock: Clock) -> None:
    state = caller.one("One")
    answer = caller.tell(state, "re-enqueue-after", enqueue_after=0)

    assert answer.json()["enqueue_after"] == clock.now_ms + 1
    clock.now_ms += 1
    assert caller.one("One") == state


def test_a_state_whose_lease_ran_out_is_put_back(caller: Caller, run: str, clock: Clock) -> None:
    caller.one("One")
    clock.now_ms += LEASE_MS
    assert caller.claim("One") == []
    clock.now_ms += 5_000
    again = caller.one("One")

    assert caller.executed(again, {"b": "2"}) == {"status": "EXECUTED"}
    assert caller.states(run) == [("one", "SUCCESS")]


@pytest.mark.parametrize(("what", "body"), REPORTS)
@pytest.mark.parametrize("claimed_again", [True, False])
def test_a_report_after_the_lease_is_refused(
    caller: Caller, run: str, clock: Clock, what: str, body: dict[str, Any], claimed_again: bool
) -> None:
    """Even if somebody else has the state by then: what the late one says is not taken for the other's word."""
    late = caller.one("One")
    clock.now_ms += LEASE_MS + 5_000
    if claimed_again:
        assert caller.one("One") != late
    answer = caller.tell(late, what, **body)

    assert (answer.status_code, answer.json()["detail"][:19]) == (400, "State is not queued")
    assert caller.states(run)[0][1] in ("QUEUED", "CREATED")


def test_what_is_lost_too_often_is_given_up(caller: Caller, run: str, clock: Clock) -> None:
    for _ in range(3):
        caller.one("One")
        clock.now_ms += LEASE_MS + 5_000
    assert caller.claim("One") == []

    assert caller.states(run) == [("one", "ERRORED")]


def test_another_server_takes_the_report_and_a_restart_loses_nothing(
    serve: Serve, caller: Caller, run: str, manage: Any, clock: Clock
) -> None:
    state = caller.one("One")
    other = Caller(serve(over=manage()))
    clock.now_ms += LEASE_MS // 2
    assert other.claim("One") == []
    other.executed(state, {"b": "2"})

    assert caller.tell(state, "executed", outputs=[]).status_code == 400
    assert other.states(run) == caller.states(run) == [("one", "SUCCESS")]


def test_a_clock_that_is_set_back_or_leaps_takes_no_state_away(caller: Caller, run: str, clock: Clock) -> None:
    state = caller.one("One")
    clock.now_ms -= 3_600_000
    assert caller.claim("One") == []
    clock.now_ms += 7_200_000
    assert caller.claim("One") == []
    caller.executed(state, {"b": "2"})

    assert caller.run(run)["status"] == "SUCCESS"


def test_a_state_that_a_runtime_of_ours_holds_is_not_taken_from_it(caller: Caller, run: str, manager: Any) -> None:
    from exodsl.manager.protocol import Serves

    session = manager.open_session("ours", Serves({("space", "graph"): frozenset(["One"])}))
    (claim,) = manager.exchange(session, [], 1).claims
    answer = caller.tell(str(claim.state_id), "executed", outputs=[])

    assert (answer.status_code, caller.states(run)) == (400, [("one", "QUEUED")])


def test_states_are_claimed_by_the_namespace_of_their_node_and_reported_by_either(client: Any) -> None:
    here, there, elsewhere = (Caller(client, name) for name in ("here", "there", "elsewhere"))
    there.register(node("Far", gives="b"))
    here.register(node("Near", "a"))
    near = {**place("near", a="${{ far.outputs.b }}"), "namespace": "here"}
    graph = here.upsert({**place("far", "near"), "namespace": "there"}, near)
    run = here.trigger()

    assert graph["validation_status"] == "VALID"
    assert here.claim("Far") == elsewhere.claim("Far") == []
    state = there.one("Far")
    assert elsewhere.tell(state, "executed", outputs=[{"b": "1"}]).status_code == 404
    here.executed(state, {"b": "1"})
    near_state = here.one("Near")
    assert there.tell(near_state, "executed", outputs=[]).status_code == 404
    here.executed(near_state)
    assert here.states(run) == [("far", "SUCCESS"), ("near", "SUCCESS")]
    assert there.states(run) == []
