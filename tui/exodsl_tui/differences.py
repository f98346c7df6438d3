"""What differs between two JSON values, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exodsl_tui.words import compact

MISSING = object()


def differences(old: Any, new: Any, field: str = "") -> Iterator[tuple[str, str | None, str | None]]:
    """Give each field that differs, dotted, with its old and its new value; `None` where there is none."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            inner = f"{field}.{name}" if field else str(name)
            yield from differences(old.get(name, MISSING), new.get(name, MISSING), inner)
    elif old is MISSING or new is MISSING or old != new:
        yield field, _spelled(old), _spelled(new)


def _spelled(value: Any) -> str | None:
    return None if value is MISSING else compact(value)
