"""A project that was written for Exosphere's SDK, with its imports changed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from exodsl import Graph, node
from exodsl.exosphere import (
    BaseNode,
    CronTrigger,
    GraphNodeModel,
    PruneSignal,
    ReQueueAfterSignal,
    RetryPolicyModel,
    RetryStrategyEnum,
    Runtime,
    StateManager,
    StoreConfigModel,
    UnitesModel,
    UnitesStrategyEnum,
    runtime,
)


class Split(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        word: str

    inputs: Inputs

    async def execute(self) -> list[Outputs]:
        if not self.inputs.text:
            raise PruneSignal({"why": "no text"})
        return [self.Outputs(word=word) for word in self.inputs.text.split()]


class Count(BaseNode):
    class Inputs(BaseModel):
        words: str

    class Secrets(BaseModel):
        key: str

    async def execute(self) -> None:
        raise ReQueueAfterSignal(timedelta(seconds=1))


serving = Runtime(namespace="words", name="tests", nodes=[Split, Count], batch_size=16, workers=4)
task: asyncio.Task[None] | None = serving.start()


async def store() -> dict[str, Any]:
    manager = StateManager("words", state_manager_uri="runs.db")
    await manager.upsert_graph(
        "words",
        [
            GraphNodeModel(node_name="Split", namespace="words", identifier="split", next_nodes=["count"]),
            GraphNodeModel(
                node_name="Count",
                namespace="words",
                identifier="count",
                inputs={"words": "${{ split.outputs.word }}"},
                unites=UnitesModel(identifier="split", strategy=UnitesStrategyEnum.ALL_DONE),
            ),
        ],
        secrets={"key": "value"},
        retry_policy=RetryPolicyModel(max_retries=1, strategy=RetryStrategyEnum.FIXED),
        store_config=StoreConfigModel(required_keys=["page"]),
        triggers=[CronTrigger(expression="0 9 * * *")],
    )
    await manager.get_graph("words")
    return await manager.trigger("words", inputs={"text": "a b"}, store={"page": "1"}, start_delay=10)


@node
def shout(text: str) -> str:
    return text.upper()


graph = Graph("shouting")
graph.start(shout)
runtime(graph, workers=2).start()
