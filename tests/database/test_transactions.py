"""Transactions, and the two connections of one process, over each kind of database (semantics 3)."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl.database import sqlite, templates, writes
from exodsl.database.protocol import Database
from exodsl.database.sqlite import MEMORY, Sqlite
from exodsl.engine.changes import Changes, Created
from exodsl.engine.status import State
from exodsl.errors import DatabaseUnusable


def put(connection: Any, key: str, value: Any) -> None:
    """Write one entry of a store."""
    writes.write_store(connection, [(1, key, value)])


def entries(connection: Any) -> list[tuple[str, str]]:
    """Read all entries."""
    return connection.execute("SELECT key, value FROM store_entry ORDER BY key").fetchall()


def test_a_transaction_is_committed_at_its_end(either: Database) -> None:
    with either.transaction() as connection:
        put(connection, "a", 1)
        with either.reading() as reader:
            assert entries(reader) == []

    with either.reading() as reader:
        assert entries(reader) == [("a", "1")]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_transaction_that_raises_leaves_nothing(either: Database, error: type[BaseException]) -> None:
    with pytest.raises(error), either.transaction() as connection:
        put(connection, "a", 1)
        raise error

    with either.transaction() as connection:
        assert entries(connection) == []


def test_the_reading_connection_cannot_write(either: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="read"), either.reading() as reader:
        put(reader, "a", 1)

    with either.reading() as reader:
        assert entries(reader) == []


def test_a_reader_sees_one_moment_however_long_it_reads(either: Database) -> None:
    with either.transaction() as connection:
        put(connection, "a", 1)
    with either.reading() as reader:
        before = entries(reader)
        with either.transaction() as connection:
            put(connection, "a", 2)
        after = entries(reader)

    assert before == after == [("a", "1")]


def test_a_reader_does_not_wait_for_a_writer(either: Database) -> None:
    seen: list[object] = []

    def read() -> None:
        with either.reading() as reader:
            seen.append(entries(reader))

    with either.transaction() as connection:
        put(connection, "a", 1)
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(10)

        assert seen == [[]]


def test_threads_take_turns_at_writing(either: Database) -> None:
    def write(number: int) -> None:
        for _ in range(20):
            with either.transaction() as connection:
                held = dict(entries(connection)).get("n", "0")
                put(connection, "n", int(held) + 1)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with either.reading() as reader:
        assert entries(reader) == [("n", "80")]


def test_a_change_from_elsewhere_is_noticed_and_our_own_is_not(database: Sqlite, file: Path) -> None:
    start = database.changed_elsewhere()
    with database.transaction() as connection:
        put(connection, "a", 1)
    ours = database.changed_elsewhere()
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("DELETE FROM store_entry")
    other.close()

    assert start == ours != database.changed_elsewhere()


def test_a_writer_that_waits_in_vain_says_who_is_in_the_way(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 30)
    database = Sqlite(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnusable, match="Another program holds it"), database.transaction():
        raise AssertionError("it was not locked")
    other.close()

    with database.transaction() as connection:
        put(connection, "a", 1)
    database.close()


def test_two_databases_in_memory_are_two() -> None:
    one, two = Sqlite(MEMORY), Sqlite(MEMORY)
    with one.transaction() as connection:
        put(connection, "a", 1)
    with two.reading() as reader:
        assert entries(reader) == []
    one.close()
    two.close()


def test_a_state_cannot_be_made_twice(either: Database) -> None:
    """The fingerprint: run, node, path and attempt."""
    twin = [Created(key, 1, 0, b"", 0, 0, State.CREATED, None, "{}") for key in (1, 2)]
    with pytest.raises(DatabaseUnusable, match=r"(?i)unique"), either.transaction() as connection:
        writes.write_changes(connection, Changes(created=twin), 0, 0, lambda run, node: node)

    with either.reading() as reader:
        assert templates.last_state(reader) == 0


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_commit_is_as_durable_as_was_asked_for(file: Path, durability: Any) -> None:
    database = Sqlite(file, durability=durability)
    pragmas = [database.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    database.close()

    assert pragmas == ["wal", {"full": 2, "normal": 1}[durability]]


def test_a_database_that_was_closed_says_so(either: Database) -> None:
    either.close()
    with pytest.raises(DatabaseUnusable, match="closed"), either.transaction():
        raise AssertionError("it was open")

    with pytest.raises(DatabaseUnusable, match="closed"), either.reading():
        raise AssertionError("it was open")
