"""Graphs over HTTP: what is stored, what is refused, and whether registered nodes fit (semantics 2)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import Serves
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import Clock
from tests.server.conftest import Caller, node, place

A, B = node("A", "x", "y"), node("B", "z", "w")
CHAIN = (place("a", "b"), place("b", z="${{ a.outputs.y }}"))
UNITED = {"identifier": "a", "strategy": "ALL_SUCCESS"}


def test_a_graph_is_returned_as_it_was_stored(caller: Caller) -> None:
    stored = caller.ready(
        *CHAIN,
        nodes=(A, B),
        retry_policy={"max_retries": 7, "strategy": "LINEAR_FULL_JITTER"},
        store_config={"required_keys": ["cursor"], "default_values": {"page": "1"}},
    )

    assert stored == caller.get("graph/graph")
    assert stored | {"created_at": "", "updated_at": ""} == {
        "nodes": [CHAIN[0], {**CHAIN[1], "next_nodes": []}],
        "secrets": {},
        "retry_policy": {
            "max_retries": 7,
            "strategy": "LINEAR_FULL_JITTER",
            "backoff_factor": 2000,
            "exponent": 2,
            "max_delay": None,
        },
        "store_config": {"required_keys": ["cursor"], "default_values": {"page": "1"}},
        "triggers": [],
        "created_at": "",
        "updated_at": "",
        "validation_status": "VALID",
        "validation_errors": None,
    }


def test_the_least_that_is_a_graph(caller: Caller) -> None:
    """As in Exosphere's documents: without secrets, namespaces, and the inputs of the first node."""
    caller.register(A, B)
    answer = caller.client.put(
        caller.url("graph/least"),
        json={
            "nodes": [
                {"node_name": "A", "identifier": "a", "next_nodes": ["b"]},
                {"node_name": "B", "identifier": "b", "inputs": {"z": "${{a.outputs.y}}!"}, "next_nodes": []},
            ]
        },
    )

    assert (answer.status_code, answer.json()["validation_status"]) == (201, "VALID")
    assert [node["namespace"] for node in answer.json()["nodes"]] == ["space", "space"]


def test_an_upsert_replaces_all_of_a_graph(caller: Caller, clock: Clock) -> None:
    first = caller.ready(*CHAIN, nodes=(A, B), secrets={"key": ""}, store_config={"required_keys": ["k"]})
    clock.now_ms += 1_000
    second = caller.upsert(place("a"))

    assert (second["secrets"], second["store_config"]["required_keys"], len(second["nodes"])) == ({}, [], 1)
    assert (first["created_at"], first["created_at"]) == (second["created_at"], first["updated_at"])
    assert second["updated_at"] > first["updated_at"]


def test_graphs_are_listed_by_name(caller: Caller) -> None:
    caller.ready(*CHAIN, nodes=(A, B), name="second")
    caller.upsert(place("a"), name="first")
    listed = caller.get("graphs/")

    assert (listed["namespace"], listed["count"]) == ("space", 2)
    assert [(graph["name"], graph["namespace"]) for graph in listed["templates"]] == [
        ("first", "space"),
        ("second", "space"),
    ]
    assert caller.get("graph/second").items() <= listed["templates"][1].items()


@pytest.mark.parametrize(
    ("misfit", "places", "parts"),
    [
        ("Node C in namespace space does not exist.", (place("c"),), {}),
        ("needs `z`", (place("a", "b"), place("b")), {}),
        ("`a` has no output `nope`", (place("a", "b"), place("b", z="${{ a.outputs.nope }}")), {}),
        ("no secret `key`", (place("s"),), {}),
        ("Input n in node N in namespace space is not a string", (place("n"),), {}),
    ],
)
def test_a_graph_that_does_not_fit_the_nodes_is_invalid(
    caller: Caller, misfit: str, places: tuple[dict[str, Any], ...], parts: dict[str, Any]
) -> None:
    numbers = {**node("N"), "inputs_schema": {"properties": {"n": {"type": "integer"}}}}
    caller.register(A, B, node("S", secrets="key"), numbers)
    graph = caller.upsert(*places, **parts)

    assert graph["validation_status"] == "INVALID"
    assert misfit in " ".join(graph["validation_errors"])
    answer = caller.client.post(caller.url("graph/graph/trigger"), json={})
    assert (answer.status_code, answer.json()) == (400, {"detail": "Graph template is not valid"})


def test_inputs_with_a_default_may_be_left_out_and_unknown_ones_given(caller: Caller) -> None:
    caller.ready(place("a", more="?"), nodes=(node("A", optional="x"),))
    caller.trigger()

    assert caller.claim("A")[0]["inputs"] == {"more": "?"}


