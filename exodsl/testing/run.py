"""A run as a test has it: with the clock it ran on, and all that was written to its store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from exodsl.api.run import Run
from exodsl.dsl.graph import Graph
from exodsl.engine.reports import Executed, Pruned, Report, Requeued, StoreWrite
from exodsl.engine.storing import written
from exodsl.errors import StoreUnavailable
from exodsl.manager.protocol import StateManager
from exodsl.testing.clock import FakeClock


class InlineRun(Run):
    """One run of a graph, in a test.

    :param clock: what told the time.
    """

    def __init__(self, manager: StateManager, run_id: str, graph: Graph[Any, Any], clock: FakeClock) -> None:
        super().__init__(manager, run_id, graph)
        self.clock = clock
        self._values: dict[str, Any] = {}
        with suppress(StoreUnavailable):  # it was cancelled before anything of it began
            self._values = manager.read_store(run_id)
        self._writes: dict[int, list[StoreWrite]] = {}

    def store(self) -> dict[str, Any]:
        """Return the values of the run's store; those that it ended with, where it was cleaned up by then."""
        try:
            return super().store()
        except StoreUnavailable:
            return dict(self._values)

    def remember(self, reports: Iterable[Report]) -> None:
        """Note what bodies wrote to the store, as far as it was recorded."""
        for report in reports:
            result = report.result
            writes = result.writes if isinstance(result, Executed | Pruned | Requeued) else ()
            if not writes or self.manager.state(report.state_id).status == "ERRORED":
                continue
            self._writes.setdefault(report.state_id, []).extend(writes)
            for write in writes:
                self._values[write.key] = written(write, self._values.get(write.key, 0))

    def _store_writes(self) -> Mapping[int, Iterable[StoreWrite]]:
        return self._writes
