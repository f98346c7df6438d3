"""One execution of a node for Exosphere's SDK: texts in, texts, signals or a failure out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from exodsl.dsl.body import Body, Injected
from exodsl.dsl.context import Context
from exodsl.dsl.store import StoreSession
from exodsl.engine.reports import Executed, Pruned, Requeued
from exodsl.errors import BodyFailed, DefinitionError
from exodsl.runtime.blocking import failed_body, run_body
from exodsl.runtime.bodies import being_cancelled
from exodsl.runtime.judging import Ending, Raised
from exodsl.template.placeholders import as_text
from exodsl.template.schema_types import ValueType
from exodsl.template.texts import from_text


class Unknown(Context):
    """What a body learns of its run from Exosphere: nothing."""

    def __init__(self) -> None:
        """Know nothing."""

    def __getattr__(self, name: str) -> NoReturn:
        raise DefinitionError(f"`{name}` of the context is not known: Exosphere tells a node nothing of its run.")

    def progress(self, done: float, total: float | None = None, note: str = "") -> NoReturn:
        """Refuse: Exosphere keeps no progress."""
        raise DefinitionError("Exosphere keeps no progress of a node. Leave `progress(...)` out.")


@dataclass(frozen=True)
class Hosted:
    """A node of exodsl as Exosphere runs it.

    :param inputs: the types of those inputs that it gets.
    :param outputs: the names of its output fields.
    """

    body: Body
    inputs: Mapping[str, ValueType]
    outputs: tuple[str, ...]

    async def execute(
        self, sdk: Any, outputs: type[BaseModel], inputs: Mapping[str, str], secrets: Mapping[str, str]
    ) -> Any:
        """Run the body; return what the SDK takes, or raise its signals.

        :param sdk: the package `exospherehost`.
        :param outputs: the model of one output.
        :raises BodyFailed: when the body failed; its text is all that Exosphere keeps of that.
        """
        values = {name: read(text, self.inputs[name]) for name, text in inputs.items()}
        ending = await _ended(self.body, to_json(values).decode(), Injected(Unknown(), StoreSession(dict), secrets))
        if isinstance(ending, Executed):
            return self._given(sdk, outputs, ending)
        if isinstance(ending, Pruned):
            raise sdk.PruneSignal(from_json(ending.data))
        if isinstance(ending, Requeued):
            raise sdk.ReQueueAfterSignal(timedelta(milliseconds=ending.after_ms))
        raise _failure(ending)

    def _given(self, sdk: Any, outputs: type[BaseModel], ending: Executed) -> list[BaseModel] | None:
        if not self.outputs:
            return None
        if not ending.outputs:  # Exosphere would go on with one output that has no fields
            raise sdk.PruneSignal({"reason": "it gave no outputs"})
        given = map(from_json, ending.outputs)
        return [outputs(**{name: as_text(value) for name, value in one.items()}) for one in given]


def read(text: Any, kind: ValueType) -> Any:
    """Return the value of an input that came as text.

    Of a list that was put together from outputs, each item is such a text; and one alone comes without its list, as
    nobody says there which nodes fan out (semantics 4).
    """
    value = from_text(text, kind) if isinstance(text, str) else text
    only, *others = kind.alternatives()
    if others or only.kind != "array":
        return value
    items = kind.within(only.plain.get("items", {}))
    return [read(item, items) for item in (value if isinstance(value, list) else [text])]


async def _ended(body: Body, inputs: str, injected: Injected) -> Ending:
    if body.style == "sync":
        return await asyncio.to_thread(run_body, body, inputs, injected)
    try:
        return Executed(await body.arun(inputs, injected))
    except BaseException as error:  # signals and SystemExit are no `Exception`
        if being_cancelled(error):
            raise
        return failed_body(error, body, injected)


def _failure(raised: Raised) -> BodyFailed:
    error = raised.error
    return BodyFailed(f"{error.type}: {error.message}\n\n{error.traceback}")
