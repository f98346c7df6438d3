"""The SDK's state manager over a database: what it answers, and what it refuses."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from exodsl.errors import GraphInvalid, GraphNotFound, GraphNotReady, InputInvalid, NodeRefused, SettingInvalid
from exodsl.exosphere import (
    BaseNode,
    CronTrigger,
    PruneSignal,
    ReQueueAfterSignal,
    RetryPolicyModel,
    RetryStrategyEnum,
    Runtime,
    StateManager,
    StoreConfigModel,
)
from tests.exosphere.conftest import SPACE, Kept, place, serving, stored


class First(BaseNode):
    class Inputs(BaseModel):
        word: str

    class Outputs(BaseModel):
        word: str

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(word=word) for word in self.inputs.word.split()]


class Second(BaseNode):
    later: ClassVar[set[str]] = set()

    class Inputs(BaseModel):
        word: str
        page: str

    class Outputs(BaseModel):
        said: str

    class Secrets(BaseModel):
        key: str

    async def execute(self) -> Outputs:
        if self.inputs.word == "prune":
            raise PruneSignal({"why": "asked to"})
        if self.inputs.word == "later" and "later" not in self.later:
            self.later.add("later")
            raise ReQueueAfterSignal(delay=timedelta(milliseconds=1))
        if self.inputs.word == "fail":
            raise ValueError("asked to")
        return self.Outputs(said=f"{self.inputs.word} {self.inputs.page} {len(self.secrets.key)}")


GRAPH = (
    place("First", "first", "second"),
    place("Second", "second", word="${{first.outputs.word}}", page="${{store.page}}"),
)
PARTS: dict[str, Any] = {
    "secrets": {"key": "hunter2"},
    "retry_policy": RetryPolicyModel(max_retries=1, strategy=RetryStrategyEnum.FIXED, backoff_factor=1),
    "store_config": StoreConfigModel(required_keys=["page"], default_values={"other": "x"}),
    "triggers": [CronTrigger(expression="0 0 1 1 *")],
}


def test_a_graph_is_stored_read_and_run_as_with_the_sdk(kept: Kept) -> None:
    async def program() -> tuple[dict[str, Any], dict[str, Any], str]:
        async with serving(First, Second) as manager:
            graph = await stored(manager, "words", *GRAPH, **PARTS)
            words = {"word": "a later prune fail", "unknown": "left out"}
            started = await manager.trigger("words", words, {"page": "7", "unknown": "left out"})
            assert await kept.ended(started["run_id"]) == "FAILED"
            return graph, await manager.get_graph("words"), started["run_id"]

    graph, read, run_id = asyncio.run(program())

    assert {**read, "updated_at": ""} == {**graph, "updated_at": ""}
    assert (graph["validation_status"], graph["validation_errors"]) == ("VALID", None)
    assert (graph["secrets"], graph["store_config"]["required_keys"]) == ({"key": True}, ["page"])
    assert graph["triggers"] == [{"type": "CRON", "value": {"expression": "0 0 1 1 *"}}]
    assert kept.outputs(run_id, "second")[:2] == [{"said": "a 7 7"}, {"said": "later 7 7"}]
    second = sorted(status for identifier, status in kept.statuses(run_id) if identifier == "second")
    assert second == ["ERRORED", "PRUNED", "RETRY_CREATED", "SUCCESS", "SUCCESS"]


def test_a_graph_whose_nodes_nobody_has_is_stored_and_raises(kept: Kept) -> None:
    manager = StateManager(SPACE)
    with pytest.raises(GraphNotReady, match="Node Second in namespace space does not exist"):
        asyncio.run(manager.upsert_graph("words", list(GRAPH), **PARTS))

    assert asyncio.run(manager.get_graph("words"))["validation_status"] == "INVALID"
    with pytest.raises(GraphNotReady):
        asyncio.run(manager.trigger("words", store={"page": "1"}))


@pytest.mark.parametrize(
    ("places", "parts", "error", "message"),
    [
        ([place("A", "a", "b")], {}, GraphInvalid, "`b`, which is no node"),
        ([place("A", "a")], {"secrets": {" ": "x"}}, InputInvalid, "The name of a secret must not be blank."),
        ([place("A", "a")], {"triggers": [CronTrigger(expression="61 * * * *")]}, InputInvalid, "61"),
        ([place("A", "a").model_copy(update={"inputs": {"n": 3}})], {}, InputInvalid, 'Input "n" of node "a" is 3'),
    ],
)
def test_what_is_no_graph_is_refused_and_nothing_is_stored(
    places: list[Any], parts: dict[str, Any], error: type[Exception], message: str, file: str
) -> None:
    manager = StateManager(SPACE)
    with pytest.raises(error, match=message):
        asyncio.run(manager.upsert_graph("graph", places, **{"secrets": {}, **parts}))

    with pytest.raises(GraphNotFound):
        asyncio.run(manager.get_graph("graph"))


def test_an_unknown_graph_cannot_be_started(file: str) -> None:
    with pytest.raises(GraphNotFound):
        asyncio.run(StateManager(SPACE).trigger("graph"))


def test_a_delay_below_zero_is_refused(file: str) -> None:
    with pytest.raises(InputInvalid, match="start_delay"):
        asyncio.run(StateManager(SPACE).trigger("graph", start_delay=-1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"state_manager_uri": ":memory:"}, "in memory"), ({"state_manager_version": "v1"}, '"v1" is unknown')],
)
def test_a_state_manager_that_cannot_be_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(SettingInvalid, match=message):
        StateManager(SPACE, **settings)


class Typed(BaseNode):
    class Inputs(BaseModel):
        number: int

    async def execute(self) -> None: ...


def test_a_field_that_is_no_text_is_refused_before_anything_is_served() -> None:
    with pytest.raises(SettingInvalid, match=r'The input "number" of node "Typed" is of type int; .* `str`'):
        Runtime(SPACE, "tests", [Typed])


class Silent(BaseNode):
    async def execute(self) -> Any:
        return getattr(self, "Outputs")()  # noqa: B009 - every class of the SDK has one


class Either(BaseNode):
    class Outputs(BaseModel):
        word: str

    async def execute(self) -> Outputs | list[Outputs]:
        return [self.Outputs(word="a"), self.Outputs(word="b")]


def test_a_node_may_say_as_the_sdk_does_that_it_gives_one_output_or_many(kept: Kept) -> None:
    async def program() -> str:
        async with serving(Either) as manager:
            await stored(manager, "either", place("Either", "one"))
            run_id = str((await manager.trigger("either"))["run_id"])
            await kept.ended(run_id)
            return run_id

    assert kept.outputs(asyncio.run(program()), "one") == [{"word": "a"}, {"word": "b"}]


def test_a_node_without_fields_goes_on_whatever_it_returns(kept: Kept) -> None:
    async def program() -> str:
        async with serving(Silent) as manager:
            await stored(manager, "silent", place("Silent", "one", "two"), place("Silent", "two"))
            run_id = str((await manager.trigger("silent"))["run_id"])
            await kept.ended(run_id)
            return run_id

    assert kept.statuses(asyncio.run(program())) == [("one", "SUCCESS"), ("two", "SUCCESS")]


def test_a_class_without_a_body_is_no_node() -> None:
    class Empty(BaseNode):
        pass

    with pytest.raises(NodeRefused, match="`async def execute"):
        Runtime(SPACE, "tests", [Empty])
