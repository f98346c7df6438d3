"""Mappings that do not fit. Each wrong line says what mypy and pyright call it."""

from pydantic import BaseModel

from exodsl import Graph, Store, collect, env, inject, node


class Ask(BaseModel):
    topic: str


class Counter(BaseModel):
    seen: int = 0


class Part(BaseModel):
    text: str
    number: int


@node
def split(document: str) -> list[Part]:
    return []


@node
def count(text: str) -> int:
    return 0


@node
def total(counts: list[int]) -> int:
    return 0


@node
def keep(text: str, store: Store[Counter] = inject()) -> None:
    _ = store.read().sene  # mypy: attr-defined, pyright: reportAttributeAccessIssue


graph = Graph("wrong", inputs=Ask, store=Counter)
graph.start(split, document=graph.inputs.topci)  # mypy: attr-defined, pyright: reportAttributeAccessIssue
graph.start(split, document=graph.store.seen)  # mypy: call-overload, pyright: reportCallIssue
graph.start(split, document="a", more=1)  # mypy: call-overload, pyright: reportCallIssue
graph.connect(split, count, text=split.outputs.number)  # mypy: call-overload, pyright: reportCallIssue
graph.connect(split, count, txet=split.outputs.text)  # mypy: call-overload, pyright: reportCallIssue
graph.connect(split, count.takes(text=split.outputs.number))  # mypy: arg-type, pyright: reportArgumentType
graph.connect(count, total, counts=count.outputs)  # mypy: call-overload, pyright: reportCallIssue
graph.connect(count, count, text=collect(count.outputs))  # mypy: call-overload, pyright: reportCallIssue
graph.connect(split, count).unites(split, strategy="SOME")  # mypy: arg-type, pyright: reportArgumentType
graph.run(executors={"pool": 4})  # mypy: dict-item, pyright: reportArgumentType
graph.schedule("0 9 * * *", catch_up="newest")  # mypy: arg-type, pyright: reportArgumentType
graph.schedule("0 9 * * *", overlap=True)  # mypy: arg-type, pyright: reportArgumentType
Graph("wrong", inputs=dict)  # mypy: type-var, pyright: reportArgumentType
Graph("wrong", secrets={"key": 7})  # mypy: dict-item, pyright: reportArgumentType
_ = Graph("plain").inputs.topic  # mypy: attr-defined, pyright: reportAttributeAccessIssue
env(1)  # mypy: arg-type, pyright: reportArgumentType
