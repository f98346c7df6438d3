"""A database that is only looked at stays as it is, wherever it lies (semantics 10, 12)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from exodsl.database import reads, templates, writes
from exodsl.database.read_only import ReadOnlySqlite
from exodsl.database.sqlite import MEMORY, Sqlite
from exodsl.database.tables import SCHEMA_VERSION
from exodsl.errors import DatabaseLocked, DatabaseMissing, DatabaseUnusable, ReadOnly, ReadTimeout, SchemaMismatch
from tests.database.test_opening import nobody

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
HOLDER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("PRAGMA locking_mode = EXCLUSIVE")
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
DEAD = """
import os, sys
from exodsl.database import writes
from exodsl.database.sqlite import Sqlite
database = Sqlite(sys.argv[1])
with database.transaction() as connection:
    writes.write_store(connection, [(1, "last", 1)])
os._exit(0)
"""


def looked_at(path: Path, limit: float = 2.0) -> ReadOnlySqlite:
    """Open a database read-only."""
    return ReadOnlySqlite(path, limit=limit)


def entries(database: ReadOnlySqlite) -> dict[str, object]:
    """Return the store of run 1."""
    with database.reading() as connection:
        return reads.stores(connection, [1])[1]


def let_in(folder: Path) -> None:
    """Let everybody enter a folder."""
    for closed in (folder, *folder.parents):
        if closed.stat().st_mode & 0o555 != 0o555:
            closed.chmod(closed.stat().st_mode | 0o555)


@contextmanager
def writable_no_more(folder: Path) -> Iterator[None]:
    """Let nobody write in a folder, and be nobody."""
    let_in(folder)
    folder.chmod(0o555)
    with nobody():
        yield
    folder.chmod(0o755)


@pytest.fixture
def kept(file: Path) -> Path:
    """A database that holds something, and that nobody has open."""
    database = Sqlite(file)
    with database.transaction() as connection:
        writes.write_store(connection, [(1, "a", 1)])
    database.close()
    return file


def test_what_others_write_is_seen_and_marked(kept: Path) -> None:
    with closing(Sqlite(kept)) as writer, closing(looked_at(kept)) as reader:
        before = reader.mark()
        assert reader.mark() == before
        with writer.transaction() as connection:
            writes.write_store(connection, [(1, "b", 2)])
        after = reader.mark()

        assert entries(reader) == {"a": 1, "b": 2}
        assert after != before


def test_a_writer_marks_its_own_commits_in_a_file_and_in_memory(file: Path) -> None:
    for where in (file, MEMORY):
        with closing(Sqlite(where)) as database:
            before = database.mark()
            assert database.mark() == before
            with database.transaction() as connection:
                writes.write_store(connection, [(1, "a", 1)])
            assert database.mark() != before


def test_a_transaction_is_refused_and_the_connection_could_not_write(kept: Path) -> None:
    before = kept.read_bytes()
    with closing(looked_at(kept)) as reader:
        with pytest.raises(ReadOnly, match="read-only"), reader.transaction():
            pass
        with pytest.raises(DatabaseUnusable), reader.reading() as connection:
            writes.write_store(connection, [(1, "b", 2)])

    assert kept.read_bytes() == before


@pytest.mark.parametrize("what", ["nothing", "empty"])
def test_where_there_is_none_none_is_made(file: Path, what: str) -> None:
    if what == "empty":
        file.touch()
    with pytest.raises(DatabaseMissing, match="exodsl run"):
        looked_at(file)

    assert [path.name for path in file.parent.iterdir()] == (["exodsl.db"] if what == "empty" else [])
    assert not file.exists() or not file.stat().st_size


def test_a_database_in_memory_cannot_be_looked_at() -> None:
    with pytest.raises(DatabaseMissing, match="memory"):
        ReadOnlySqlite(MEMORY, limit=1)


def test_a_folder_and_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello\n")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")

    for name, reason in (("", "folder"), ("text", "not a SQLite"), ("other.db", "another program")):
        with pytest.raises(DatabaseUnusable, match=reason):
            looked_at(tmp_path / name)


@pytest.mark.parametrize(
    ("version", "reason"),
    [(SCHEMA_VERSION + 1, f"has schema {SCHEMA_VERSION + 1}"), (1, f"brings to {SCHEMA_VERSION}, but not read-only")],
)
def test_another_schema_is_refused_and_left_alone(kept: Path, version: int, reason: str) -> None:
    with closing(sqlite3.connect(kept)) as other, other:
        other.execute("UPDATE schema_version SET version = ?", (version,))
    before = kept.read_bytes()
    with pytest.raises(SchemaMismatch, match=reason):
        looked_at(kept)

    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.iterdir()] == ["exodsl.db"]


def test_one_that_another_program_holds_for_itself_is_refused_after_a_while(kept: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(kept)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(DatabaseLocked, match="Another program holds it"):
            looked_at(kept, limit=0.03)
        other.kill()


def test_a_look_that_takes_too_long_is_given_up_and_the_next_one_is_not(kept: Path) -> None:
    with closing(looked_at(kept, limit=0.05)) as reader:
        with pytest.raises(ReadTimeout, match=r"more than 0\.05 s"), reader.reading() as connection:
            connection.execute(ENDLESS).fetchone()
        with pytest.raises(ReadTimeout, match=r"more than 0\.1 s"), reader.reading(0.1) as connection:
            connection.execute(ENDLESS).fetchone()

        assert entries(reader) == {"a": 1}


def test_a_writer_looks_as_long_as_it_likes(kept: Path) -> None:
    with closing(Sqlite(kept)) as database, database.reading(0.0) as connection:
        few = ENDLESS.replace("FROM n)", "FROM n WHERE i < 300000)")
        assert connection.execute(few).fetchone() == (300_000,)


def test_where_nothing_can_be_written_a_snapshot_is_shown(kept: Path) -> None:
    with writable_no_more(kept.parent), closing(looked_at(kept)) as reader:
        assert reader.snapshot
        assert entries(reader) == {"a": 1}
        assert reader.mark() == reader.mark()

    assert [path.name for path in kept.parent.iterdir()] == ["exodsl.db"]


def test_what_a_runtime_writes_is_followed_from_where_nothing_can_be_written(kept: Path) -> None:
    with closing(Sqlite(kept)) as writer:
        with writer.transaction() as connection:
            writes.write_store(connection, [(1, "b", 2)])
        code = (
            "import sys; from pathlib import Path; from exodsl.database import reads;"
            " from exodsl.database.read_only import ReadOnlySqlite\n"
            "d = ReadOnlySqlite(Path(sys.argv[1]), limit=2)\n"
            "with d.reading() as c: print(d.snapshot, reads.stores(c, [1])[1])"
        )
        kept.parent.chmod(0o555)
        asked = subprocess.run([sys.executable, "-c", code, str(kept)], capture_output=True, text=True, check=True)
        kept.parent.chmod(0o755)

    assert asked.stdout.split(maxsplit=1) == ["False", "{'a': 1, 'b': 2}\n"]


def test_a_log_that_cannot_be_followed_is_no_snapshot(kept: Path) -> None:
    """What a killed process recorded last stands in the log alone."""
    subprocess.run([sys.executable, "-c", DEAD, str(kept)], check=True)
    folder = kept.parent / "copied"
    folder.mkdir()
    for name in ("exodsl.db", "exodsl.db-wal"):
        shutil.copy(kept.with_name(name), folder / name)
    with writable_no_more(folder), pytest.raises(DatabaseUnusable, match="Copy both"):
        looked_at(folder / "exodsl.db")


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
def test_a_look_leaves_nothing_that_would_lock_the_owner_out(kept: Path) -> None:
    """The index of the log would belong to who looks, and the owner could not write it."""
    let_in(kept.parent)
    kept.parent.chmod(0o777)
    kept.chmod(0o644)
    with nobody(), closing(looked_at(kept)) as reader:
        assert entries(reader) == {"a": 1}

    assert [path.name for path in kept.parent.iterdir()] == ["exodsl.db"]


def test_looking_does_not_take_away_the_locks_of_who_writes_in_this_process(kept: Path) -> None:
    """With them gone, the next process to close the file would delete the log underneath."""
    with closing(Sqlite(kept)) as writer:
        with writer.transaction() as connection:
            writes.write_store(connection, [(1, "b", 2)])
        looked_at(kept).close()
        subprocess.run([sys.executable, "-c", DEAD.replace("os._exit(0)", ""), str(kept)], check=True)

        assert kept.with_name("exodsl.db-wal").exists()
        with writer.reading() as reader:
            assert templates.last_state(reader) == 0


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_file_that_is_gone_is_noticed(kept: Path, how: str) -> None:
    with closing(looked_at(kept)) as reader:
        reader.mark()
        copy = kept.with_name("copy.db")
        shutil.copy(kept, copy)
        kept.unlink()
        if how == "replaced":
            copy.rename(kept)
        with pytest.raises(DatabaseMissing, match="removed or replaced"):
            reader.mark()


def test_closing_twice_is_nothing_and_nothing_can_be_read_after_it(kept: Path) -> None:
    reader = looked_at(kept)
    reader.close()
    reader.close()

    with pytest.raises(DatabaseUnusable, match="was closed"):
        reader.mark()
    with pytest.raises(DatabaseUnusable, match="was closed"), reader.reading():
        pass
