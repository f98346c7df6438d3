"""Every form a node can have, and what both checkers make of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar, assert_type

from pydantic import BaseModel

from exodsl import BaseNode, Graph, any_of_nodes, collect, current_run, node

T = TypeVar("T")


class Part(BaseModel):
    text: str
    number: int


class Box(BaseModel, Generic[T]):
    item: T


@node
def stream(document: str) -> Iterator[Part]:
    yield Part(text=document, number=1)


@node
async def astream(document: str) -> AsyncIterator[Part]:
    yield Part(text=document, number=1)


@node
async def many(document: str) -> list[Part]:
    return []


@node
async def one(document: str) -> Part:
    return Part(text=document, number=1)


@node(name="renamed", executor="process")
def plain(number: int) -> int:
    return number


@node
def unpack(box: Box[int]) -> Box[str]:
    return Box(item=str(box.item))


@node
def mean(values: Sequence[float]) -> float:
    return sum(values)


@node
def act(text: str) -> None:
    current_run().log.info(text)


class Bare(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        upper: str

    async def execute(self, inputs: Inputs) -> list[Outputs]:
        return [self.Outputs(upper=inputs.text.upper())]


typed = node(Bare)
arrived = any_of_nodes(one, one.named("again"))
assert_type(stream.outputs, Part)
assert_type(astream.outputs.text, str)
assert_type(many.outputs, Part)
assert_type(one.outputs.number, int)
assert_type(plain.outputs, int)
assert_type(unpack.outputs.item, str)
assert_type(typed.outputs.upper, str)
assert_type(collect(plain.outputs), list[int])
assert_type(arrived.outputs.text, str)
assert_type(plain(3), int)
assert_type(asyncio.run(one("a")), Part)
assert_type(asyncio.run(many("a")), list[Part])

graph = Graph("forms")
graph.start(stream)
graph.connect(stream, plain, stream.outputs.number)
graph.connect(plain, mean, values=collect(plain.outputs)).unites(stream)
graph.connect(arrived, act, text=arrived.outputs.text)
graph.connect(one, Bare, text=one.outputs.text)
graph.connect(Bare, act, text=Bare.outputs.upper)
graph.connect((one, plain), act.takes(text=one.outputs.text)).unites(one, strategy="ALL_DONE")


def elsewhere(pool: ThreadPoolExecutor) -> int:
    """Run bodies in executors: one that is there, what makes one, and a text."""
    made = partial(ProcessPoolExecutor, 4)
    run = graph.run(document="a", executors={"a": pool, "b": made, "c": ProcessPoolExecutor, "d": "process:4"})
    return run.output(plain.options(executor="a"))
