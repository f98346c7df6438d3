"""What a runtime is given and what it tells: claims and reports, as plain data.

Everything here survives a process boundary: strings, numbers, and JSON as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from exodsl.template.policies import RetryPolicy


@dataclass(frozen=True, slots=True)
class StoreWrite:
    """One change of a run's store, applied when its state's outcome is recorded (semantics 7).

    `set` replaces the value; `add` adds a number to it and commutes.
    """

    op: Literal["set", "add"]
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A failure as plain data.

    `type` is the qualified name of the exception, `message` its text, `traceback` what Python
    would print, `key` what equal failures share (for grouping).
    """

    type: str
    message: str
    traceback: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """The type as people write it: without the module where it is a builtin, or exodsl's own."""
        module, _, name = self.type.rpartition(".")
        return name if module.partition(".")[0] in ("builtins", "exodsl") else self.type


@dataclass(slots=True)
class Executed:
    """The body returned: one JSON object (as text) for each output, in order."""

    outputs: Sequence[str]
    writes: tuple[StoreWrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The body failed; `retryable` is the runtime's judgement by the retry policy's types."""

    error: ErrorInfo
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class Pruned:
    """The body ended its branch on purpose; `data` is a JSON object as text."""

    data: str = "{}"
    writes: tuple[StoreWrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Requeued:
    """The body wants to run again after a while, without using up a retry."""

    after_ms: int
    writes: tuple[StoreWrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """The runtime hands the state back without having run it."""


@dataclass(slots=True)
class Usage:
    """What a body took: `ran_ms` milliseconds, `cpu_us` microseconds of processor time, `peak_kib` KiB of memory.

    Processor time is not known of bodies that share an event loop, memory only of those in a process of their own.
    """

    ran_ms: int
    cpu_us: int | None = None
    peak_kib: int | None = None


Result = Executed | Failed | Pruned | Requeued | Released


@dataclass(slots=True)
class Report:
    """What became of one claimed state; counts only while `lease` is still the state's."""

    state_id: int
    lease: int
    result: Result
    usage: Usage | None = None


@dataclass(slots=True)
class Claim:
    """A state that a runtime holds: what to run, with which inputs, under which policy.

    `path` is the lineage, the same for every attempt; `retry_count` starts at 0 and `attempt` at
    0 for the first state of a place. `timeout_ms` and `executor` come from the template. A `suspect` was lost
    so often with its runtime that it does not wait behind others; `usage` is for the runtime to fill in.
    """

    state_id: int
    lease: int
    run_id: str
    namespace: str
    graph: str
    identifier: str
    node_name: str
    inputs: str
    path: bytes
    retry_count: int
    attempt: int
    retry_policy: RetryPolicy
    timeout_ms: int | None
    executor: str | None
    suspect: bool = False
    usage: Usage | None = None
