"""A database that cannot be opened, or is lost, has a screen that says what to do, and goes by itself."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl_tui.screens.home import HomeScreen
from exodsl_tui.screens.trouble import TroubleScreen
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui

OLD = Path(__file__).parents[1] / "database" / "old" / "schema_1.db"


async def troubled(tui: Tui) -> None:
    """Wait until the screen of troubles is there."""
    await tui.until(lambda: isinstance(tui.app.screen, TroubleScreen))
    await tui.pilot.pause()


def test_no_database(
    drive: Drive, snapshot: SnapshotAssertion, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(database.parent)
    here = Drive(Path("prod.db"), drive.clock)

    async def look(tui: Tui) -> None:
        await troubled(tui)
        assert tui.text() == snapshot

    here(look)


def test_a_database_that_is_made_meanwhile_is_opened(drive: Drive, database: Path) -> None:
    async def look(tui: Tui) -> None:
        await troubled(tui)
        open_manager(str(database)).close()
        await tui.pilot.press("ctrl+r")
        await tui.shows("no runs yet")
        assert isinstance(tui.app.screen, HomeScreen)

    drive(look)


@pytest.mark.parametrize("kind", ["text", "cut", "foreign"])
def test_what_is_no_database_of_ours(drive: Drive, database: Path, kind: str) -> None:
    if kind == "foreign":
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE song (name)")
            connection.commit()
    else:
        database.write_bytes(b"SQLite format 3\x00" + b"\x10" * 60 if kind == "cut" else b"once upon a time")

    async def look(tui: Tui) -> None:
        await troubled(tui)
        assert "exodsl tui --db FILE" in tui.text()
        assert "Traceback" not in tui.text()

    drive(look)


def test_a_newer_schema_names_both_numbers(drive: Drive, database: Path) -> None:
    open_manager(str(database)).close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
        connection.commit()

    async def look(tui: Tui) -> None:
        await troubled(tui)
        assert "schema 99" in tui.text()
        assert "reads schema" in " ".join(tui.text().split())

    drive(look)


def test_an_older_schema_is_brought_up_to_date_by_a_key(drive: Drive, database: Path) -> None:
    shutil.copy(OLD, database)

    async def look(tui: Tui) -> None:
        await troubled(tui)
        assert "written by an earlier exodsl" in tui.text()
        await tui.pilot.press("u")
        await tui.shows("1 Runs")
        assert isinstance(tui.app.screen, HomeScreen)

    drive(look)


def test_read_only_an_older_schema_stays_as_it_is(drive: Drive, database: Path) -> None:
    shutil.copy(OLD, database)
    before = database.read_bytes()

    async def look(tui: Tui) -> None:
        await troubled(tui)
        await tui.pilot.press("u")
        await tui.pilot.pause()
        assert isinstance(tui.app.screen, TroubleScreen)

    drive(look, read_only=True)
    assert database.read_bytes() == before


def test_what_is_lost_stays_on_the_screen_with_its_age_and_comes_back(
    drive: Drive, database: Path, manager: StateManager, start: Begin
) -> None:
    samples.done(start)
    away = database.with_name("away.db")
    manager.close()

    async def look(tui: Tui) -> None:
        assert "greeting" in tui.text()
        database.rename(away)
        await tui.shows("[lost]")
        drive.clock.now_ms += 90_000
        await tui.shows("What you see is 1m30s old")
        assert "greeting" in tui.text()
        assert tui.app.screen.has_class("-lost")
        await tui.pilot.press("2")
        await tui.shows("reading . . .")
        assert "no graphs yet" not in tui.text()
        away.rename(database)
        await tui.pilot.press("ctrl+r")
        await tui.shows("[live]")
        assert not tui.app.screen.has_class("-lost")
        assert "reading" not in tui.text()

    drive(look, size=(160, 24))


def test_a_terminal_that_is_too_small_is_told_what_is_needed(drive: Drive, start: Begin) -> None:
    samples.done(start)

    async def look(tui: Tui) -> None:
        assert "exodsl needs 60x15, this is 50x10" in tui.text()
        await tui.pilot.resize_terminal(80, 24)
        await tui.shows("greeting")
        await tui.pilot.resize_terminal(59, 24)
        await tui.shows("exodsl needs 60x15, this is 59x24")

    drive(look, size=(50, 10))
