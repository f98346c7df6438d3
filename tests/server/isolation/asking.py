"""The calls of the protocol as a server makes them for a limited key."""

from __future__ import annotations

from typing import Any

from exodsl.manager.embedded import EmbeddedManager
from exodsl.server.scopes import admit, sift
from tests.server.isolation.conftest import OURS_ONLY


def ask(manager: EmbeddedManager, call: str, **arguments: Any) -> Any:
    """Return what a call gives with the key of our namespace."""
    admitted = admit(manager, OURS_ONLY, call, arguments)
    if call == "wake_on_work":  # a server waits in its stead
        return None
    found = getattr(manager, call)
    return sift(manager, OURS_ONLY, call, found(**admitted) if callable(found) else found)