def test_a_graph_becomes_valid_when_its_nodes_are_registered(caller: Caller) -> None:
    assert caller.upsert(*CHAIN)["validation_status"] == "INVALID"
    caller.register(A, B)
    assert caller.get("graph/graph")["validation_status"] == "VALID"
    run = caller.trigger(x="1")
    caller.executed(caller.one("A"))

    assert caller.run(run)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("where", "broken"),
    [
        (["nodes"], {"nodes": None}),
        (["nodes", 0, "node_name"], {"nodes": [{**place("a"), "node_name": " "}]}),
        (["nodes", 0, "identifier"], {"nodes": [{**place("a"), "identifier": ""}]}),
        (["nodes", 0, "identifier"], {"nodes": [{**place("a"), "identifier": " store "}]}),
        (["nodes", 0, "next_nodes"], {"nodes": [place("a", "b", "b")]}),
        (["nodes", 0, "next_nodes", 0], {"nodes": [place("a", " ")]}),
        (["nodes", 0, "unites", "identifier"], {"nodes": [{**place("a"), "unites": {"identifier": ""}}]}),
        (["nodes", 0, "unites", "strategy"], {"nodes": [{**place("a"), "unites": {**UNITED, "strategy": "ANY"}}]}),
        (["retry_policy", "max_retries"], {"retry_policy": {"max_retries": -1}}),
        (["retry_policy", "backoff_factor"], {"retry_policy": {"backoff_factor": 0}}),
        (["retry_policy", "exponent"], {"retry_policy": {"exponent": 10**400}}),
        (["retry_policy", "strategy"], {"retry_policy": {"strategy": "SOMETIMES"}}),
        (["store_config", "required_keys", 0], {"store_config": {"required_keys": ["a.b"]}}),
        (["store_config", "required_keys"], {"store_config": {"required_keys": ["a", " a "]}}),
        (["store_config", "default_values"], {"store_config": {"default_values": {"a": "1", " a": "2"}}}),
        (["triggers", 0, "type"], {"triggers": [{"type": "TIDE", "value": {"expression": "* * * * *"}}]}),
        (["triggers", 0, "value", "expression"], {"triggers": [{"type": "CRON", "value": {}}]}),
        (["triggers", 0, "value", "expression"], {"triggers": [{"type": "CRON", "value": {"expression": "hourly"}}]}),
    ],
)
def test_a_graph_of_another_shape_is_refused(caller: Caller, where: list[str | int], broken: dict[str, Any]) -> None:
    answer = caller.client.put(caller.url("graph/graph"), json={"nodes": [place("a")], "secrets": {}, **broken})

    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["detail"]] == [["body", *where]]
    assert caller.client.get(caller.url("graph/graph")).status_code == 404


@pytest.mark.parametrize(
    "broken",
    [
        {"nodes": []},
        {"nodes": [place("a"), place("a")]},
        {"nodes": [place("a", "nowhere")]},
        {"nodes": [place("a"), {**place("b"), "unites": {"identifier": "c"}}]},
        {"nodes": [place("a", "b"), {**place("b"), "unites": {"identifier": "b"}}]},
        {"nodes": [place("a"), place("b")]},
        {"nodes": [place("a", "b"), place("b", "a")]},
        {"nodes": [place("r", "a"), place("a", "b"), place("b", "a")]},
        {"nodes": [{**place("a"), "inputs": {"x": 5}}]},
        {"nodes": [place("a", x="${{ store.k ")]},
        {"nodes": [place("a", x="${{ what }}")]},
        {"nodes": [place("a", "b", "c"), place("b"), place("c", z="${{ b.outputs.y }}")]},
        {"nodes": [place("a", x="${{ store.k }}")]},
        {"secrets": {" ": "value"}},
    ],
)
def test_a_graph_of_no_sound_structure_is_refused_and_the_one_before_stays(
    caller: Caller, broken: dict[str, Any]
) -> None:
    before = caller.ready(*CHAIN, nodes=(A, B))
    answer = caller.client.put(caller.url("graph/graph"), json={"nodes": [place("a")], "secrets": {}, **broken})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Error validating graph template: ")
    assert caller.get("graph/graph") == before


def test_a_uniting_node_reads_what_it_unites_and_is_read_itself(caller: Caller) -> None:
    united = {**place("c", "d", z="${{ b.outputs.w }}", node_name="B"), "unites": UNITED}
    caller.ready(
        place("a", "b"),
        place("b", "c", z="${{ a.outputs.y }}"),
        united,
        place("d", z="${{ c.outputs.w }} ${{ a.outputs.y }}", node_name="B"),
        nodes=(A, B),
    )


