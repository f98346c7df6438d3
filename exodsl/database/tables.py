"""The tables, made anew for each database so that several can live in one process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import (
    SQL,
    AutoField,
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    Database,
    IntegerField,
    Model,
    Node,
    SqliteDatabase,
    TextField,
)

from exodsl.database.dialect import POSTGRES, SQLITE
from exodsl.engine.status import Run as RunStatus
from exodsl.engine.status import State

SCHEMA_VERSION = 3
"""Raised with every change of a table; an older database is migrated, a newer one refused."""

SPECIAL = f"(status = {RunStatus.PAUSED:d} OR (revised AND status = {RunStatus.RUNNING:d}))"
"""Runs that an exchange has to treat otherwise than the many."""

_BAD = " OR ".join(
    f"status = {bad:d}" for bad in (State.ERRORED, State.PRUNED, State.NEXT_CREATED_ERROR, State.CANCELLED)
)
"""Spelled with OR: SQLite builds the list of an IN anew for each row that it looks at."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The model classes of one database."""

    schema: Any
    graph_template: Any
    template_node: Any
    run: Any
    state: Any
    gate: Any
    node_count: Any
    store_entry: Any
    spill: Any
    session: Any
    large_value: Any
    log_line: Any
    progress: Any
    schedule: Any
    tick: Any
    secret: Any
    registered_node: Any
    manual_retry: Any

    def all(self) -> list[Any]:
        """Every table, in the order to create them."""
        return [getattr(self, name) for name in self.__slots__]


