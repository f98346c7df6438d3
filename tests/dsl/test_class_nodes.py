"""Class nodes, in both of Exosphere's forms, bare or through `node(Class)`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import BaseModel

from exodsl import BaseNode, Context, Graph, inject, node
from exodsl.errors import DefinitionError, NodeRefused, OutputInvalid

Run = Callable[..., list[Any]]


class SampleNode(BaseNode):
    class Inputs(BaseModel):
        name: str
        data: str

    class Outputs(BaseModel):
        message: str
        processed_data: str

    class Secrets(BaseModel):
        pass

    async def execute(self) -> Outputs:
        processed_data = f"completed:{self.inputs.data}"
        return self.Outputs(message="success", processed_data=processed_data)


class DataSplitterNode(BaseNode):
    class Inputs(BaseModel):
        data: str

    class Outputs(BaseModel):
        chunk: str

    async def execute(self, inputs: Inputs) -> list[Outputs]:
        return [self.Outputs(chunk=json.dumps(part)) for part in json.loads(inputs.data)]


class EitherNode(BaseNode):
    class Inputs(BaseModel):
        many: bool

    class Outputs(BaseModel):
        x: int

    async def execute(self, inputs: Inputs):  # type: ignore[no-untyped-def]
        return [self.Outputs(x=1), self.Outputs(x=2)] if inputs.many else self.Outputs(x=0)


class SecretNode(BaseNode):
    class Secrets(BaseModel):
        llm_key: str
        other: str = "none"

    async def execute(self, ctx: Context = inject()) -> str:
        return f"{len(self.secrets.llm_key)} {self.secrets.other} {ctx.run_id}"


def test_execute_finds_its_inputs_on_self(run: Run) -> None:
    assert run(node(SampleNode), name="n", data="d") == [{"message": "success", "processed_data": "completed:d"}]


def test_execute_may_take_its_inputs(run: Run) -> None:
    assert run(node(DataSplitterNode), data="[1, 2]") == [{"chunk": "1"}, {"chunk": "2"}]
    assert node(DataSplitterNode).body.fans_out is True


def test_execute_without_return_annotation_may_do_either(run: Run) -> None:
    assert node(EitherNode).body.fans_out is None
    assert run(node(EitherNode), many=True) + run(node(EitherNode), many=False) == [
        {"x": 1},
        {"x": 2},
        {"x": 0},
    ]


def test_secrets_are_a_model_and_more_can_be_injected(run: Run) -> None:
    assert run(node(SecretNode)) == [{"result": "6 none run-1"}]
    assert node(SecretNode).body.code.secrets == {"llm_key": False, "other": True}


def test_a_class_without_output_fields_gives_one_empty_output(run: Run) -> None:
    class Act(BaseNode):
        async def execute(self) -> None:
            return None

    class Silent(BaseNode):
        async def execute(self):  # type: ignore[no-untyped-def]
            return None

    assert run(node(Act)) + run(node(Silent)) == [{}, {}]


def test_a_class_with_output_fields_that_returns_none_is_refused(run: Run) -> None:
    class Forgetful(SampleNode):
        async def execute(self):  # type: ignore[no-untyped-def]
            return None

    with pytest.raises(OutputInvalid, match=r"`Outputs`, returned None"):
        run(node(Forgetful), name="n", data="d")


def test_an_async_generator_is_a_fanout(run: Run) -> None:
    class Count(BaseNode):
        class Outputs(BaseModel):
            x: int

        async def execute(self) -> AsyncIterator[Outputs]:
            yield self.Outputs(x=1)
            yield self.Outputs(x=2)

    assert run(node(Count)) == [{"x": 1}, {"x": 2}]


def test_a_class_stands_bare_in_connect() -> None:
    graph = Graph("bare")
    graph.connect(DataSplitterNode, SampleNode, name="n", data=DataSplitterNode.outputs.chunk)

    template = graph.compile()

    assert template.node("SampleNode").inputs == {
        "name": "n",
        "data": "${{ DataSplitterNode.outputs.chunk }}",
    }
    assert template.node("DataSplitterNode").fans_out is True


def test_a_class_and_its_node_are_one_node() -> None:
    assert node(SampleNode) is node(SampleNode)


def test_calling_a_class_node_runs_execute() -> None:
    async def call() -> Any:
        return await node(SampleNode)(name="n", data="d")

    assert asyncio.run(call()) == SampleNode.Outputs(message="success", processed_data="completed:d")


@pytest.mark.parametrize("body", ["def execute(self) -> None: ...", "x = 1"])
def test_execute_must_be_there_and_async(body: str) -> None:
    names: dict[str, Any] = {"BaseNode": BaseNode, "__name__": "made"}
    exec(f"class Wrong(BaseNode):\n    {body}", names)

    with pytest.raises(NodeRefused, match=r"Node `Wrong` cannot be understood: .*execute"):
        node(names["Wrong"])


def test_execute_must_return_its_outputs() -> None:
    class Wrong(BaseNode):
        class Outputs(BaseModel):
            x: int

        async def execute(self) -> int:
            return 1

    with pytest.raises(NodeRefused, match=r"returns `int`, but its outputs are `Outputs`"):
        node(Wrong)


def test_a_class_that_is_no_base_node_is_refused() -> None:
    class Plain: ...

    with pytest.raises(DefinitionError, match=r"make it a subclass of `BaseNode`"):
        node(Plain)
