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


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when a test says so."""
    return Clock()


@pytest.fixture(params=["file", "memory"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[StateManager]:
    """An empty state manager, of each kind."""
    uri = str(tmp_path / "exodsl.db") if request.param == "file" else ":memory:"
    opened = open_manager(uri, durability="normal", clock=clock, seed=1)
    yield opened
    opened.close()


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
