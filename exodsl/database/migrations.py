"""How a database of an earlier schema becomes one of today's, with all that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exodsl.database.tables import SCHEMA_VERSION
from exodsl.errors import SchemaMismatch

STEPS: dict[int, str] = {
    1: """
ALTER TABLE schema_version ADD COLUMN last_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE schema_version ADD COLUMN last_state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN cleaning INTEGER NOT NULL DEFAULT 0;
CREATE INDEX run_ended ON run (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX run_cleaning ON run (id) WHERE cleaning;
ALTER TABLE state ADD COLUMN started_at INTEGER;
ALTER TABLE state ADD COLUMN cpu_us INTEGER;
ALTER TABLE state ADD COLUMN peak_kib INTEGER;
CREATE TABLE large_value (
    run_id INTEGER NOT NULL, digest BLOB NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, digest));
CREATE TABLE log_line (
    state_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, level INTEGER NOT NULL,
    message TEXT NOT NULL, PRIMARY KEY (state_id, number)) WITHOUT ROWID;
CREATE TABLE progress (
    state_id INTEGER NOT NULL PRIMARY KEY, done TEXT NOT NULL, total TEXT, note TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE schedule (
    id INTEGER NOT NULL PRIMARY KEY, namespace TEXT NOT NULL, graph TEXT NOT NULL, cron TEXT NOT NULL,
    tz TEXT NOT NULL, catch_up TEXT NOT NULL, overlap TEXT NOT NULL, paused INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER);
CREATE INDEX schedule_next_at ON schedule (next_at);
CREATE UNIQUE INDEX schedule_namespace_graph_cron_tz ON schedule (namespace, graph, cron, tz);
CREATE TABLE tick (
    schedule_id INTEGER NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL, run_id INTEGER, reason TEXT,
    PRIMARY KEY (schedule_id, at)) WITHOUT ROWID;
CREATE INDEX tick_run_id_outcome ON tick (run_id, outcome);
CREATE TABLE secret (
    namespace TEXT NOT NULL, graph TEXT NOT NULL, name TEXT NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (namespace, graph, name)) WITHOUT ROWID;
""",
    2: """
ALTER TABLE session ADD COLUMN lease_ms INTEGER NOT NULL DEFAULT 30000;
ALTER TABLE template_node ADD COLUMN namespace TEXT NOT NULL DEFAULT '';
UPDATE template_node SET namespace = (
    SELECT coalesce(json_extract(n.value, '$.namespace'), t.namespace)
    FROM graph_template AS t, json_each(t.body, '$.nodes') AS n
    WHERE t.id = template_id AND json_extract(n.value, '$.identifier') = template_node.identifier);
CREATE TABLE registered_node (
    namespace TEXT NOT NULL, name TEXT NOT NULL, runtime_name TEXT NOT NULL, inputs_schema TEXT NOT NULL,
    outputs_schema TEXT NOT NULL, secrets TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)) WITHOUT ROWID;
CREATE TABLE manual_retry (
    run_id INTEGER NOT NULL, node INTEGER NOT NULL, word TEXT NOT NULL,
    PRIMARY KEY (run_id, node, word)) WITHOUT ROWID;
""",
}
"""What leads from each schema to the next. These texts never change: they speak of the tables of their time."""


def migrate(connection: Any, path: str) -> None:
    """Bring the tables up to date, inside the transaction that is open.

    :raises SchemaMismatch: when runtimes of another version are at work in it.
    """
    (version,) = connection.execute("SELECT version FROM schema_version").fetchone()
    if version not in STEPS:
        return
    names = at_work(connection)
    if names:
        raise busy(path, version, names)
    for step in range(version, SCHEMA_VERSION):
        for statement in STEPS[step].split(";"):
            connection.execute(statement)
    connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION,))


def at_work(connection: Any) -> list[str]:
    """Return the names of the runtimes whose leases have not ended."""
    rows = connection.execute(f"SELECT name FROM session WHERE lease_until > {connection.dialect.now}").fetchall()
    return [row[0] for row in rows]


def busy(name: str, version: int, runtimes: Sequence[str], newest: int = SCHEMA_VERSION) -> SchemaMismatch:
    """Return why a database cannot be migrated now."""
    names = ", ".join(f'"{runtime}"' for runtime in runtimes)
    return SchemaMismatch(
        f'Database "{name}" has schema {version} and is at work in {names}. Stop them, and it becomes one of'
        f" schema {newest}; what was killed counts as stopped within half a minute."
    )
