"""Templates of Exosphere's documents run as they are, with class nodes in both of its forms (semantics 1, 4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call

Result = Callable[[object, list[int]], dict[str, list[Any]]]
NODES = """
import json
from pydantic import BaseModel
from exodsl import BaseNode


class DataSplitterNode(BaseNode):
    class Inputs(BaseModel):
        data: str

    class Outputs(BaseModel):
        chunk: str

    async def execute(self, inputs: Inputs) -> list[Outputs]:
        numbers = json.loads(inputs.data)
        return [self.Outputs(chunk=json.dumps(numbers[at : at + 2])) for at in range(0, len(numbers), 2)]


class DataProcessorNode(BaseNode):
    class Inputs(BaseModel):
        data: str

    class Outputs(BaseModel):
        result: str

    class Secrets(BaseModel):
        pass

    async def execute(self) -> Outputs:
        return self.Outputs(result=str(sum(json.loads(self.inputs.data))))


class ResultMergerNode(BaseNode):
    class Inputs(BaseModel):
        processed_data: str

    class Outputs(BaseModel):
        merged: str

    async def execute(self, inputs: Inputs) -> Outputs:
        return self.Outputs(merged=inputs.processed_data)
"""
SPLITTER = {"node_name": "DataSplitterNode", "identifier": "data_splitter", "next_nodes": ["processor"]}
PROCESSOR = {
    "node_name": "DataProcessorNode",
    "identifier": "processor",
    "inputs": {"data": "${{ data_splitter.outputs.chunk }}"},
    "next_nodes": [],
}
MERGER = {
    "node_name": "ResultMergerNode",
    "identifier": "merger",
    "inputs": {"processed_data": "${{ processor.outputs.result }}"},
    "unites": {"identifier": "data_splitter"},
    "next_nodes": [],
}
ALONE = {"nodes": [SPLITTER, PROCESSOR]}
UNITED = {"nodes": [SPLITTER, {**PROCESSOR, "next_nodes": ["merger"]}, MERGER]}


@pytest.fixture
def result(cli: Call, folder: Path) -> Result:
    """Run a template with some data; return the outputs of every node."""
    (folder / "nodes.py").write_text(NODES)

    def run(template: object, data: list[int]) -> dict[str, list[Any]]:
        (folder / "fan.json").write_text(json.dumps(template))
        answer = cli("run", "fan.json", "--nodes", "nodes.py", "--input", f"data={json.dumps(data)}", "--json")
        assert answer.code == 0, answer.err
        found: dict[str, list[Any]] = json.loads(answer.out)["outputs"]
        return found

    return run


def test_the_fanout_runs_unchanged(result: Result) -> None:
    outputs = result(ALONE, [1, 2, 3, 4, 5])

    assert outputs["processor"] == ["3", "7", "5"]


@pytest.mark.parametrize(("data", "merged"), [([1, 2, 3], '["3","3"]'), ([1, 2], "3"), ([], "[]")])
def test_the_united_fanout_runs_unchanged(result: Result, data: list[int], merged: str) -> None:
    """Text fields take a list as JSON; where no node declares its fanout, a single value stays itself."""
    outputs = result(UNITED, data)

    assert outputs["merger"] == [{"merged": merged}]
