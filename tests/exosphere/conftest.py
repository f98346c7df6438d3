"""Programs as they are written for Exosphere's SDK, over a SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exodsl.api import StateManager as Opening
from exodsl.errors import GraphNotReady
from exodsl.exosphere import BaseNode, GraphNodeModel, Runtime, StateManager
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.sealing import KEY_VARIABLE, new_key

SPACE = "space"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A SQLite file, which the environment names; secrets can be kept in it."""
    file = str(tmp_path / "exodsl.db")
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", f"sqlite:///{file}")
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    return file


@dataclass
class Kept:
    """What is kept in a file."""

    manager: Manager

    def outputs(self, run_id: str, identifier: str) -> list[Any]:
        """Return what a node gave."""
        return [state.outputs for state in self.manager.states(run_id, identifier=identifier, whole=True).items]

    def statuses(self, run_id: str) -> list[tuple[str, str]]:
        """Return identifier and status of every state of a run."""
        return [(state.identifier, state.status) for state in self.manager.states(run_id).items]

    async def ended(self, run_id: str) -> str:
        """Wait until a run has ended; return how."""
        while (status := self.manager.run(run_id).status) == "RUNNING":
            await asyncio.sleep(0.01)
        return status


@pytest.fixture
def kept(file: str) -> Iterator[Kept]:
    """What is kept in the file."""
    manager = Opening.open(file)
    yield Kept(manager)
    manager.close()


@asynccontextmanager
async def serving(*nodes: type[BaseNode], namespace: str = SPACE) -> AsyncIterator[StateManager]:
    """Serve classes in the background; gives the state manager that the environment names."""
    runtime = Runtime(namespace=namespace, name="tests", nodes=list(nodes))
    task = asyncio.create_task(runtime._start())
    yield StateManager(namespace=namespace)
    runtime.stop()
    await task


async def stored(manager: StateManager, name: str, *nodes: GraphNodeModel, **parts: Any) -> dict[str, Any]:
    """Store a graph as soon as its nodes are registered."""
    while True:
        try:
            return await manager.upsert_graph(name, list(nodes), **{"secrets": {}, **parts})
        except GraphNotReady:
            await asyncio.sleep(0.01)


def place(node_name: str, identifier: str, *following: str, **inputs: str) -> GraphNodeModel:
    """Return a place in a graph."""
    return GraphNodeModel(
        node_name=node_name, namespace=SPACE, identifier=identifier, inputs=inputs, next_nodes=list(following)
    )
