"""What both type checkers find in a project that was written for Exosphere's SDK."""

from __future__ import annotations

from exodsl.exosphere import GraphNodeModel, Runtime, StateManager


async def store(manager: StateManager) -> None:
    await manager.trigger("words", inputs={"text": 1})  # mypy: dict-item, pyright: reportArgumentType
    await manager.upsert_graph("words", [])  # mypy: call-arg, pyright: reportCallIssue


Runtime(namespace="words", name="tests", nodes=[GraphNodeModel])  # mypy: list-item, pyright: reportArgumentType
