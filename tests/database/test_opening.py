"""Whatever lies where the database should be: one clear error, and nothing changed (semantics 12)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from exodsl.database import reads, sqlite, templates, writes
from exodsl.database.sqlite import Sqlite
from exodsl.database.tables import SCHEMA_VERSION
from exodsl.errors import DatabaseUnusable, SchemaMismatch

NOBODY = 65534
LOCKER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can enter and read, and only its owner can write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755 if _is_root() else 0o555)
        yield folder
        folder.chmod(0o755)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user without rights; the superuser may do everything, so no refusal would be seen."""
    if not _is_root():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def refusal(path: Path) -> str:
    """Open what cannot be opened; return the one line that says why."""
    with pytest.raises(DatabaseUnusable) as refused:
        Sqlite(path).close()
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_new_file_becomes_a_database(file: Path) -> None:
    Sqlite(file).close()
    Sqlite(file).close()

    assert file.read_bytes().startswith(b"SQLite format 3")


def test_an_empty_file_becomes_a_database(file: Path) -> None:
    file.touch()
    Sqlite(file).close()

    assert file.stat().st_size > 0


@pytest.mark.parametrize(
    "content",
    [b"hello\n", b"\x00" * 5_000, Random(1).randbytes(9_000), b"SQLite format 2\x00" + bytes(100), b"S"],
)
def test_another_kind_of_file_is_refused_and_left_alone(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    assert "is not a SQLite database" in refusal(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("size", [17, 100, 600, 4_096, 5_000, 40_000])
def test_a_truncated_database_is_refused(file: Path, size: int) -> None:
    Sqlite(file).close()
    file.write_bytes(file.read_bytes()[:size])

    assert "--db" in refusal(file)


def test_a_database_with_random_bytes_behind_its_head_is_refused(file: Path) -> None:
    Sqlite(file).close()
    whole = file.read_bytes()
    file.write_bytes(whole[:40] + Random(2).randbytes(len(whole) - 40))

    assert "--db" in refusal(file)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "it is a folder" in refusal(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path / "nowhere" / "exodsl.db")

    assert f'there is no folder "{tmp_path / "nowhere"}"' in message
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nowhere").touch()

    assert "there is no folder" in refusal(tmp_path / "nowhere" / "exodsl.db")


def test_another_program_s_database_is_refused_and_left_alone(file: Path) -> None:
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = file.read_bytes()

    assert "of another program" in refusal(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99, 0, -1])
def test_another_schema_is_refused_with_both_numbers_and_left_alone(file: Path, version: int) -> None:
    Sqlite(file).close()
    other = sqlite3.connect(file)
    with other:
        other.execute("UPDATE schema_version SET version = ?", (version,))
    other.close()
    before = file.read_bytes()
    message = refusal(file)

    assert f"has schema {version}; this exodsl reads schema {SCHEMA_VERSION}" in message
    assert file.read_bytes() == before


def test_a_schema_mismatch_is_an_error_of_its_own(file: Path) -> None:
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE schema_version (installed_rank INTEGER, description TEXT)")
    other.close()

    with pytest.raises(DatabaseUnusable):
        Sqlite(file)


def test_a_database_without_its_version_is_refused(file: Path) -> None:
    Sqlite(file).close()
    other = sqlite3.connect(file)
    with other:
        other.execute("DELETE FROM schema_version")
    other.close()

    with pytest.raises(SchemaMismatch):
        Sqlite(file)


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_file_without_permission_is_refused(open_folder: Path, mode: int) -> None:
    file = open_folder / "exodsl.db"
    Sqlite(file).close()
    file.chmod(mode)
    with nobody():
        message = refusal(file)

    assert "permission" in message.lower()


def test_a_folder_without_permission_is_refused(open_folder: Path) -> None:
    with nobody():
        message = refusal(open_folder / "exodsl.db")

    assert "folder" in message


def test_a_place_where_nothing_can_be_made_is_refused() -> None:
    place = Path("/proc/exodsl.db")
    if not place.parent.is_dir():
        pytest.skip("there is no such place here")

    assert "--db" in refusal(place)


@pytest.mark.parametrize("new", [True, False])
def test_a_file_that_another_process_holds_is_refused_after_a_while(
    file: Path, monkeypatch: pytest.MonkeyPatch, new: bool
) -> None:
    if not new:
        Sqlite(file).close()
    monkeypatch.setattr(sqlite, "BUSY_MS", 30)
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        message = refusal(file)
        other.kill()

    assert "Another program holds it" in message


def test_a_database_that_was_refused_is_let_go(file: Path) -> None:
    """Nothing of ours keeps the file open or locked."""
    Sqlite(file).close()
    other = sqlite3.connect(file)
    with other:
        other.execute("UPDATE schema_version SET version = 99")
    refusal(file)
    with other:
        other.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION,))
    other.close()
    Sqlite(file).close()

    assert not file.with_name("exodsl.db-wal").exists()


@pytest.mark.parametrize("name", ["with space.db", "ünï.db", "a?b=c.db", "a#b.db", "a%20b.db", "a'b.db", "no ending"])
def test_any_name_of_a_file_will_do(tmp_path: Path, name: str) -> None:
    opened = Sqlite(tmp_path / name)
    with opened.reading() as connection:
        assert templates.last_state(connection) == 0
    opened.close()

    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_closing_twice_is_nothing(database: Sqlite) -> None:
    database.close()
    database.close()


def test_a_crash_in_the_midst_of_a_checkpoint_does_no_harm(file: Path) -> None:
    """The first page says already how large the file will be; the pages that lack are in the log beside it."""
    database = Sqlite(file)
    with database.transaction() as connection:
        writes.write_store(connection, [(1, str(number), "x" * 4_000) for number in range(100)])
    before, log = file.read_bytes(), file.with_name("exodsl.db-wal").read_bytes()
    database.close()
    page = int.from_bytes(before[16:18], "big")
    left = file.with_name("left.db")
    left.write_bytes(file.read_bytes()[:page] + before[page:])
    left.with_name("left.db-wal").write_bytes(log)
    database = Sqlite(left)
    with database.reading() as reader:
        found = len(reads.stores(reader, [1])[1])
    database.close()

    assert left.stat().st_size == file.stat().st_size > len(before)
    assert found == 100
