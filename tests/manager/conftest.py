"""The state managers that the contract holds for, each empty and with a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl.manager.opening import open_embedded, open_manager
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import ByHand, Clock, begin, draw
from tests.served import KEY, Served

Begin = Callable[..., ByHand]
Open = Callable[..., StateManager]
HERE = ("file", "memory", "postgres")
BY_HTTP = ("http-file", "http-postgres") if os.environ.get("EXODSL_TEST_CONTRACT") == "whole" else ()
"""Those by a server; `nox -s contract` has them, too."""
KINDS = (*HERE, *BY_HTTP)
embedded = pytest.mark.parametrize("manager", HERE, indirect=True)
"""For what can be asked only of a state manager in this process."""


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when a test says so."""
    return Clock()


@pytest.fixture(params=KINDS)
def manager(request: pytest.FixtureRequest, file: Path, clock: Clock) -> Iterator[StateManager]:
    """An empty state manager, of each kind."""
    over = request.param.removeprefix("http-")
    uri = {"file": str(file), "memory": ":memory:"}.get(over) or request.getfixturevalue("postgres_uri")
    with closing(open_embedded(uri, durability="normal", clock=clock, seed=1)) as opened:
        if over == request.param:
            yield opened
            return
        served: Served = request.getfixturevalue("served")
        with served.over(opened) as address, closing(open_manager(address, key=KEY)) as remote:
            yield remote


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "exodsl.db"


@pytest.fixture
def manage(shared: str, clock: Clock) -> Iterator[Open]:
    """Open one more state manager over one database, as another process would, or over a copy of a file."""
    opened: list[StateManager] = []

    def manage(path: str | Path = shared, tells: Callable[[], int] = clock) -> StateManager:
        opened.append(open_manager(str(path), durability="normal", clock=tells))
        return opened[-1]

    yield manage
    for manager in opened:
        manager.close()


@pytest.fixture
def run(manager: StateManager, clock: Clock) -> Begin:
    """Trigger a run of a template, drawn or given, and have it to be worked by hand."""

    def started(
        arrows: str | GraphTemplate,
        given: Mapping[str, Any] = {},
        *,
        store: Mapping[str, Any] = {},
        start_delay_ms: int = 0,
        **parts: Any,
    ) -> ByHand:
        template = draw(arrows, **parts) if isinstance(arrows, str) else arrows
        return begin(manager, clock, template, given, store, start_delay_ms)

    return started
