"""Does every node ask for an executor that there is (semantics 1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exodsl.errors import did_you_mean
from exodsl.template.findings import Finding
from exodsl.template.models import NodeTemplate

EXECUTORS: Final = ("process", "thread")
"""The executors that every runtime has."""


def check_executor(node: NodeTemplate) -> Iterator[Finding]:
    """Give the executor of a node when it does not exist."""
    name = node.executor
    if name is not None and name not in EXECUTORS:
        message = f'`{node.identifier}` asks for executor "{name}". There is: {", ".join(EXECUTORS)}.'
        yield Finding("E142", message, None, (node.identifier,), did_you_mean(name, EXECUTORS).strip() or None)
