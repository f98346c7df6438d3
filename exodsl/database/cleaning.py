"""Taking ended runs away for good: marked first, then removed in pieces that any process can go on with.

What is never removed is the newest version of a graph. So the greatest key of a template, and of a node, always
stays, and none of those is given out twice; runs and states remember theirs in `schema_version`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from exodsl.database.belonging import among
from exodsl.engine.status import Run

ENDED = (Run.SUCCESS, Run.FAILED, Run.CANCELLED)
"""How a run stands that may be removed."""
_MARKED = "(SELECT id FROM run WHERE cleaning)"
_OF_STATES = {"log_line": "(state_id, number)", "progress": "state_id", "spill": "id"}
"""Tables whose rows belong to a state, and their keys."""
_OF_RUNS = {
    "gate": "id",
    "large_value": "(run_id, digest)",
    "manual_retry": "(run_id, node, word)",
    "node_count": "(run_id, node)",
    "store_entry": "(run_id, key)",
}
"""Tables whose rows belong to a run, and their keys."""


@dataclass(frozen=True, slots=True)
class Old:
    """Which runs are meant: those that ended by a time, with one of these statuses.

    :param before: in milliseconds since the epoch.
    :param namespace: only runs of graphs in it; `graph` only of graphs of that name.
    :param namespaces: only runs of graphs in these, too.
    """

    before: int
    statuses: Sequence[Run] = ENDED
    namespace: str | None = None
    graph: str | None = None
    namespaces: Collection[str] | None = None

    def runs(self) -> tuple[str, tuple[Any, ...]]:
        """Return the query for their keys, and its values."""
        which, values = self.graphs()
        statuses = ", ".join(str(int(status)) for status in self.statuses)
        query = (
            "SELECT r.id FROM run AS r JOIN graph_template AS t ON t.id = r.template_id"
            f" WHERE r.finished_at <= ? AND r.status IN ({statuses}) AND NOT r.cleaning{which}"
        )
        return query, (self.before, *values)

    def graphs(self) -> tuple[str, tuple[str, ...]]:
        """Return the conditions on the template `t`, and their values."""
        given = {"t.namespace": self.namespace, "t.name": self.graph}
        wanted = {column: value for column, value in given.items() if value is not None}
        only, values = among("t.namespace", self.namespaces)
        return "".join(f" AND {column} = ?" for column in wanted) + only, (*wanted.values(), *values)


@dataclass(frozen=True, slots=True)
class Removed:
    """How much one piece took away."""

    runs: int
    states: int


def any_marked(connection: Any) -> bool:
    """Say whether runs are marked."""
    return connection.execute("SELECT 1 FROM run WHERE cleaning LIMIT 1").fetchone() is not None


def old_runs(connection: Any, old: Old, limit: int) -> list[int]:
    """Return the keys of runs that are meant."""
    query, values = old.runs()
    rows = connection.execute(f"{query} ORDER BY r.finished_at LIMIT ?", (*values, limit)).fetchall()
    return [row[0] for row in rows]


def mark(connection: Any, old: Old, runs: Sequence[int]) -> int:
    """Mark those of these runs that are still meant: nobody sees them any more. Return how many.

    One that somebody retried meanwhile goes on, and stays. An idempotency key is free again.
    """
    query, values = old.runs()
    marked: int = connection.execute(
        f"UPDATE run SET cleaning = TRUE, idempotency_key = NULL"
        f" WHERE id IN ({query} AND r.id IN {connection.dialect.listed})",
        (*values, json.dumps(runs)),
    ).rowcount
    if marked:
        connection.execute(f"UPDATE tick SET run_id = NULL WHERE run_id IN {_MARKED}")
    return marked


def remove_piece(connection: Any, most: int) -> Removed:
    """Remove up to `most` rows of marked runs, states first; a run itself when nothing of it is left.

    What belongs to states, or to runs, counts by itself, so that no piece takes long.
    """
    _remember_keys(connection)
    states = _remove_states(connection, most)
    if states is None or states == most:
        return Removed(0, states or 0)
    room = most - states
    for table, key in _OF_RUNS.items():
        room -= _delete(connection, table, key, f"run_id IN {_MARKED}", (), room)
        if not room:
            return Removed(0, states)
    return Removed(_delete(connection, "run", "id", "cleaning", (), room), states)


def _remember_keys(connection: Any) -> None:
    connection.execute(
        "UPDATE schema_version SET"
        " last_run = (SELECT max(key) FROM (SELECT last_run AS key UNION ALL SELECT max(id) FROM run) AS keys),"
        " last_state = (SELECT max(key) FROM (SELECT last_state AS key UNION ALL SELECT max(id) FROM state) AS keys)"
    )


def _remove_states(connection: Any, most: int) -> int | None:
    """Remove up to `most` states; `None` when what belongs to them was already enough for one piece."""
    rows = connection.execute(f"SELECT id FROM state WHERE run_id IN {_MARKED} LIMIT ?", (most,)).fetchall()
    keys = json.dumps([row[0] for row in rows])
    for table, key in _OF_STATES.items():
        if _delete(connection, table, key, f"state_id IN {connection.dialect.listed}", (keys,), most) == most:
            return None
    connection.execute(f"DELETE FROM state WHERE id IN {connection.dialect.listed}", (keys,))
    return len(rows)


def _delete(connection: Any, table: str, key: str, where: str, values: tuple[Any, ...], most: int) -> int:
    deleted: int = connection.execute(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key.strip('()')} FROM {table} WHERE {where} LIMIT ?)",
        (*values, most),
    ).rowcount
    return deleted


def remove_versions(connection: Any, old: Old) -> int:
    """Remove versions of graphs that were replaced before that time and have no run; return how many."""
    query, values = _replaced(old)
    keys = json.dumps([row[0] for row in connection.execute(f"{query})", values).fetchall()])
    connection.execute(f"DELETE FROM template_node WHERE template_id IN {connection.dialect.listed}", (keys,))
    removed: int = connection.execute(
        f"DELETE FROM graph_template WHERE id IN {connection.dialect.listed}", (keys,)
    ).rowcount
    return removed


def count_versions(connection: Any, old: Old) -> int:
    """Return how many versions `remove_versions` would remove once the runs are gone that are meant."""
    replaced, names = _replaced(old)
    meant, values = old.runs()
    query = f"SELECT count(*) FROM ({replaced} AND NOT o.cleaning AND o.id NOT IN ({meant}))) AS replaced"
    found: int = connection.execute(query, (*names, *values)).fetchone()[0]
    return found


def _replaced(old: Old) -> tuple[str, tuple[Any, ...]]:
    """Return the start of a query for replaced versions, open at the condition on runs `o` that keep them."""
    which, names = old.graphs()
    query = (
        "SELECT t.id FROM graph_template AS t WHERE EXISTS (SELECT 1 FROM graph_template AS n"
        " WHERE n.namespace = t.namespace AND n.name = t.name AND n.version > t.version AND n.created_at <= ?)"
        f"{which} AND NOT EXISTS (SELECT 1 FROM run AS o WHERE o.template_id = t.id"
    )
    return query, (old.before, *names)


def count(connection: Any, old: Old) -> tuple[int, int]:
    """Return how many runs are meant or marked, and how many states they have."""
    query, values = old.runs()
    only, seen = among("t.namespace", old.namespaces)
    marked = f"SELECT o.id FROM run AS o JOIN graph_template AS t ON t.id = o.template_id WHERE o.cleaning{only}"
    meant, values = f"({query} UNION ALL {marked})", (*values, *seen)
    runs: int = connection.execute(f"SELECT count(*) FROM {meant} AS meant", values).fetchone()[0]
    states: int = connection.execute(f"SELECT count(*) FROM state WHERE run_id IN {meant}", values).fetchone()[0]
    return runs, states


def all_states(connection: Any) -> int:
    """Return how many states there are; walks an index."""
    found: int = connection.execute("SELECT count(*) FROM state").fetchone()[0]
    return found


def space(connection: Any) -> tuple[int, int, int]:
    """Return the bytes of the file, how many of them are free for new rows, and how many rows can leave free."""
    size, free, filled = connection.execute(connection.dialect.space).fetchone()
    return size, free, filled
