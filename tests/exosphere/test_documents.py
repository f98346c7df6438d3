"""The programs of Exosphere's documents run with their imports changed, and nothing else."""

from __future__ import annotations

import asyncio
import json

from pydantic import BaseModel as Model

from exodsl.exosphere import BaseNode, GraphNodeModel
from tests.exosphere.conftest import Kept, serving, stored
from tests.template.test_export import UNITE


class SampleNode(BaseNode):
    class Inputs(Model):
        name: str
        data: str

    class Outputs(Model):
        message: str
        processed_data: str

    class Secrets(Model):
        pass

    async def execute(self) -> Outputs:
        print(f"Processing data for: {self.inputs.name}")
        processed_data = f"completed:{self.inputs.data}"
        return self.Outputs(message="success", processed_data=processed_data)


class DataSplitterNode(BaseNode):
    class Inputs(Model):
        data: str

    class Outputs(Model):
        chunk: str

    async def execute(self, inputs: Inputs) -> list[Outputs]:
        data = json.loads(inputs.data)
        chunk_size = 100
        outputs = []
        for i in range(0, len(data), chunk_size):
            chunk = data[i : i + chunk_size]
            outputs.append(self.Outputs(chunk=json.dumps(chunk)))
        return outputs


class DataProcessorNode(BaseNode):
    class Inputs(Model):
        data: str

    class Outputs(Model):
        result: str

    async def execute(self) -> Outputs:
        return self.Outputs(result=str(sum(json.loads(self.inputs.data))))


class ResultMergerNode(BaseNode):
    class Inputs(Model):
        processed_data: str

    class Outputs(Model):
        total: str

    async def execute(self) -> Outputs:
        return self.Outputs(total=str(sum(map(int, json.loads(self.inputs.processed_data)))))


def test_the_quick_start_runs(kept: Kept) -> None:
    async def program() -> str:
        async with serving(SampleNode, namespace="MyProject") as manager:
            node = GraphNodeModel(node_name="SampleNode", namespace="MyProject", identifier="sample")
            await stored(manager, "my-graph", node)
            started = await manager.trigger("my-graph", inputs={"name": "Ada", "data": "1815"})
            await kept.ended(started["run_id"])
            return str(started["run_id"])

    run_id = asyncio.run(program())

    assert kept.outputs(run_id, "sample") == [{"message": "success", "processed_data": "completed:1815"}]


def test_the_fanout_with_its_unite_runs(kept: Kept) -> None:
    async def program() -> str:
        async with serving(DataSplitterNode, DataProcessorNode, ResultMergerNode, namespace="MyProject") as manager:
            nodes = [GraphNodeModel.model_validate({"namespace": "MyProject", **node}) for node in UNITE["nodes"]]
            await stored(manager, "chunks", *nodes)
            started = await manager.trigger("chunks", inputs={"data": json.dumps(list(range(250)))})
            await kept.ended(started["run_id"])
            return str(started["run_id"])

    run_id = asyncio.run(program())

    assert [status for _, status in kept.statuses(run_id)] == ["SUCCESS"] * 7
    assert kept.outputs(run_id, "merger") == [{"total": str(sum(range(250)))}]
