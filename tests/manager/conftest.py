"""The state managers that the contract holds for, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from tests.manager.byhand import ByHand, Clock, begin, draw

Begin = Callable[..., ByHand]
Open = Callable[..., StateManager]


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when a test says so."""
    return Clock()


@pytest.fixture(params=["file", "memory", "postgres"])
def manager(request: pytest.FixtureRequest, file: Path, clock: Clock) -> Iterator[StateManager]:
    """An empty state manager, of each kind."""
    uri = {"file": str(file), "memory": ":memory:"}.get(request.param) or request.getfixturevalue("postgres_uri")
    opened = open_manager(uri, durability="normal", clock=clock, seed=1)
    yield opened
    opened.close()


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
