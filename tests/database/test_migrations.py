"""A database of every earlier schema is brought up to date when it is opened, and all that it holds goes on."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exodsl import resume
from exodsl.api import StateManager
from exodsl.database.migrations import STEPS
from exodsl.database.sqlite import Sqlite
from exodsl.database.tables import SCHEMA_VERSION
from exodsl.dsl.graph import Graph
from exodsl.dsl.loader import load
from exodsl.errors import SchemaMismatch
from exodsl.manager.opening import open_embedded

OLD = Path(__file__).with_name("old")


@pytest.fixture(params=sorted(STEPS))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a database that an earlier exodsl wrote.

    It holds runs that ended well, failed and were cancelled, one that stopped half-way, and a paused one.
    """
    return Path(shutil.copy(OLD / f"schema_{request.param}.db", tmp_path / "old.db"))


def letters() -> Graph[Any, Any]:
    """The workflow that wrote it."""
    return load(str(OLD / "word_letters.py"))


def shape(file: Path) -> dict[str, list[Any]]:
    """Return what makes the tables of a database what they are, but not the order of their columns."""
    with closing(sqlite3.connect(file)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, list[Any]] = {
            table: sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({table})")) for table in tables
        }
        for table in tables:
            indexes = connection.execute(f"PRAGMA index_list({table})").fetchall()
            found[f"{table}'s indexes"] = sorted(
                (unique, origin, partial, *(str(row[2]) for row in connection.execute(f"PRAGMA index_info({name})")))
                for _, name, unique, origin, partial in indexes
            )
    return found


def held_by(file: Path, name: str, until: str) -> None:
    """Announce a runtime of an earlier exodsl, with a lease until some time from now."""
    with closing(sqlite3.connect(file)) as other, other:
        other.execute(
            "INSERT INTO session (id, name, host, process, graphs, lease_until)"
            f" SELECT 9, ?, 'here', '1:', '', (julianday('now', '{until}') - 2440587.5) * 86400000",
            (name,),
        )


def test_the_tables_become_those_of_a_new_database(old: Path, tmp_path: Path) -> None:
    Sqlite(old).close()
    Sqlite(tmp_path / "new.db").close()

    assert shape(old) == shape(tmp_path / "new.db")


def test_every_run_is_still_there(old: Path) -> None:
    with closing(StateManager.open(old)) as manager:
        runs = manager.runs().items
        states = [state for run in runs for state in manager.states(run.run_id).items]

    assert [run.status for run in runs] == ["CANCELLED", "PAUSED", "RUNNING", "FAILED", "SUCCESS"]
    assert [state.outputs for state in states if state.identifier == "total"] == [{"result": 9}]


@pytest.mark.parametrize("status", ["RUNNING", "PAUSED"])
def test_what_had_not_ended_goes_on(old: Path, status: Any) -> None:
    with closing(StateManager.open(old)) as manager:
        (run,) = manager.runs(status=status).items

        assert resume(run.run_id, letters(), manager).output("total") == len("threemorewords")


def test_what_had_failed_can_be_retried_and_what_had_ended_rerun(old: Path) -> None:
    with closing(StateManager.open(old)) as manager:
        (failed,) = manager.runs(status="FAILED").items
        (done,) = manager.runs(status="SUCCESS").items
        (counted, *_) = manager.states(done.run_id, identifier="count").items

        retried = manager.retry(failed.run_id)
        again = manager.rerun(done.run_id, counted.state_id)

        assert len(retried.retried) == 1
        assert resume(again.run_id, letters(), manager).status == "SUCCESS"


def test_what_waits_can_be_claimed_by_the_namespace_of_its_node(old: Path) -> None:
    with closing(open_embedded(str(old))) as manager:
        elsewhere = manager.lend("elsewhere", ["count"], 10, 60_000)
        loans = manager.lend("default", ["count"], 10, 60_000)

        assert (elsewhere, [loan.claim.node_name for loan in loans]) == ((), ["count"] * 3)


def test_a_runtime_at_work_is_not_disturbed(old: Path) -> None:
    held_by(old, "night shift", "+20 seconds")

    with pytest.raises(SchemaMismatch, match='at work in "night shift"') as refused:
        Sqlite(old).close()

    assert f"becomes one of schema {SCHEMA_VERSION}" in str(refused.value)
    with closing(sqlite3.connect(old)) as other:
        assert other.execute("SELECT version FROM schema_version").fetchone()[0] < SCHEMA_VERSION


def test_a_runtime_that_is_long_gone_does_not_hold_it_up(old: Path) -> None:
    held_by(old, "last week", "-7 days")

    Sqlite(old).close()


def test_processes_that_open_it_at_once_bring_it_up_to_date_once(old: Path) -> None:
    first = Sqlite(old)
    Sqlite(old).close()
    first.close()

    with closing(sqlite3.connect(old)) as other:
        assert other.execute("SELECT version FROM schema_version").fetchall() == [(SCHEMA_VERSION,)]
