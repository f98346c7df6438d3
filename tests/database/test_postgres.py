"""What a database on a server does beside what every database does (semantics 10)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from exodsl.database import reads, writes
from exodsl.database.again import again
from exodsl.database.postgresql import schema
from exodsl.database.postgresql.address import parse
from exodsl.database.postgresql.database import Postgres
from exodsl.database.postgresql.link import Link
from exodsl.database.tables import SCHEMA_VERSION
from exodsl.errors import DatabaseUnusable, SchemaMismatch, TransactionUndone

NEWER = SCHEMA_VERSION + 1


@pytest.fixture
def other(postgres_uri: str) -> Iterator[psycopg.Connection]:
    """A connection of somebody else."""
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("SET search_path TO exodsl")
        yield connection


@pytest.fixture
def elsewhere(postgres_uri: str, other: psycopg.Connection) -> Iterator[str]:
    """The address of the same database, with a schema that is not there yet."""
    yield f"{postgres_uri}&schema=else%20where"
    other.execute('DROP SCHEMA IF EXISTS "else where" CASCADE')


def put(connection: Any, key: str, value: Any) -> None:
    """Write one entry of a store."""
    writes.write_store(connection, [(1, key, value)])


def entries(database: Postgres) -> dict[str, str]:
    """Read all entries."""
    with database.reading() as reader:
        return dict(reader.execute("SELECT key, value FROM store_entry").fetchall())


def at_once(work: Callable[[], object], count: int) -> list[BaseException]:
    """Do the same in several threads; return what went wrong."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


# The tables


def test_processes_that_start_at_once_make_the_tables_once(elsewhere: str, other: psycopg.Connection) -> None:
    failures = at_once(lambda: Postgres(elsewhere).close(), 4)

    assert failures == []
    assert other.execute('SELECT version FROM "else where".schema_version').fetchall() == [(SCHEMA_VERSION,)]


def test_two_schemas_of_one_database_have_nothing_in_common(server: Postgres, elsewhere: str) -> None:
    second = Postgres(elsewhere)
    with second.transaction() as connection:
        put(connection, "a", 1)

    assert (entries(server), entries(second)) == ({}, {"a": "1"})
    second.close()


def test_tables_of_another_program_are_left_alone(elsewhere: str, other: psycopg.Connection) -> None:
    other.execute('CREATE SCHEMA "else where"; CREATE TABLE "else where".run (distance INT)')

    with pytest.raises(SchemaMismatch, match=r'"else where".* has tables of another program: run\..*\?schema='):
        Postgres(elsewhere)
    assert other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'else where'").fetchall() == [("run",)]


def test_texts_are_in_the_order_of_their_bytes_whatever_the_language(server: Postgres) -> None:
    """`~` stands behind every letter, which a search by the start of a run's id counts on."""
    with server.transaction() as connection:
        for key in ("b", "~", "B", "a-b", "ab"):
            put(connection, key, 1)

        rows = connection.execute("SELECT key FROM store_entry ORDER BY key").fetchall()
        orders = connection.execute(
            "SELECT DISTINCT collation_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type = 'text'"
        ).fetchall()
    assert [key for (key,) in rows] == ["B", "a-b", "ab", "b", "~"]
    assert orders == [("C",)]


def test_a_text_with_the_one_character_that_cannot_be_is_kept_without_it(server: Postgres) -> None:
    with server.transaction() as connection:
        connection.execute("INSERT INTO store_entry (run_id, key, value) VALUES (?,?,?)", (1, "a", "nul\0l"))
        put(connection, "b\0", 1)

    assert entries(server) == {"a": "nul\N{REPLACEMENT CHARACTER}l", "b\N{REPLACEMENT CHARACTER}": "1"}


# Versions of exodsl that meet


def test_a_newer_schema_is_refused_with_both_numbers(postgres_uri: str, other: psycopg.Connection) -> None:
    other.execute("UPDATE schema_version SET version = %s", (NEWER,))
    try:
        with pytest.raises(SchemaMismatch, match=f"has schema {NEWER}; this exodsl works with schema {SCHEMA_VERSION}"):
            Postgres(postgres_uri)
    finally:
        other.execute("UPDATE schema_version SET version = %s", (SCHEMA_VERSION,))


