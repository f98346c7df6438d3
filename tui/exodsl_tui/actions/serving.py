"""Whether a runtime is there that works on a graph."""

from __future__ import annotations

from exodsl.manager.inspection import RuntimeView
from exodsl.manager.protocol import StateManager


def is_served(manager: StateManager, namespace: str, graph: str) -> bool:
    """Say whether a runtime takes work of any run of a graph: also of one that has ended, and would go on."""
    keys = (f"{namespace}/{graph}", f"{namespace}/*")
    return any(_serves(runtime, keys) for runtime in manager.runtimes())


def _serves(runtime: RuntimeView, keys: tuple[str, ...]) -> bool:
    return runtime.run_id is None and any(key in runtime.serves for key in keys)
