"""Progress as plain lines, for a log file or a pipe."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from exodsl.cli.counts import fraction, notes

if TYPE_CHECKING:
    from exodsl.manager.views import NodeProgress


class PlainScreen:
    """Writes what bodies say, and now and then a line with the counts.

    :param every: seconds between two looks at the counts.
    """

    def __init__(self, stream: TextIO, every: float = 5.0) -> None:
        self.every = every
        self._stream = stream
        self._lock = threading.Lock()
        self._last = ""

    def say(self, text: str) -> None:
        """Write lines at once; from any thread."""
        with self._lock:
            self._stream.write(text)
            self._stream.flush()

    def draw(self, nodes: Sequence[NodeProgress]) -> None:
        """Write the counts of the nodes that have begun in one line, unless nothing has moved."""
        line = " · ".join(_counts(node) for node in nodes if node.total)
        if line and line != self._last:
            self._last = line
            self.say(f"{line}\n")

    def close(self, nodes: Sequence[NodeProgress]) -> None:
        """Nothing is left to write: the last counts stand in the line that ends a run."""


def _counts(node: NodeProgress) -> str:
    return ", ".join([f"{node.identifier} {fraction(node)}", *notes(node)])
