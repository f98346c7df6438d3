"""Writes of a run's store: which mean something, and what they make of a value (semantics 7)."""

from __future__ import annotations

from typing import Any

from exodsl.engine.facts import RunFacts
from exodsl.engine.reports import ErrorInfo, StoreWrite
from exodsl.template.json_values import strict_json


def unusable(run: RunFacts, writes: tuple[StoreWrite, ...]) -> ErrorInfo | None:
    """Try writes in order on what they touch; return why one of them means nothing."""
    tried: dict[str, Any] = {}
    for write in writes:
        current = tried.get(write.key, (run.store or {}).get(write.key, 0))
        reason = _refused(write, current)
        if reason is not None:
            return ErrorInfo("exodsl.errors.OutputInvalid", f'store.{write.op}("{write.key}"): {reason}.', key="store")
        tried[write.key] = written(write, current)
    return None


def _refused(write: StoreWrite, current: Any) -> str | None:
    if not write.key or "." in write.key:
        return "a store key must not be empty and must not contain a dot"
    if write.op == "add" and not (_is_number(current) and _is_number(write.value)):
        odd = write.value if _is_number(current) else current
        return f"a number can only be added to a number, and {odd!r} is none"
    try:
        strict_json({write.key: written(write, current)})
    except ValueError as error:
        return f"it cannot be stored as JSON: {error}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def written(write: StoreWrite, current: Any) -> Any:
    """Return the value of a key after a write."""
    return write.value if write.op == "set" else current + write.value
