"""Threads that bodies hand their work to."""

from __future__ import annotations

from anyio.to_thread import current_default_thread_limiter


def threads_at_work() -> int:
    """Return how many calls of `anyio.to_thread` are under way in the event loop that runs here."""
    return current_default_thread_limiter().borrowed_tokens
