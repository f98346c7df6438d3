"""Graphs that run: the DSL's, with `run` and `arun`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from typing_extensions import TypeVar

from exodsl.api.run import Run
from exodsl.api.running import WORKERS, adrive, begin, drive
from exodsl.api.state_manager import Database, opened
from exodsl.dsl.graph import Graph as Declared
from exodsl.dsl.graph import NoModel
from exodsl.runtime.executors.naming import Executors, executors_by_name

I = TypeVar("I", bound=BaseModel, default=NoModel)  # noqa: E741
S = TypeVar("S", bound=BaseModel, default=NoModel)


class Graph(Declared[I, S]):
    __doc__ = Declared.__doc__

    def run(
        self,
        inputs: I | Mapping[str, Any] | None = None,
        /,
        *,
        store: S | Mapping[str, Any] | None = None,
        start_delay: timedelta | None = None,
        db: Database = None,
        workers: int = WORKERS,
        executors: Executors | None = None,
        **fields: Any,
    ) -> Run:
        """Run the graph here until the run has ended; a FAILED run is returned, not raised.

        :param inputs: the run's inputs, as their model or a mapping.
        :param fields: the run's inputs by name; one called like another parameter here goes into the mapping.
        :param store: first values of the run's store.
        :param start_delay: holds the root back for so long; this waits for it.
        :param db: a URI, a path, or an open state manager; the default database by default.
        :param workers: bodies that run at once, 64 by default.
        :param executors: where bodies run that ask for one by name: each an executor of `concurrent.futures`, a
            function that makes one, or a text such as `process:4`, `dask:tcp://host:8786`, `ray:auto`.
        :raises GraphInvalid: when the graph does not pass its checks.
        :raises InputInvalid: when inputs or store values do not fit; no run exists then.
        :raises ExecutorUnusable: when an executor cannot be had, or can run no bodies any more; `resume` goes on.
        """
        elsewhere = executors_by_name(executors)
        manager, own = opened(db)
        try:
            begun = begin(manager, self, inputs, fields, store=store, start_delay=start_delay, executors=elsewhere)
            run = drive(begun, self, workers, elsewhere)
        except BaseException:
            if own:
                manager.close()
            raise
        return run.owning() if own else run

    async def arun(
        self,
        inputs: I | Mapping[str, Any] | None = None,
        /,
        *,
        store: S | Mapping[str, Any] | None = None,
        start_delay: timedelta | None = None,
        db: Database = None,
        workers: int = WORKERS,
        executors: Executors | None = None,
        **fields: Any,
    ) -> Run:
        """Do what `run` does in the event loop that is running; can be cancelled, and resumed then."""
        elsewhere = executors_by_name(executors)
        manager, own = opened(db)
        try:
            begun = begin(manager, self, inputs, fields, store=store, start_delay=start_delay, executors=elsewhere)
            run = await adrive(begun, self, workers, elsewhere)
        except BaseException:
            if own:
                manager.close()
            raise
        return run.owning() if own else run
