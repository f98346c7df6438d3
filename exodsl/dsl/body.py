"""The body of a node as a runtime runs it: JSON text in, JSON texts out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from exodsl.dsl.code import Address as Address
from exodsl.dsl.code import Code, Style
from exodsl.dsl.code import Injected as Injected
from exodsl.dsl.context import CURRENT
from exodsl.template.policies import RetryPolicy


@dataclass(frozen=True)
class Body:
    """One node's code with its options.

    :param retry: overrides the graph's policy.
    :param timeout: for one execution.
    :param executor: the name of the executor that runs it, `None` for the runtime's own way.
    """

    code: Code
    retry: RetryPolicy | None = None
    timeout: timedelta | None = None
    executor: str | None = None

    @property
    def node_name(self) -> str:
        """The name by which templates and runtimes know this node."""
        return self.code.name

    @property
    def style(self) -> Style:
        """Whether it is run in a thread (`run`) or awaited (`arun`)."""
        return self.code.style

    @property
    def fans_out(self) -> bool | None:
        """Whether it gives many outputs; `None` when nothing says so."""
        return self.code.signature.returns.fans_out

    @property
    def place(self) -> str:
        """Where it is written, as "file:line"."""
        return self.code.place

    @property
    def address(self) -> Address | None:
        """Where another process finds it; `None` for one that is local to a function."""
        return self.code.address

    @property
    def bare(self) -> bool:
        """Whether it has no options."""
        return self.retry is None and self.timeout is None and self.executor is None

    def same_code(self, other: Body) -> bool:
        """Say whether both run the same function or class."""
        return self.code.source is other.code.source and self.node_name == other.node_name

    def run(self, inputs: str, injected: Injected) -> list[str]:
        """Run a sync body: one JSON object for each output, in order.

        :raises InputInvalid: when the inputs do not fit.
        :raises OutputInvalid: when what it returns does not.
        """
        loaded = self.code.inputs.load(inputs)
        token = CURRENT.set(injected.context)
        try:
            return self._encoded(self.code.start(loaded, injected))
        finally:
            CURRENT.reset(token)

    async def arun(self, inputs: str, injected: Injected) -> list[str]:
        """Run an async body; as `run` otherwise."""
        loaded = self.code.inputs.load(inputs)
        token = CURRENT.set(injected.context)
        try:
            started: Any = self.code.start(loaded, injected)
            outputs = self.code.outputs
            if outputs.returned.amount == "one":
                return [outputs.encode(await started)]
            if outputs.returned.amount == "stream":
                return await self._streamed(started)
            return self._encoded(await started)
        finally:
            CURRENT.reset(token)

    async def _streamed(self, stream: AsyncIterator[Any]) -> list[str]:
        encode = self.code.outputs.encode
        async with aclosing(cast("Any", stream)) as items:
            return [encode(item) async for item in items]

    def _encoded(self, value: Any) -> list[str]:
        outputs = self.code.outputs
        amount = outputs.returned.amount
        if amount == "one":
            return [outputs.encode(value)]
        if amount == "either" and not isinstance(value, list):
            return [outputs.encode(value)]
        if amount != "stream" and not isinstance(value, list):
            raise outputs.mistakes.no_fanout(value)
        if not isinstance(value, list | Iterator):
            raise outputs.mistakes.no_fanout(value)
        return [outputs.encode(item) for item in cast("Iterator[Any]", value)]

    def load_output(self, value: Mapping[str, Any]) -> Any:
        """Return a recorded output as the body gave it: a model, a dataclass, a plain value."""
        return self.code.outputs.decode(value)
