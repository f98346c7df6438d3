"""What runs of a graph stand on in a test: a database, a clock, and bodies of which some are faked."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from os import PathLike, fspath
from types import ModuleType
from typing import Any, TypeVar

from pydantic import SecretStr

from exodsl.api.inputs import Given
from exodsl.api.running import begin, bodies, checked
from exodsl.database.sqlite import MEMORY, Sqlite
from exodsl.dsl.body import Body
from exodsl.dsl.graph import Graph
from exodsl.errors import InputInvalid, SettingInvalid, did_you_mean
from exodsl.manager.opening import database_path
from exodsl.manager.protocol import Serves, StateManager
from exodsl.runtime.drive import in_event_loop
from exodsl.runtime.endings import tell_ended
from exodsl.template.models import GraphTemplate
from exodsl.template.secrets import variable_of
from exodsl.testing.clock import FakeClock
from exodsl.testing.fakes import Fakes, read_fakes, stand_ins
from exodsl.testing.manager import InlineManager, without_value
from exodsl.testing.run import InlineRun
from exodsl.testing.worker import Worker

T = TypeVar("T")
Path = str | PathLike[str]
Secrets = Mapping[str, str | SecretStr]


class Stage:
    """Makes the state managers and the workers of a graph; all use one database.

    :param given: values of secrets, as a test gives them.
    :raises InputInvalid: when the graph has no such secret.
    :raises DefinitionError: when a fake does not fit its node.
    """

    def __init__(
        self, database: Sqlite, graph: Graph[Any, Any], clock: FakeClock, fakes: Fakes, given: Secrets, seed: int
    ) -> None:
        self.graph, self.clock, self.database = graph, clock, database
        self._seed = seed
        self._own, self._faked = bodies(graph), read_fakes(graph, fakes)
        self._secrets = {**graph.secret_values, **_read_secrets(graph, given)}
        self._readers = {name: identifier for identifier, declared in self._declared() for name in declared}

    def manager(self) -> InlineManager:
        """Return another state manager, as another process would have."""
        return InlineManager(
            self.database, clock=self.clock, seed=self._seed, values=self._secrets, readers=self._readers
        )

    def worker(self, manager: StateManager, run_id: str | None = None) -> Worker:
        """Return what works on one run, or on all there are of the graph."""
        serves = Serves({(self.graph.namespace, self.graph.name): frozenset(self._own)}, run_id)
        return Worker(manager, self.clock, serves, own=self._own, faked=self._faked, secrets=self._secrets)

    def checked(self) -> GraphTemplate:
        """Return the template, of which everything can run here.

        :raises GraphInvalid: when the graph does not pass its checks.
        :raises DefinitionError: when a secret is missing.
        """
        self._check_variables()
        return checked(self.graph, stand_ins(self.graph, self._faked), self._secrets)

    def begin(self, given: tuple[Given, Mapping[str, Any], Given], start_delay: timedelta | None) -> InlineRun:
        """Return a new run that nothing has worked on.

        :param given: inputs, inputs by name, and first values of the store.
        """
        self._check_variables()
        manager, (inputs, fields, store) = self.manager(), given
        begun = begin(
            manager,
            self.graph,
            inputs,
            fields,
            store=store,
            start_delay=start_delay,
            stand_ins=stand_ins(self.graph, self._faked),
            secrets=self._secrets,
            executors=None,
        )
        return self.run(manager, begun.run_id)

    def run(self, manager: StateManager, run_id: str) -> InlineRun:
        """Return a run as tests see it."""
        return InlineRun(manager, run_id, self.graph, self.clock)

    def tell_ended(self, run: InlineRun) -> None:
        """Tell a session that measures coverage that a run has ended."""
        tell_ended(run.manager, run.run_id, self.graph.compile(), self._own)

    def _declared(self) -> Iterator[tuple[str, Mapping[str, bool]]]:
        """Give the secrets that each node asks for, or its fake, and whether it can do without."""
        for node in self.graph.nodes:
            body: Body = self._faked.get(node.identifier, node.body)
            yield node.identifier, body.code.secrets

    def _check_variables(self) -> None:
        template = self.graph.compile()
        for identifier, declared in self._declared():
            for name, optional in declared.items():
                variable = variable_of(template.secrets.get(name))
                if not optional and name not in self._secrets and variable not in (None, *os.environ):
                    raise without_value(template, name, identifier, f'is read from the variable "{variable}"')


@contextmanager
def staged(
    graph: Graph[Any, Any],
    *,
    clock: FakeClock | None,
    fakes: Fakes | None,
    secrets: Secrets | None,
    seed: int,
    db: Path | None,
) -> Generator[Stage]:
    """Give a stage with a database of its own, or one that is named; closed here only when what it is for fails."""
    _check_graph(graph)
    _check_clock(clock)
    database = Sqlite(MEMORY if db is None else database_path(fspath(db)), durability="normal")
    try:
        yield Stage(database, graph, clock or FakeClock(), fakes or {}, secrets or {}, seed)
    except BaseException:
        database.close()
        raise


def apart(call: Callable[[], T]) -> T:
    """Make a call where no event loop runs: on a thread, if one runs here."""
    if not in_event_loop():
        return call()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


def _check_graph(graph: object) -> None:
    if isinstance(graph, Graph):
        return
    cure = ", as `Graph(...)` makes it"
    if isinstance(graph, ModuleType) and isinstance(getattr(graph, "graph", None), Graph):
        cure = f": write `{graph.__name__}.graph`"
    raise SettingInvalid(f"{graph!r} cannot be run: give the graph itself{cure}.")


def _check_clock(clock: object) -> None:
    if clock is not None and not isinstance(clock, FakeClock):
        shown = clock if isinstance(clock, str) else "2026-01-01T09:00:00Z"
        raise SettingInvalid(f'clock={clock!r}: takes a FakeClock, write clock=FakeClock("{shown}").')


def _read_secrets(graph: Graph[Any, Any], given: Secrets) -> dict[str, SecretStr]:
    if not isinstance(given, Mapping):
        raise InputInvalid('secrets=...: takes a mapping of names to values, write secrets={"name": "value"}.')
    for name, value in given.items():
        if name not in graph.secrets:
            has = f"It has: {', '.join(graph.secrets)}." if graph.secrets else "It has none."
            raise InputInvalid(f'Graph "{graph.name}" has no secret "{name}". {has}{did_you_mean(name, graph.secrets)}')
        if not isinstance(value, str | SecretStr):
            raise InputInvalid(f'secrets={{"{name}": ...}} takes a text or a SecretStr, not {type(value).__name__}.')
    return {name: value if isinstance(value, SecretStr) else SecretStr(value) for name, value in given.items()}
