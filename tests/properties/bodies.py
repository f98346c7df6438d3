"""What the body of a node does: plain data, drawn by the tests, obeyed by interpreter and engine alike."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Write = tuple[Literal["set", "add"], str, Any]
FIELDS = ("number", "text", "maybe", "deep", "items")


@dataclass(frozen=True)
class Give:
    """The body returns these outputs."""

    outputs: tuple[Json, ...]
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True)
class Prune:
    """The body ends its branch on purpose."""

    data: Json
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True)
class Fail:
    """The body fails."""

    retryable: bool = True


@dataclass(frozen=True)
class Requeue:
    """The body wants to run again later."""

    after_ms: int
    writes: tuple[Write, ...] = ()


Deed = Give | Prune | Fail | Requeue
Act = Callable[[str, Json, int, int], Deed]
"""(identifier, inputs, retry_count, how often this state was requeued) -> what the body does."""


@dataclass(frozen=True)
class Behaviour:
    """One way in which a body may behave.

    It asks `requeues` times to run later, fails while `retry_count` is below `fails`, and then ends.
    `lacks` says which outputs leave their optional fields out, in turns.
    """

    ends: Literal["give", "prune", "fatal"] = "give"
    width: int = 1
    fails: int = 0
    requeues: int = 0
    lacks: tuple[bool, ...] = (False,)
    writes: tuple[Write, ...] = ()

    def __str__(self) -> str:
        usual = Behaviour()
        return " ".join(f"{name}={value}" for name, value in vars(self).items() if value != getattr(usual, name))


@dataclass(frozen=True)
class Body:
    """The output fields of a node and its behaviours; the inputs decide which one a state shows."""

    fields: tuple[str, ...]
    behaviours: tuple[Behaviour, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.fields)}: {' | '.join(map(str, self.behaviours))}"

    def deed(self, identifier: str, inputs: Json, retry_count: int, requeued: int) -> Deed:
        """Return what the body does; the same arguments give the same deed."""
        mark = zlib.crc32(f"{identifier} {json.dumps(inputs, sort_keys=True)}".encode())
        behaviour = self.behaviours[mark % len(self.behaviours)]
        if requeued < behaviour.requeues:
            return Requeue(50 + mark % 1000, behaviour.writes)
        if retry_count < behaviour.fails:
            return Fail()
        if behaviour.ends == "fatal":
            return Fail(retryable=False)
        if behaviour.ends == "prune":
            return Prune({"mark": mark}, behaviour.writes)
        lacks = [behaviour.lacks[at % len(behaviour.lacks)] for at in range(behaviour.width)]
        return Give(tuple(self._output(mark + at, lack) for at, lack in enumerate(lacks)), behaviour.writes)

    def _output(self, mark: int, lack: bool) -> Json:
        # Some texts look like a placeholder: values are data and never parsed.
        text = f"${{{{ t{mark % 7}.outputs.text }}}}" if mark % 11 == 0 else f'té"{mark % 997}'
        every: Json = {"number": mark % 10007, "text": text, "items": [mark % 5, None, {"of": mark % 3}]}
        every["deep"] = {"inner": mark % 13} if lack else {"inner": mark % 13, "gone": [mark % 17]}
        every |= {} if lack else {"maybe": mark % 19}
        return {field: every[field] for field in self.fields if field in every}


def acting(bodies: Mapping[str, Body]) -> Act:
    """Return what decides for a whole graph."""
    return lambda identifier, inputs, retry, requeued: bodies[identifier].deed(identifier, inputs, retry, requeued)
