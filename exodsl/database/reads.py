"""What an exchange reads inside its transaction: each kind of fact in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pydantic_core import from_json

from exodsl.database.large import MARK, whole, wholes
from exodsl.database.rows import SEPARATOR, Row, Statement, write_returning
from exodsl.engine.lineage import behind
from exodsl.engine.status import State

_SINGLE = Statement(
    "SELECT s.run_id, s.node, s.path, s.outputs FROM (VALUES {rows}) AS v JOIN state AS s"
    " ON s.run_id = v.column1 AND s.node = v.column2 AND s.path = v.column3"
    f" WHERE s.status = {State.SUCCESS:d} AND s.outputs IS NOT NULL",
    "iib",
)
_ENDINGS = Statement(
    "SELECT s.run_id, s.node, s.path, s.status FROM (VALUES {rows}) AS v JOIN state AS s"
    " ON s.run_id = v.column1 AND s.node = v.column2 AND s.path = v.column3 ORDER BY s.attempt",
    "iib",
)
_BRANCH = (
    "SELECT outputs FROM state WHERE run_id = ? AND node = ? AND path >= ? AND path < ?"
    f" AND status = {State.SUCCESS:d} AND outputs IS NOT NULL ORDER BY path"
)
_WHOLE = (
    "SELECT outputs FROM state WHERE run_id = ? AND node = ?"
    f" AND status = {State.SUCCESS:d} AND outputs IS NOT NULL ORDER BY path"
)
_STATE = "id, run_id, node, path, attempt, retry_count, parent_id, inputs, lease"

Place = tuple[int, int, bytes]


def single_outputs(connection: Any, places: Collection[Place]) -> list[Row]:
    """Return (run, node, path, outputs) of the successful states at these places."""
    rows = write_returning(connection, _SINGLE, tuple(places))
    return [(*row[:-1], whole(connection, row[0], row[-1])) if row[-1][:1] == MARK else row for row in rows]


def endings(connection: Any, places: Collection[Place]) -> list[Row]:
    """Return (run, node, path, status) at these places; the latest attempt of a place comes last."""
    return write_returning(connection, _ENDINGS, tuple(places))


def branch_outputs(connection: Any, place: Place) -> list[dict[str, Any]]:
    """Return all outputs of a node below a path, in fanout order."""
    run, node, prefix = place
    if prefix:
        rows = connection.execute(_BRANCH, (run, node, prefix, behind(prefix))).fetchall()
    else:
        rows = connection.execute(_WHOLE, (run, node)).fetchall()
    found: list[dict[str, Any]] = from_json(f"[{','.join(wholes(connection, run, [row[0] for row in rows]))}]")
    return found


def stores(connection: Any, runs: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the committed stores of these runs."""
    found: dict[int, dict[str, Any]] = {run: {} for run in runs}
    marks = ",".join("?" * len(found))
    rows = connection.execute(f"SELECT run_id, key, value FROM store_entry WHERE run_id IN ({marks})", tuple(found))
    for run, key, value in rows.fetchall():
        found[run][key] = from_json(value)
    return found


def due_states(
    connection: Any,
    nodes: Sequence[int],
    now: int,
    limit: int,
    lease: int,
    only: str,
    suspect: int,
) -> list[Row]:
    """Claim up to `limit` due states of these nodes, oldest first; return their rows, how often each was lost last.

    :param only: a condition that `only` made.
    :param suspect: of the states that were lost so often, at most one is claimed.
    """
    rows = _but_one(_due(connection, nodes, now, limit, only), suspect)
    if not rows:
        return []
    marks = ",".join("?" * len(rows))
    connection.execute(
        f"UPDATE state SET status = {State.QUEUED:d}, lease = ?, queued_at = ? WHERE id IN ({marks})",
        (lease, now, *(row[0] for row in rows)),
    )
    return [(*row[:7], _whole_inputs(connection, row), lease, row[9]) for row in rows]


def _but_one(rows: list[Row], suspect: int) -> list[Row]:
    suspects = [row for row in rows if row[9] >= suspect]
    return [row for row in rows if row[9] < suspect or row is suspects[0]] if suspects else rows


def _whole_inputs(connection: Any, row: Row) -> str | None:
    inputs: str | None = row[7]
    return whole(connection, row[1], inputs) if inputs is not None and inputs[:1] == MARK else inputs