def test_what_is_not_there_is_404(caller: Caller) -> None:
    for answer in (
        caller.client.get(caller.url("graph/none")),
        caller.client.post(caller.url("graph/none/trigger"), json={}),
    ):
        assert answer.status_code == 404
        assert "none" in answer.json()["detail"]
        assert "space" in answer.json()["detail"]


# Triggers


def test_the_root_gets_what_is_triggered_else_what_the_template_says(caller: Caller) -> None:
    caller.ready(
        place("a", x="template ${{ store.k }}", y="kept"),
        nodes=(node("A", "x y z"),),
        store_config={"default_values": {"k": "default"}},
    )
    caller.trigger(z="given", x="${{ store.k }} is data", unknown="left out")
    caller.trigger(z="given", store={"k": "other", "undeclared": "left out"})

    assert [state["inputs"] for state in caller.claim("A")] == [
        {"x": "${{ store.k }} is data", "y": "kept", "z": "given"},
        {"x": "template other", "y": "kept", "z": "given"},
    ]


def test_required_store_keys_must_be_given(caller: Caller) -> None:
    keys = {"required_keys": ["k", "l"], "default_values": {"l": "1"}}
    caller.ready(place("a"), nodes=(node("A"),), store_config=keys)
    answer = caller.client.post(caller.url("graph/graph/trigger"), json={"store": {"m": "1"}})

    assert (answer.status_code, answer.json()) == (400, {"detail": "Missing store keys: k, l"})


def test_an_input_that_nothing_gives_is_refused_and_no_run_is_left(caller: Caller) -> None:
    caller.ready(place("a"), nodes=(A,))
    answer = caller.client.post(caller.url("graph/graph/trigger"), json={"inputs": {}})

    assert (answer.status_code, caller.get("runs/1/5")["total"]) == (400, 0)
    assert '"x"' in answer.json()["detail"]


def test_a_graph_of_ours_can_be_listed_and_triggered(caller: Caller, manager: EmbeddedManager) -> None:
    """Texts become what its inputs take; what its bodies are given over HTTP are texts again."""
    fields = {
        "n": {"type": "integer"},
        "words": {"type": "array", "items": {"type": "string"}},
        "who": {"type": "string"},
    }
    schema = {"type": "object", "properties": fields, "required": ["n"]}
    own = {"node_name": "Ours", "identifier": "ours", "inputs_schema": schema, "outputs_schema": {"type": "object"}}
    manager.upsert(GraphTemplate.model_validate({"nodes": [own], "name": "typed", "namespace": "space"}))
    run = caller.trigger("typed", n="5", words='["a"]', who="5")

    assert caller.get("graph/typed")["validation_status"] == "VALID"
    assert manager.run(run).inputs == {"n": 5, "words": ["a"], "who": "5"}
    assert caller.claim("Ours")[0]["inputs"] == {"n": "5", "words": '["a"]', "who": "5"}
    refused = caller.client.post(caller.url("graph/typed/trigger"), json={"inputs": {"n": "five"}})
    assert refused.status_code == 400


# Schedules


def test_each_cron_expression_of_a_valid_graph_ticks_once_in_utc(caller: Caller, manager: EmbeddedManager) -> None:
    cron = {"type": "CRON", "value": {"expression": "0 9 * * MON-FRI"}}
    graph = caller.ready(place("a"), nodes=(node("A"),), triggers=[cron, cron])
    (schedule,) = manager.schedules()

    assert graph["triggers"] == [cron]
    assert (schedule.cron, schedule.tz, schedule.overlap) == ("0 9 * * MON-FRI", "UTC", "allow")


def test_a_schedule_that_can_start_no_run_is_taken_and_its_ticks_fail(
    caller: Caller, manager: EmbeddedManager, clock: Clock
) -> None:
    cron = {"type": "CRON", "value": {"expression": "* * * * *"}}
    caller.ready(place("a"), nodes=(A,), triggers=[cron], store_config={"required_keys": ["k"]})
    clock.now_ms += 60_000
    manager.exchange(manager.open_session("ticks", Serves({})), [], 0)
    (schedule,) = manager.schedules()

    assert [tick.outcome for tick in schedule.last_ticks] == ["FAILED"]
    assert caller.get("runs/1/5")["total"] == 0


def test_an_invalid_graph_does_not_tick(caller: Caller, manager: EmbeddedManager) -> None:
    cron = {"type": "CRON", "value": {"expression": "* * * * *"}}
    caller.upsert(place("a"), triggers=[cron])
    assert manager.schedules() == ()
    caller.register(node("A"))
    caller.upsert(place("a"), triggers=[cron])

    assert len(manager.schedules()) == 1
