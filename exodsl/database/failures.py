"""Failed states of a run, a chunk at a time by the index of what ended badly, and the inputs of some states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.rows import Row
from exodsl.engine.status import State

LONGEST = 1_000
"""How many characters of a failure's message are looked at."""
FAILED = (State.ERRORED, State.NEXT_CREATED_ERROR)
Place = tuple[int, bytes, int]
"""Node, path, attempt."""


def failures(connection: Any, run: int, status: State, node: int | None, after: Place | None, limit: int) -> list[Row]:
    """Return (node, path, attempt, id, when, type, message, key) of states that failed, by their places.

    :param node: only states of it.
    :param after: the place of the last one before.
    """
    where, values = "run_id = ?", list[Any]([run])
    if node is not None:
        where, values = f"{where} AND node = ?", [*values, node]
    if after is not None:
        where, values = f"{where} AND (node, path, attempt) > (?, ?, ?)", [*values, *after]
    dialect = connection.dialect
    kind, message, key = (dialect.field("error", name) for name in ("type", "message", "key"))
    rows: list[Row] = connection.execute(
        f"SELECT node, path, attempt, id, coalesce(finished_at, created_at), {kind},"
        f" substr({message}, 1, {LONGEST:d}), {key}"
        f" FROM state{dialect.by('state_bad')} WHERE status = {status:d} AND {where}"
        " ORDER BY node, path, attempt LIMIT ?",
        (*values, limit),
    ).fetchall()
    return rows


def inputs_of(connection: Any, keys: Sequence[int], longest: int) -> list[str]:
    """Return the inputs of states as their rows keep them; those that are longer are left out.

    A sibling of a fanout has those of its original, which stands one step higher.
    """
    marks = ",".join("?" * len(keys))
    rows = connection.execute(
        "SELECT coalesce(s.inputs, o.inputs) FROM state AS s LEFT JOIN state AS o ON s.inputs IS NULL"
        " AND o.run_id = s.run_id AND o.node = s.node AND o.attempt = s.attempt"
        " AND o.path = substr(s.path, 1, length(s.path) - 4)"
        f" WHERE s.id IN ({marks}) AND length(coalesce(s.inputs, o.inputs)) <= ?",
        (*keys, longest),
    ).fetchall()
    return [row[0] for row in rows]
