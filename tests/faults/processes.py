"""Processes that start fast, so that many of them can die."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.context import ForkServerContext

_PRELOADED = (
    "pytest",
    "networkx",
    "jsonschema",
    "anyio._backends._asyncio",
    "exodsl.database.postgresql.database",
    "tests.faults.dying",
    "tests.faults.storm",
)


def fork_server() -> ForkServerContext:
    """Return what starts processes that have imported already what they need for their first transaction."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    return context