def make_tables(db: Database) -> Tables:
    """Return the models bound to `db`."""
    clustered = isinstance(db, SqliteDatabase)  # a table that is its own primary key: SQLite alone has those
    dialect = SQLITE if clustered else POSTGRES
    unset: list[Node] = [SQL(f"DEFAULT {dialect.false}")]

    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class SchemaVersion(Base):
        """One row: the version of the tables, and which keys were given out that no row may show any more."""

        version = IntegerField(primary_key=True)
        sessions = IntegerField(default=0)
        last_run = IntegerField(constraints=[SQL("DEFAULT 0")])
        last_state = BigIntegerField(constraints=[SQL("DEFAULT 0")])

    class GraphTemplate(Base):
        """One version of a graph; rows never change."""

        id = AutoField()
        namespace = TextField()
        name = TextField()
        version = IntegerField()
        content_hash = TextField()
        body = TextField()
        created_at = BigIntegerField()

        class Meta:
            indexes = ((("namespace", "name", "version"), True),)

    class TemplateNode(Base):
        """A node of a template; ids of one template are consecutive, in topological order.

        `namespace` is where its code is: that of its graph unless the template says another.
        """

        id = AutoField()
        template_id = IntegerField(index=True)
        identifier = TextField()
        node_name = TextField(index=True)
        namespace = TextField(constraints=[SQL("DEFAULT ''")])

    class Run(Base):
        """One run, which is also the outermost gate: it has ended when nothing is pending.

        `revised` ones had states retried by hand, so a place may have had attempts before; `cleaning` ones
        are on their way out.
        """

        id = AutoField()
        run_id = TextField(unique=True)
        template_id = IntegerField(index=True)
        status = IntegerField()
        pending = IntegerField()
        failed = IntegerField()
        cause = BigIntegerField(null=True)
        inputs = TextField()
        target = TextField(null=True)
        idempotency_key = TextField(null=True, unique=True)
        store_cleaned = BooleanField(constraints=unset)
        revised = BooleanField(constraints=unset)
        cleaning = BooleanField(constraints=unset)
        created_at = BigIntegerField()
        finished_at = BigIntegerField(null=True)

        class Meta:
            indexes = ((("status", "id"), False),)

    Run.add_index(SQL(f"CREATE INDEX IF NOT EXISTS run_special ON run (id) WHERE {SPECIAL}"))
    Run.add_index(SQL(f"CREATE INDEX IF NOT EXISTS run_short ON run ({dialect.tail('run_id', 8)})"))
    Run.add_index(SQL("CREATE INDEX IF NOT EXISTS run_ended ON run (finished_at) WHERE finished_at IS NOT NULL"))
    Run.add_index(SQL("CREATE INDEX IF NOT EXISTS run_cleaning ON run (id) WHERE cleaning"))

    class State(Base):
        """One state. `inputs` is empty for a sibling: they are those of its original.

        `lost` counts how often a runtime that held it was gone. `queued_at` is when a runtime got it,
        `started_at` when its body began; `cpu_us` is the processor time of that, in microseconds, `peak_kib`
        the most memory that its process had.
        """

        id = BigAutoField()
        run_id = IntegerField()
        node = IntegerField()
        path = BlobField()
        attempt = IntegerField()
        retry_count = IntegerField()
        status = IntegerField()
        parent_id = BigIntegerField(null=True)
        inputs = TextField(null=True)
        outputs = TextField(null=True)
        error = TextField(null=True)
        data = TextField(null=True)
        lost = IntegerField(constraints=[SQL("DEFAULT 0")])
        lease = BigIntegerField()
        enqueue_after = BigIntegerField()
        created_at = BigIntegerField()
        queued_at = BigIntegerField(null=True)
        started_at = BigIntegerField(null=True)
        finished_at = BigIntegerField(null=True)
        cpu_us = BigIntegerField(null=True)
        peak_kib = BigIntegerField(null=True)

        class Meta:
            # The fingerprint: no state is ever made twice, whoever races. It also holds a branch in
            # fanout order, so it serves collecting and paging.
            indexes = ((("run_id", "node", "path", "attempt"), True),)

    State.add_index(SQL("CREATE INDEX IF NOT EXISTS state_due ON state (node, enqueue_after, id) WHERE status = 0"))
    State.add_index(SQL("CREATE INDEX IF NOT EXISTS state_held ON state (lease) WHERE status = 1"))
    State.add_index(
        SQL(f"CREATE INDEX IF NOT EXISTS state_bad ON state (run_id, status, node, path, attempt) WHERE {_BAD}")
    )

    class Gate(Base):
        """One unite for one execution, or output, of what it unites."""

        id = BigAutoField()
        run_id = IntegerField()
        node = IntegerField()
        path = BlobField()
        pending = IntegerField()
        arrived = IntegerField()
        failed = IntegerField()
        pruned = IntegerField()
        status = IntegerField()
        opener = BigIntegerField()
        state_id = BigIntegerField(null=True)
        cause = BigIntegerField(null=True)

        class Meta:
            indexes = ((("run_id", "node", "path"), True),)

    class NodeCount(Base):
        """How the states of a node stand, for nodes that can have several in a run."""

        run_id = IntegerField()
        node = IntegerField()
        total = IntegerField()
        success = IntegerField()
        errored = IntegerField()
        next_created_error = IntegerField()
        pruned = IntegerField()
        retry_created = IntegerField()
        cancelled = IntegerField()

        class Meta:
            primary_key = CompositeKey("run_id", "node")
            without_rowid = clustered

    class StoreEntry(Base):
        run_id = IntegerField()
        key = TextField()
        value = TextField()

        class Meta:
            primary_key = CompositeKey("run_id", "key")
            without_rowid = clustered

    class Spill(Base):
        """Outputs of a very wide fanout that no sibling holds yet, a part to a row."""

        id = AutoField()
        state_id = BigIntegerField()
        first = IntegerField()
        body = TextField()

        class Meta:
            indexes = ((("state_id", "first"), True),)

    class Session(Base):
        """One runtime; what it holds is its own until `lease_until`, or until its process is gone.

        It serves one run, or all of the `graphs`: JSON, names of nodes by "namespace/name", "*" for every name.
        `lease_ms` is how long its lease was given for. One without a host holds what was handed out over HTTP.
        """

        id = AutoField()
        name = TextField()
        host = TextField()
        process = TextField()
        run_id = IntegerField(null=True)
        graphs = TextField()
        lease_until = BigIntegerField()
        lease_ms = BigIntegerField(constraints=[SQL("DEFAULT 30000")])

    class LargeValue(Base):
        """A large value of a run, kept apart from the states that hold it, once however many they are."""

        run_id = IntegerField()
        digest = BlobField()
        body = TextField()

        class Meta:
            primary_key = CompositeKey("run_id", "digest")

    class LogLine(Base):
        """What a body logged; the oldest lines of a state give way to new ones, as the first `number` tells."""

        state_id = BigIntegerField()
        number = IntegerField()
        at = BigIntegerField()
        level = IntegerField()
        message = TextField()

        class Meta:
            primary_key = CompositeKey("state_id", "number")
            without_rowid = clustered

    class Progress(Base):
        """How far a body says that it is."""

        state_id = BigIntegerField(primary_key=True)
        done = TextField()
        total = TextField(null=True)
        note = TextField()
        at = BigIntegerField()

    class Schedule(Base):
        """A graph's cron expression. `next_at` is the first tick that is not decided yet."""

        id = AutoField()
        namespace = TextField()
        graph = TextField()
        cron = TextField()
        tz = TextField()
        catch_up = TextField()
        overlap = TextField()
        paused = BooleanField(constraints=unset)
        next_at = BigIntegerField(null=True, index=True)

        class Meta:
            indexes = ((("namespace", "graph", "cron", "tz"), True),)

    class Tick(Base):
        """What became of one tick; its key makes it impossible to decide one twice."""

        schedule_id = IntegerField()
        at = BigIntegerField()
        outcome = TextField()
        run_id = IntegerField(null=True)
        reason = TextField(null=True)

        class Meta:
            primary_key = CompositeKey("schedule_id", "at")
            without_rowid = clustered
            indexes = ((("run_id", "outcome"), False),)

    class Secret(Base):
        """A secret value, sealed with the key named by `key_id`."""

        namespace = TextField()
        graph = TextField()
        name = TextField()
        key_id = TextField()
        sealed = BlobField()

        class Meta:
            primary_key = CompositeKey("namespace", "graph", "name")
            without_rowid = clustered

    class RegisteredNode(Base):
        """What a runtime says of a node that it has, when it comes over HTTP; the schemas are JSON."""

        namespace = TextField()
        name = TextField()
        runtime_name = TextField()
        inputs_schema = TextField()
        outputs_schema = TextField()
        secrets = TextField()
        created_at = BigIntegerField()
        updated_at = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("namespace", "name")
            without_rowid = clustered

    class ManualRetry(Base):
        """A word that somebody gave to a manual retry, so that it happens once however often it is asked for."""

        run_id = IntegerField()
        node = IntegerField()
        word = TextField()

        class Meta:
            primary_key = CompositeKey("run_id", "node", "word")
            without_rowid = clustered

    return Tables(
        SchemaVersion,
        GraphTemplate,
        TemplateNode,
        Run,
        State,
        Gate,
        NodeCount,
        StoreEntry,
        Spill,
        Session,
        LargeValue,
        LogLine,
        Progress,
        Schedule,
        Tick,
        Secret,
        RegisteredNode,
        ManualRetry,
    )
