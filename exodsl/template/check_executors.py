"""Which executors nodes ask for, and whether one of them is misspelt (semantics 10)."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from exodsl.template.findings import Finding
from exodsl.template.models import GraphTemplate, NodeTemplate

PROCESS: Final = "process"
THREAD: Final = "thread"
EXECUTORS: Final = (PROCESS, THREAD)
"""The executors that every runtime has."""
_SO_ALIKE = 0.9
"""From which likeness on a name is a slip of the pen, and no name of an executor of one's own."""


def misspelt(name: str) -> str | None:
    """Return the executor of every runtime that a name is nearly, and is not."""
    if name in EXECUTORS:
        return None
    return next(iter(get_close_matches(name.casefold(), EXECUTORS, n=1, cutoff=_SO_ALIKE)), None)


def own_executors(template: GraphTemplate) -> list[str]:
    """Return the executors that a graph's runtimes have to be given."""
    return sorted({node.executor for node in template.nodes if node.executor is not None} - {*EXECUTORS})


def check_executor(node: NodeTemplate) -> Iterator[Finding]:
    """Give the executor of a node when its name is misspelt; which others there are, only a runtime knows."""
    name = node.executor
    meant = None if name is None else misspelt(name)
    if meant is not None:
        message = f'`{node.identifier}` asks for executor "{name}", which reads like "{meant}".'
        cure = f'Write "{meant}", or give an executor of your own another name.'
        yield Finding("E142", message, None, (node.identifier,), cure)
