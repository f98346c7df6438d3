"""Runs over HTTP: listed by pages, drawn as graphs of states, looked into, and retried by hand."""

from __future__ import annotations

import pytest

from exodsl.manager.embedded import EmbeddedManager
from tests.manager.byhand import Clock
from tests.server.conftest import LEASE_MS, Caller, Client, node, place

NODES = (node("A", "x", "y"), node("B", "z", "w"), node("C"))
STATUSES = ("CREATED", "QUEUED", "EXECUTED", "SUCCESS", "NEXT_CREATED_ERROR", "RETRY_CREATED", "ERRORED", "PRUNED")


@pytest.fixture
def graph(caller: Caller) -> None:
    """A fanout, and behind it a node that is retried once."""
    caller.ready(
        place("a", "b"),
        place("b", "c", z="${{ a.outputs.y }}"),
        {**place("c"), "unites": {"identifier": "a", "strategy": "ALL_DONE"}},
        nodes=NODES,
        retry_policy={"max_retries": 1, "strategy": "FIXED", "backoff_factor": 1},
    )


@pytest.fixture
def run(caller: Caller, graph: None, clock: Clock) -> str:
    """A run of it in which one branch succeeded, one failed twice, and one was pruned; the unite is claimed."""
    run_id = caller.trigger(x="1")
    caller.executed(caller.one("A"), *({"y": y} for y in ["good", "bad", "odd"]))
    for _ in range(2):
        for state in caller.claim("B"):
            match state["inputs"]["z"]:
                case "good":
                    caller.executed(state["state_id"], {"w": "2"})
                case "bad":
                    caller.tell(state["state_id"], "errored", error="broken")
                case _:
                    caller.tell(state["state_id"], "prune", data={"why": "odd"})
        clock.now_ms += 1
    caller.one("C")
    return run_id