def test_a_process_that_is_at_work_when_the_schema_changes_stops_cleanly(
    server: Postgres, other: psycopg.Connection
) -> None:
    other.execute("UPDATE schema_version SET version = %s", (NEWER,))
    try:
        with pytest.raises(SchemaMismatch, match=f"schema {NEWER}.*Install a newer exodsl"), server.transaction():
            raise AssertionError("it went on")
    finally:
        other.execute("UPDATE schema_version SET version = %s", (SCHEMA_VERSION,))

    with server.transaction() as connection:
        put(connection, "a", 1)
    assert entries(server) == {"a": "1"}


def migrated(uri: str, steps: Mapping[int, str]) -> None:
    """Open a database as an exodsl does that knows of one more schema."""
    address = parse(uri)
    link = Link(address, f'SET search_path TO "{address.schema}"')
    try:
        schema.prepare(link, address, steps, NEWER)
    finally:
        link.close()


STEP = {SCHEMA_VERSION: "ALTER TABLE run ADD COLUMN colour TEXT; CREATE INDEX run_colour ON run (colour)"}


def test_processes_that_start_at_once_migrate_once(elsewhere: str, other: psycopg.Connection) -> None:
    Postgres(elsewhere).close()
    failures = at_once(lambda: migrated(elsewhere, STEP), 3)

    assert failures == []
    assert other.execute('SELECT version FROM "else where".schema_version').fetchall() == [(NEWER,)]
    assert other.execute('SELECT colour FROM "else where".run').fetchall() == []
    with pytest.raises(SchemaMismatch, match="Install a newer exodsl"):
        Postgres(elsewhere)


def hold(connection: psycopg.Connection, seconds: float) -> None:
    """Announce a runtime whose lease lasts so long."""
    connection.execute(
        'INSERT INTO "else where".session (id, name, host, process, graphs, lease_until) VALUES'
        " (1, 'night shift', 'here', '1:', '{}', (extract(epoch FROM clock_timestamp()) + %s) * 1000)",
        (seconds,),
    )


def test_a_migration_waits_until_runtimes_have_stopped(elsewhere: str, other: psycopg.Connection) -> None:
    Postgres(elsewhere).close()
    hold(other, 0.4)
    began = time.monotonic()
    migrated(elsewhere, STEP)

    assert time.monotonic() - began >= 0.3


def test_a_migration_does_not_wait_for_ever(
    elsewhere: str, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "WAIT_SECONDS", 0.1)
    Postgres(elsewhere).close()
    hold(other, 60)

    with pytest.raises(SchemaMismatch, match=f'at work in "night shift".*schema {NEWER}'):
        migrated(elsewhere, STEP)


# Many at once


