"""What is left of a run when it has ended, in a form that two sides can be compared by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any


@dataclass(frozen=True)
class Row:
    """One state; `inputs` is `None` for a state that was created already ended."""

    status: str
    retry_count: int
    inputs: dict[str, Any] | None
    outputs: dict[str, Any] | None = None
    data: dict[str, Any] | None = None

    def __str__(self) -> str:
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return " ".join(str(value) for value in values.values())


@dataclass(frozen=True)
class Outcome:
    """The end of a run: the states of each node in fanout order, and what the run itself became."""

    status: str
    store: dict[str, Any]
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def statuses(self, identifier: str) -> list[str]:
        """Return the statuses of the states of one node, in fanout order."""
        return [row.status for row in self.rows.get(identifier, [])]

    def values(self, identifier: str, name: str) -> list[Any]:
        """Return one input of each state of a node that ran, in fanout order."""
        return [row.inputs.get(name) for row in self.rows.get(identifier, []) if row.inputs is not None]


def differences(expected: Outcome, actual: Outcome) -> list[str]:
    """Say line by line where two outcomes differ; nothing when they are equal."""
    found = []
    if expected.status != actual.status:
        found.append(f"run: expected {expected.status}, got {actual.status}")
    if expected.store != actual.store:
        found.append(f"store: expected {json.dumps(expected.store)}, got {json.dumps(actual.store)}")
    for name in sorted({*expected.rows, *actual.rows}):
        pairs = zip_longest(expected.rows.get(name, []), actual.rows.get(name, []))
        for at, (wanted, got) in enumerate(pairs):
            if wanted != got:
                found += [f"{name}[{at}]: expected {wanted}", f"{name}[{at}]:      got {got}"]
    return found