@pytest.mark.usefixtures("graph")
def test_runs_are_listed_by_pages_newest_first(caller: Caller) -> None:
    ids = [caller.trigger(x=str(number)) for number in range(5)][::-1]
    pages = [caller.get(f"runs/{page}/2") for page in (1, 2, 3, 4)]

    assert [[run["run_id"] for run in page["runs"]] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    assert pages[1] | {"runs": []} == {"namespace": "space", "total": 5, "page": 2, "size": 2, "runs": []}
    assert Caller(caller.client, "elsewhere").get("runs/1/5")["total"] == 0


@pytest.mark.parametrize("page", ["0/5", "-1/5", "1/0", "1/1001", "x/1", "9999999999999999999999/1"])
def test_there_is_no_such_page(caller: Caller, page: str) -> None:
    assert caller.client.get(caller.url(f"runs/{page}")).status_code == 422


def test_a_run_is_listed_with_how_its_states_stand(caller: Caller, run: str) -> None:
    listed = caller.run(run)

    assert {name: listed[name] for name in listed if name not in ("run_id", "created_at")} == {
        "graph_name": "graph",
        "status": "PENDING",
        "success_count": 5,
        "pending_count": 1,
        "errored_count": 1,
        "retried_count": 1,
        "total_count": 8,
    }


def test_a_run_is_a_graph_of_its_states(caller: Caller, run: str) -> None:
    drawn = caller.get(f"states/run/{run}/graph")
    names = {state["id"]: state["identifier"] for state in drawn["nodes"]}
    counts = {"SUCCESS": 4, "PRUNED": 1, "ERRORED": 1, "RETRY_CREATED": 1, "QUEUED": 1}

    assert drawn["execution_summary"] == {status: counts.get(status, 0) for status in STATUSES}
    assert (drawn["graph_name"], drawn["node_count"], drawn["edge_count"]) == ("graph", 8, 5)
    assert [state["identifier"] for state in drawn["root_states"]] == ["a", "a", "a"]
    edges = sorted((names[edge["source"]], names[edge["target"]]) for edge in drawn["edges"])
    assert edges == [("a", "b")] * 4 + [("a", "c")]
    assert [state["error"] for state in drawn["nodes"] if state["error"]] == ["broken", "broken"]


def test_an_unknown_run_is_an_empty_graph(caller: Caller, run: str) -> None:
    empty = {
        "root_states": [],
        "graph_name": "",
        "nodes": [],
        "edges": [],
        "node_count": 0,
        "edge_count": 0,
        "execution_summary": dict.fromkeys(STATUSES, 0),
    }

    for unknown in ("nothing", run[:-1], run[-8:]):
        assert caller.get(f"states/run/{unknown}/graph") == empty
    assert Caller(caller.client, "elsewhere").get(f"states/run/{run}/graph") == empty


def test_a_state_is_shown_in_full(caller: Caller, run: str) -> None:
    nodes = caller.get(f"states/run/{run}/graph")["nodes"]
    pruned = next(state["id"] for state in nodes if state["status"] == "PRUNED")
    odd = caller.get(f"graph/graph/run/{run}/node/{pruned}")

    assert odd["created_at"] <= odd.pop("updated_at")
    assert odd.pop("parents").keys() == {"a"}
    assert odd | {"created_at": ""} == {
        "id": pruned,
        "node_name": "B",
        "identifier": "b",
        "graph_name": "graph",
        "run_id": run,
        "status": "PRUNED",
        "inputs": {"z": "odd"},
        "outputs": {},
        "error": None,
        "created_at": "",
    }


def test_a_state_that_is_not_of_this_run_graph_and_namespace_is_404(caller: Caller, run: str) -> None:
    state = caller.get(f"states/run/{run}/graph")["nodes"][0]["id"]
    other = caller.trigger(x="1")
    paths = [
        f"graph/graph/run/{other}/node/{state}",
        f"graph/none/run/{run}/node/{state}",
        f"graph/graph/run/{run}/node/99",
    ]
    answers = [caller.client.get(caller.url(path)) for path in paths]
    elsewhere = Caller(caller.client, "elsewhere")
    answers.append(caller.client.get(elsewhere.url(f"graph/graph/run/{run}/node/{state}")))

    assert [answer.status_code for answer in answers] == [404] * 4
    assert answers[0].json() == {"detail": f"Node {state} not found in run {other} for graph graph"}


def test_an_id_of_another_form_is_said_to_be_none(caller: Caller, run: str) -> None:
    answer = caller.client.get(caller.url(f"graph/graph/run/{run}/node/x1"))

    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid node ID format: x1"})


@pytest.mark.usefixtures("graph")
def test_runs_that_wait_or_were_cancelled_have_one_of_three_statuses(caller: Caller, manager: EmbeddedManager) -> None:
    paused, cancelled = caller.trigger(x="1"), caller.trigger(x="1")
    manager.pause(paused)
    manager.cancel(cancelled)

    assert [caller.run(run)["status"] for run in (paused, cancelled)] == ["PENDING", "FAILED"]
    (state,) = caller.get(f"states/run/{cancelled}/graph")["nodes"]
    assert (state["status"], state["error"]) == ("ERRORED", "The run was cancelled.")
    assert [state["inputs"] for state in caller.claim("A")] == []


def test_a_failure_that_was_absorbed_is_no_failure_of_the_run(caller: Caller, run: str) -> None:
    c = next(state for state in caller.get(f"states/run/{run}/graph")["nodes"] if state["identifier"] == "c")
    caller.executed(c["id"])

    assert caller.run(run)["status"] == "SUCCESS"


# Retries by hand


def failed(caller: Caller) -> tuple[str, str]:
    caller.ready(place("a", "b"), place("b", z="${{ a.outputs.y }}"), nodes=NODES, retry_policy={"max_retries": 0})
    run = caller.trigger(x="1")
    state = caller.one("A")
    caller.tell(state, "errored", error="broken")
    return run, state


def test_a_failed_state_is_retried_once_for_each_word(caller: Caller) -> None:
    run, state = failed(caller)
    answer = caller.tell(state, "manual-retry", fanout_id="first").json()
    again = caller.tell(state, "manual-retry", fanout_id="first")

    assert caller.one("A") == answer["id"]
    assert answer["status"] == "CREATED"
    assert (again.status_code, again.json()) == (409, {"detail": "Duplicate retry state detected"})
    assert caller.states(run) == [("a", "RETRY_CREATED"), ("a", "QUEUED")]


def test_of_two_retries_at_once_one_counts(caller: Caller) -> None:
    run, state = failed(caller)
    asked = (caller.url(f"state/{state}/manual-retry"), {"fanout_id": "word"})

    assert sorted(answer.status_code for answer in caller.client.together(asked, asked)) == [200, 409]
    assert len(caller.states(run)) == 2


def test_a_state_that_allows_no_retry_is_refused_and_the_word_stays_free(caller: Caller) -> None:
    caller.ready(place("a"), nodes=NODES, retry_policy={"max_retries": 0})
    run = caller.trigger(x="1")
    state = caller.one("A")
    assert caller.tell(state, "manual-retry", fanout_id="word").status_code == 400
    caller.tell(state, "errored", error="broken")

    assert caller.tell(state, "manual-retry", fanout_id="word").status_code == 200
    assert caller.states(run) == [("a", "RETRY_CREATED"), ("a", "CREATED")]


def test_children_that_could_not_be_made_are_made_anew(caller: Caller) -> None:
    """A field that the output lacks ends in NEXT_CREATED_ERROR; a retry by hand makes no other state of it."""
    caller.ready(place("a", "b"), place("b", z="${{ a.outputs.y }}"), nodes=NODES)
    run = caller.trigger(x="1")
    state = caller.one("A")
    caller.executed(state, {"other": "2"})
    answer = caller.tell(state, "manual-retry", fanout_id="word")

    assert caller.states(run) == [("a", "NEXT_CREATED_ERROR")]
    assert "y" in caller.get(f"graph/graph/run/{run}/node/{state}")["error"]
    assert answer.status_code == 400


def test_only_the_namespace_of_the_run_retries(client: Client) -> None:
    caller, elsewhere = Caller(client), Caller(client, "elsewhere")
    _, state = failed(caller)

    assert elsewhere.tell(state, "manual-retry", fanout_id="word").status_code == 404


def test_a_state_that_was_lost_is_found_by_both_of_its_ids(caller: Caller, clock: Clock) -> None:
    caller.ready(place("a"), nodes=NODES)
    run = caller.trigger(x="1")
    first = caller.one("A")
    clock.now_ms += LEASE_MS + 5_000
    second = caller.one("A")
    shown = [caller.get(f"graph/graph/run/{run}/node/{state}")["id"] for state in (first, second)]

    assert shown == [second, second]
    assert [state["id"] for state in caller.get(f"states/run/{run}/graph")["nodes"]] == [second]
