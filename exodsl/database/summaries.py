"""States in short, as lists show them: no inputs, no outputs, and of a failure no more than its first words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row

SUMMARY = (
    "id, node, path, attempt, retry_count, status, created_at, enqueue_after, coalesce(started_at, queued_at),"
    " finished_at, {type}, substr({message}, 1, 300)"
)
"""The columns of a state in short; one that runs began when a runtime got it, as far as that is known."""
_AT_ONCE = 500


def summaries(connection: Any, keys: Sequence[int]) -> list[Row]:
    """Return these states in short, in this order."""
    found: dict[int, Row] = {}
    field = connection.dialect.field
    columns = SUMMARY.format(type=field("error", "type"), message=field("error", "message"))
    for at in range(0, len(keys), _AT_ONCE):
        part = tuple(keys[at : at + _AT_ONCE])
        marks = ",".join("?" * len(part))
        rows = connection.execute(f"SELECT {columns} FROM state WHERE id IN ({marks})", part).fetchall()
        found.update((row[0], row) for row in rows)
    return [found[key] for key in keys if key in found]
