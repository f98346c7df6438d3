"""Nodes that nobody should write. Each wrong line says what mypy and pyright call it."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from exodsl import RetryPolicy, node


class Part(BaseModel):
    text: str
    number: int


@node
def split(document: str) -> list[Part]:
    return [Part(text=document)]  # mypy: call-arg, pyright: reportCallIssue


@node
def maybe(document: str) -> Part | None:
    return None


@node
def either(document: str) -> Part | int:
    return 1


@node
async def stream(document: str) -> AsyncIterator[Part]:
    yield Part(text="a", number="b")  # mypy: arg-type, pyright: reportArgumentType


_ = split.outputs.txet  # mypy: attr-defined, pyright: reportAttributeAccessIssue
_ = maybe.outputs.text  # mypy: union-attr, pyright: reportOptionalMemberAccess
_ = either.outputs.text  # mypy: union-attr, pyright: reportAttributeAccessIssue
_ = stream.outputs.nothing  # mypy: attr-defined, pyright: reportAttributeAccessIssue
split(1)  # mypy: arg-type, pyright: reportArgumentType
split.named(1)  # mypy: arg-type, pyright: reportArgumentType
split.options(tries=3)  # mypy: call-arg, pyright: reportCallIssue
RetryPolicy(strategy="SOMETIMES")  # mypy: arg-type, pyright: reportArgumentType
