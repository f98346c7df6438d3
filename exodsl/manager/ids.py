"""Run ids: UUIDs of version 7, so that they sort by the time of their making."""

from __future__ import annotations

from secrets import randbits


def new_run_id(now_ms: int) -> str:
    """Return a fresh id for a run triggered at `now_ms`."""
    random = randbits(74)  # in one go: each asks the system
    digits = f"{now_ms & (2**48 - 1):012x}7{random >> 62:03x}{0b10 << 62 | random & (2**62 - 1):016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
