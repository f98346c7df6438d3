"""A runtime removes what it is not to keep, beside its work (semantics 3, 10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exodsl import Graph, Runtime, node
from exodsl.database.sqlite import Sqlite
from exodsl.errors import SettingInvalid
from exodsl.manager.embedded import EmbeddedManager, system_clock
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.protocol import Trigger
from exodsl.manager.views import Cleaned

DAY_MS = 86_400_000


@node
def first() -> int:
    return 1


def graph_named(name: str, namespace: str = "default") -> Graph:
    """A graph of one node."""
    graph = Graph(name, namespace=namespace)
    graph.start(first)
    return graph


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database with runs of three graphs that ended two days ago."""
    file = tmp_path / "exodsl.db"
    manager = open_manager(str(file), clock=lambda: system_clock() - 2 * DAY_MS)
    for graph in (graph_named("a"), graph_named("b"), graph_named("a", "other")):
        graph.run(db=manager)
    manager.close()
    return file


class Watched(EmbeddedManager):
    """A state manager that tells how many runs were removed so far."""

    removed = 0
    tell: Callable[[int], None]

    def clean(self, *args: Any, **options: Any) -> Cleaned:
        done = super().clean(*args, **options)
        self.removed += done.runs
        self.tell(self.removed)
        return done


def left_after(file: Path, removed: int, **served: Any) -> list[str]:
    """Serve until so many runs were removed; return the graphs of the runs that are left."""
    manager = Watched(Sqlite(file))
    runtime = Runtime(manager=manager, keep=timedelta(days=1), **served)
    manager.tell = lambda count: runtime.stop() if count == removed else None
    runtime.start()
    left = [f"{run.namespace}/{run.graph}" for run in manager.runs().items]
    manager.close()
    return left


def test_old_runs_of_the_graphs_it_serves_are_removed(old: Path) -> None:
    assert left_after(old, 1, graphs=[graph_named("a")]) == ["other/a", "default/b"]


def test_one_that_serves_nodes_keeps_its_namespace_small(old: Path) -> None:
    assert left_after(old, 2, nodes=[first]) == ["other/a"]


@pytest.mark.parametrize("keep", [timedelta(0), timedelta(days=-1)])
def test_a_time_that_keeps_nothing_is_refused(keep: timedelta) -> None:
    with pytest.raises(SettingInvalid, match="keep must be more than 0"):
        Runtime(graphs=[graph_named("a")], keep=keep)


def test_a_version_that_was_cleaned_away_is_no_hindrance(manager: Manager) -> None:
    manager.upsert(graph_named("a").compile())
    second = Graph("a")
    second.connect(first, first.named("again"))
    manager.upsert(second.compile())
    cleaned = manager.clean(timedelta(0))
    manager.trigger([Trigger("default", "a")])
    runtime = Runtime(graphs=[second], manager=manager, runs_ended=lambda runs: runtime.stop())
    runtime.start()

    assert (cleaned.versions, [(run.version, run.status) for run in manager.runs().items]) == (1, [(2, "SUCCESS")])
