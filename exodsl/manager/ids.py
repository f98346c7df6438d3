"""Run ids: UUIDs of version 7, so that they sort by the time of their making."""

from __future__ import annotations

import secrets
import uuid


def new_run_id(now_ms: int) -> str:
    """Return a fresh id for a run triggered at `now_ms`."""
    number = (now_ms & (2**48 - 1)) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62
    return str(uuid.UUID(int=number | secrets.randbits(62)))