def test_those_who_collide_try_again(server: Postgres, postgres_uri: str) -> None:
    """Two transactions want the same two rows in opposite orders: the server undoes one of them."""
    second = Postgres(postgres_uri)
    with server.transaction() as connection:
        put(connection, "a", 0)
        put(connection, "b", 0)
    both = threading.Barrier(2, timeout=5)

    def count(database: Postgres, first: str, then: str) -> None:
        met = False

        def once() -> None:
            nonlocal met
            with database.transaction() as connection:
                text = "UPDATE store_entry SET value = CAST(CAST(value AS INT) + 1 AS TEXT) WHERE key = ?"
                connection.execute(text, (first,))
                if not met:
                    met = True
                    both.wait()
                connection.execute(text, (then,))

        again(once)

    threads = [
        threading.Thread(target=count, args=(server, "a", "b")),
        threading.Thread(target=count, args=(second, "b", "a")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()

    assert entries(server) == {"a": "2", "b": "2"}


def test_who_is_in_the_way_for_good_is_told(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    def collide() -> None:
        raise TransactionUndone("others were in the way")

    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    with pytest.raises(TransactionUndone, match="in the way"):
        again(collide)


def test_who_is_alone_waits_for_others_and_they_for_it(server: Postgres, postgres_uri: str) -> None:
    second = Postgres(postgres_uri)
    order: list[str] = []
    begun = threading.Event()

    def alone() -> None:
        begun.set()
        with second.transaction(alone=True):
            order.append("alone")

    thread = threading.Thread(target=alone)
    with server.transaction() as connection:
        thread.start()
        begun.wait()
        connection.execute("SELECT pg_sleep(0.1)")
        order.append("shared")
    thread.join()
    second.close()

    assert order == ["shared", "alone"]


def test_a_process_that_stops_in_the_middle_holds_others_up_for_a_while_only(
    server: Postgres, postgres_uri: str
) -> None:
    second = Postgres(postgres_uri)
    with pytest.raises(TransactionUndone, match=r"lost.*Nothing of this was recorded"), server.transaction() as stopped:
        stopped.execute("SET idle_in_transaction_session_timeout = 200")
        put(stopped, "a", 1)
        with second.transaction(alone=True):  # it had to wait for that
            assert entries(second) == {}
        put(stopped, "b", 1)
    second.close()

    with server.transaction() as connection:
        put(connection, "c", 1)
    assert entries(server) == {"c": "1"}


def test_keys_of_states_are_never_given_out_twice(server: Postgres, postgres_uri: str) -> None:
    second = Postgres(postgres_uri)
    found: list[int] = []
    for _ in range(3):
        for database in (server, second):
            with database.transaction(alone=True):
                found += [database.keys.next() for _ in range(70)]
                first = database.keys.reserve(250)
                found += range(first, first + 250)
    second.close()

    assert len(set(found)) == len(found) == 6 * 320


def test_a_change_from_elsewhere_is_noticed_and_our_own_is_not(server: Postgres, postgres_uri: str) -> None:
    second = Postgres(postgres_uri)

    def leave(database: Postgres, *, alone: bool) -> None:
        with database.transaction(alone=alone):
            database.leave_work()

    def look() -> object:
        with server.transaction():
            return server.changed_elsewhere()

    seen = [look()]
    for database, alone in ((server, False), (server, True), (second, False), (second, True)):
        leave(database, alone=alone)
        seen.append(look())
    second.close()

    assert seen[0] == seen[1] == seen[2]
    assert len(set(seen[2:])) == 3


def test_what_another_claims_is_passed_over(server: Postgres, postgres_uri: str) -> None:
    second = Postgres(postgres_uri)
    with server.transaction() as connection:
        connection.execute(
            "INSERT INTO state (id, run_id, node, path, attempt, retry_count, status, lease, enqueue_after, created_at)"
            " SELECT n, 1, 1, decode(lpad(to_hex(n), 8, '0'), 'hex'), 0, 0, 0, 0, n, 0 FROM generate_series(1, 6) AS n"
        )
    with server.transaction() as one, second.transaction() as two:
        first = reads.due_states(one, [1], 9, 2, 1, "", 2)
        then = reads.due_states(two, [1], 9, 9, 2, "", 2)
    second.close()

    assert ([row[0] for row in first], [row[0] for row in then]) == ([1, 2], [3, 4, 5, 6])


# Time, and what is shown


def test_the_time_is_that_of_the_server(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with server.transaction() as connection:
        (now,) = connection.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()

        assert abs(server.now_ms() - float(now)) < 1_000


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("postgresql://me:secret@127.0.0.1:1/db", "refused.*server runs"),
        ("postgresql://me:secret@127.0.0.1:port/db", 'invalid integer value "port"'),
        ("postgresql://me@127.0.0.1:1/db?password=secret&colour=red", 'no address.*"colour"'),
        ("postgresql://me:secret@[::1/db", "no address"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_the_cure_and_without_the_password(uri: str, said: str) -> None:
    with pytest.raises(DatabaseUnusable, match=f"(?s){said}") as refused:
        Postgres(uri)

    assert "secret" not in str(refused.value)


def test_a_database_that_is_not_there_is_named(postgres_uri: str) -> None:
    nowhere = urlsplit(postgres_uri)._replace(path="/nowhere").geturl()

    with pytest.raises(DatabaseUnusable, match=r'"nowhere" does not exist.*createdb'):
        Postgres(nowhere)