def only(run: int | None, paused: Collection[int], lost_less: int | None = None) -> str:
    """Return the condition for states of one run, or of all; of none that is paused; of those lost less often."""
    found = "" if run is None else f" AND run_id = {run:d}"
    if paused:
        found += f" AND run_id NOT IN ({', '.join(map(str, paused))})"
    return found if lost_less is None else f"{found} AND lost < {lost_less:d}"


def _due(connection: Any, nodes: Sequence[int], now: int, limit: int, only: str) -> list[Row]:
    # One walk of the index for each node: a single one over all of them would sort everything that is due.
    one = (
        f"SELECT * FROM (SELECT {_STATE}, lost, enqueue_after FROM state WHERE status = {State.CREATED:d}"
        f" AND node = ? AND enqueue_after <= ?{only} ORDER BY enqueue_after, id LIMIT ?{connection.dialect.unlocked})"
        " AS due"
    )
    found: list[Row] = []
    for part in _parts(nodes):
        values = [value for node in part for value in (node, now, limit)]
        found += connection.execute(" UNION ALL ".join([one] * len(part)), values).fetchall()
    found.sort(key=lambda row: (row[-1], row[0]))
    return found[:limit]


def next_due(connection: Any, nodes: Sequence[int], only: str) -> int | None:
    """Return when the next state of these nodes is due, whether or not it is already.

    :param only: a condition that `only` made.
    """
    one = (
        f"SELECT * FROM (SELECT enqueue_after FROM state WHERE status = {State.CREATED:d} AND node = ?{only}"
        " ORDER BY enqueue_after LIMIT 1) AS due"
    )
    found = [
        row[0]
        for part in _parts(nodes)
        for row in connection.execute(" UNION ALL ".join([one] * len(part)), tuple(part)).fetchall()
    ]
    return min(found, default=None)


def _parts(nodes: Sequence[int]) -> Iterable[Sequence[int]]:
    size = 100  # SQLite joins at most 500 queries by UNION
    return (nodes[at : at + size] for at in range(0, len(nodes), size))


def states_by_id(connection: Any, keys: Sequence[int]) -> list[Row]:
    """Return the rows of these states, as `due_states` does."""
    marks = ",".join("?" * len(keys))
    rows = connection.execute(f"SELECT {_STATE} FROM state WHERE id IN ({marks})", tuple(keys)).fetchall()
    return [(*row[:7], _whole_inputs(connection, row), *row[8:]) for row in rows]


def spilled_states(connection: Any, limit: int, run: int | None) -> list[Row]:
    """Return wide fanouts that are not all made into states yet, oldest first."""
    # The plus sign keeps the index of a run out of it: there are few spilled parts, and very many states.
    only = "" if run is None else f" AND +run_id = {run:d}"
    rows: list[Row] = connection.execute(
        f"SELECT id FROM state WHERE id IN (SELECT state_id FROM spill){only} ORDER BY id LIMIT ?", (limit,)
    ).fetchall()
    return states_by_id(connection, [row[0] for row in rows]) if rows else []


def take_spilled(connection: Any, state: int, parts: int) -> tuple[int, list[str], str | None] | None:
    """Take the next parts of a wide fanout away.

    Return the number of its first output, its outputs, and, when those were the last, the output that the
    state itself holds; `None` when another has taken all of it meanwhile.
    """
    rows = connection.execute(
        "SELECT first, body FROM spill WHERE state_id = ? ORDER BY first LIMIT ?", (state, parts)
    ).fetchall()
    if not rows:
        return None
    first, outputs = rows[0][0], SEPARATOR.join(row[1] for row in rows).split(SEPARATOR)
    connection.execute("DELETE FROM spill WHERE state_id = ? AND first <= ?", (state, rows[-1][0]))
    more = connection.execute("SELECT 1 FROM spill WHERE state_id = ? LIMIT 1", (state,)).fetchone()
    own = None if more else connection.execute("SELECT run_id, outputs FROM state WHERE id = ?", (state,)).fetchone()
    return first, outputs, None if own is None else whole(connection, *own)


def held(connection: Any, keys: Sequence[int]) -> set[tuple[int, int]]:
    """Return (id, lease) of those of these states that a runtime holds."""
    marks = ",".join("?" * len(keys))
    return set(
        connection.execute(
            f"SELECT id, lease FROM state WHERE id IN ({marks}) AND status = {State.QUEUED:d}", tuple(keys)
        ).fetchall()
    )
