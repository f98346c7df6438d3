"""Runs that ended long ago are removed, while others work on the same database (semantics 3)."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exodsl.database.cleaning import Old, mark, old_runs
from exodsl.database.sqlite import Sqlite
from exodsl.errors import GraphNotFound, InputInvalid, RunNotFound, StateNotFound
from exodsl.manager import cleaning
from exodsl.manager.protocol import Serves, StateManager, Trigger
from exodsl.manager.views import Cleaned
from tests.manager.byhand import ByHand, Clock, begin, draw, fail, give, numbers, put, report
from tests.manager.conftest import Begin, Open

DAY_MS = 86_400_000
MONTH = timedelta(days=30)
NOW = timedelta(0)
OF_A_RUN = (
    "run",
    "state",
    "gate",
    "manual_retry",
    "node_count",
    "store_entry",
    "spill",
    "large_value",
    "log_line",
    "progress",
)
FAN = draw(
    "root* > work, work > end",
    unites={"end": "root"},
    inputs={"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
    name="fan",
    keep_store=True,
)
DEEDS: dict[str, Any] = {"root": numbers(3), "work": lambda inputs: give(inputs, writes=[put("n", inputs["n"])])}


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each transaction remove one row."""
    for limit in ("FIRST", "SMALLEST", "LARGEST"):
        monkeypatch.setattr(cleaning, limit, 1)


def worked(manager: StateManager, clock: Clock, **deeds: Any) -> ByHand:
    """A run of the fan that has ended."""
    begun = begin(manager, clock, FAN)
    begun.work(**DEEDS | deeds)
    return begun


def counted(cleaned: Cleaned) -> tuple[int, int, int]:
    """Return the runs, states and versions that were removed."""
    return cleaned.runs, cleaned.states, cleaned.versions


def rows(file: Path) -> dict[str, int]:
    """Count what is left of runs, in every table that knows them."""
    with closing(sqlite3.connect(file)) as connection:
        found = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in OF_A_RUN}
    return {table: count for table, count in found.items() if count}


def test_what_ended_long_ago_goes_with_all_that_belongs_to_it(manage: Open, file: Path, clock: Clock) -> None:
    manager = manage()
    old = worked(manager, clock)
    clock.now_ms += 31 * DAY_MS
    state = old.state("end").state_id
    cleaned = manager.clean(MONTH)

    assert (counted(cleaned), cleaned.left, rows(file)) == ((1, 7, 0), False, {})
    with pytest.raises(RunNotFound):
        manager.run(old.run_id)
    with pytest.raises(StateNotFound):
        manager.state(state)


@pytest.mark.usefixtures("small_pieces")
def test_every_table_that_knows_of_runs_forgets_them(manage: Open, file: Path, clock: Clock) -> None:
    """More lines of a log than fit in one piece included; a tick stays, without its run."""
    manager = manage()
    worked(manager, clock)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("INSERT INTO spill (state_id, first, body) SELECT id, 0, '[]' FROM state")
        other.execute("INSERT INTO progress (state_id, done, note, at) SELECT id, '1', '', 0 FROM state")
        other.execute("INSERT INTO large_value (run_id, digest, body) SELECT 1, id, 'x' FROM state")
        other.execute("INSERT INTO manual_retry (run_id, node, word) SELECT 1, 1, id FROM state")
        other.execute(
            "INSERT INTO log_line (state_id, number, at, level, message)"
            " SELECT s.id, o.id, 0, 20, 'x' FROM state AS s, state AS o"
        )
        other.execute("INSERT INTO tick (schedule_id, at, outcome, run_id) VALUES (1, 0, 'STARTED', 1)")
    full = rows(file)
    manager.clean(NOW)

    assert (set(full), rows(file)) == (set(OF_A_RUN), {})
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT run_id FROM tick").fetchall() == [(None,)]


def test_no_table_knows_of_runs_that_cleaning_does_not_know(manage: Open, file: Path) -> None:
    manage()
    with closing(sqlite3.connect(file)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")} for table in tables}

    assert {table for table in tables if columns[table] & {"run_id", "state_id"}} == {*OF_A_RUN, "session", "tick"}


def test_what_ended_later_stays(run: Begin, manager: StateManager) -> None:
    begun = run("root")
    begun.work()
    begun.clock.now_ms += 29 * DAY_MS

    assert counted(manager.clean(MONTH)) == (0, 0, 0)
    assert begun.ends() == ["SUCCESS"]


def test_a_run_that_goes_on_is_never_touched(manager: StateManager, clock: Clock) -> None:
    paused, running, retried = (begin(manager, clock, FAN) for _ in range(3))
    manager.pause(paused.run_id)
    running.take()
    retried.work(root=fail())
    manager.retry(retried.run_id)
    clock.now_ms += 365 * DAY_MS

    assert counted(manager.clean(NOW)) == (0, 0, 0)
    assert [manager.run(one.run_id).status for one in (paused, running, retried)] == ["PAUSED", "RUNNING", "RUNNING"]


@pytest.mark.parametrize(("chosen", "stay"), [("SUCCESS", ["FAILED"]), ("FAILED", ["SUCCESS"])])
def test_runs_are_chosen_by_how_they_ended(manager: StateManager, clock: Clock, chosen: Any, stay: list[str]) -> None:
    worked(manager, clock)
    worked(manager, clock, root=fail())
    manager.clean(NOW, statuses=[chosen])

    assert [run.status for run in manager.runs().items] == stay


def test_runs_are_chosen_by_their_graph(manager: StateManager, clock: Clock) -> None:
    for name, namespace in (("a", "default"), ("b", "default"), ("a", "other")):
        begin(manager, clock, draw("root", name=name, namespace=namespace)).work()
    manager.clean(NOW, namespace="default", graph="a")

    assert [(run.graph, run.namespace) for run in manager.runs().items] == [("a", "other"), ("b", "default")]


@pytest.mark.parametrize("status", ["RUNNING", "PAUSED", "GONE"])
def test_a_status_of_runs_that_go_on_is_refused(manager: StateManager, status: Any) -> None:
    with pytest.raises(InputInvalid, match=f"{status} are never cleaned up"):
        manager.clean(NOW, statuses=[status])


def test_a_time_below_0_is_refused(manager: StateManager) -> None:
    with pytest.raises(InputInvalid, match="0 or more"):
        manager.clean(timedelta(days=-1))


def test_a_dry_run_says_what_would_go_and_changes_nothing(manager: StateManager, clock: Clock) -> None:
    old = worked(manager, clock)
    manager.upsert(draw("root", name="fan"))
    clock.now_ms += 31 * DAY_MS
    worked_later = begin(manager, clock, draw("root", name="fan"))
    worked_later.work()
    foreseen = manager.clean(MONTH, dry_run=True)

    assert counted(foreseen) == counted(manager.clean(MONTH)) == (1, 7, 1)
    assert foreseen.left
    assert foreseen.file_bytes > foreseen.free_bytes > 0
    assert [run.run_id for run in manager.runs().items] == [worked_later.run_id] != [old.run_id]


def test_room_that_becomes_free_is_told_and_used_again(manage: Open, file: Path, clock: Clock) -> None:
    """A server finds out what is free in its own time."""
    manager = manage()
    wide = {"root": numbers(1_500)}
    worked(manager, clock, **wide)
    cleaned = manager.clean(NOW)
    worked(manager, clock, **wide)
    after = manager.clean(NOW, dry_run=True)

    assert cleaned.free_bytes > cleaned.file_bytes / 2
    assert after.file_bytes < 1.2 * cleaned.file_bytes


@pytest.mark.usefixtures("small_pieces")
def test_a_run_is_removed_in_pieces_and_can_be_left_in_between(manager: StateManager, clock: Clock) -> None:
    """Nobody sees a run again of which a part is gone, and the next cleaning takes up what is left."""
    begun = worked(manager, clock)
    seen: list[int] = []

    def enough() -> bool:
        seen.append(len(manager.runs().items))
        return len(seen) > 2

    first = manager.clean(NOW, stop=enough)
    with pytest.raises(RunNotFound):
        manager.rerun(begun.run_id, 1)
    second = manager.clean(timedelta(days=999))

    assert (seen, first.runs, first.states, first.left) == ([1, 0, 0], 0, 2, True)
    assert (counted(second), second.left) == ((1, 5, 0), False)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("act", ["retry", "cancel", "pause", "resume", "progress", "states", "gates", "read_store"])
def test_a_run_on_its_way_out_refuses_whatever_is_asked_of_it(manager: StateManager, clock: Clock, act: str) -> None:
    begun = worked(manager, clock, root=fail())
    stops = iter([False, True])
    manager.clean(NOW, stop=lambda: next(stops))

    with pytest.raises(RunNotFound):
        getattr(manager, act)(begun.run_id)
    assert manager.runs().items == ()


@pytest.mark.usefixtures("small_pieces")
def test_an_idempotency_key_is_free_again(manager: StateManager, clock: Clock) -> None:
    begun = worked(manager, clock)
    once = Trigger("default", "fan", idempotency_key="once")
    (first,) = manager.trigger([once])
    manager.cancel(first)
    assert manager.trigger([once]) == [first]
    stops = iter([False, True])
    manager.clean(NOW, stop=lambda: next(stops))
    (second,) = manager.trigger([once])

    assert begun.run_id != first != second
    assert manager.run(second).status == "RUNNING"


def test_keys_never_come_again(manage: Open, file: Path, clock: Clock) -> None:
    """Another process remembers what they meant."""
    here, elsewhere = manage(), manage()
    old = worked(here, clock)
    known = [state.state_id for state in ByHand(elsewhere, clock, FAN, old.run_id, 0).states()]
    here.clean(NOW)
    new = worked(elsewhere, clock)

    assert min(state.state_id for state in new.states()) > max(known)
    assert [state.identifier for state in ByHand(here, clock, FAN, new.run_id, 0).states()] == [
        state.identifier for state in new.states()
    ]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT id FROM run").fetchall() == [(2,)]


def test_versions_that_were_replaced_go_with_their_last_run(manager: StateManager, clock: Clock) -> None:
    """All but the newest, which nothing needs to have used."""
    first = begin(manager, clock, draw("root", name="fan"))
    first.work()
    live = begin(manager, clock, draw("live > leaf", name="fan"))
    begin(manager, clock, FAN).work(**DEEDS)
    manager.upsert(draw("root > other", name="fan"))

    assert counted(manager.clean(NOW)) == (2, 8, 2)
    for version in (1, 3):
        with pytest.raises(GraphNotFound, match=f"no version {version}"):
            manager.template("default", "fan", version)
    assert (live.work(), manager.upsert(draw("root", name="fan"))) == ("SUCCESS", 5)


def test_a_version_stays_that_was_replaced_only_now(manager: StateManager, clock: Clock) -> None:
    """Somebody may be about to trigger it."""
    manager.upsert(draw("root", name="fan"))
    clock.now_ms += 31 * DAY_MS
    manager.upsert(FAN)

    assert counted(manager.clean(MONTH)) == (0, 0, 0)
    assert manager.trigger([Trigger("default", "fan", version=1)])


def test_what_another_process_knows_of_versions_stays_right(manage: Open, clock: Clock) -> None:
    here, elsewhere = manage(), manage()
    begin(elsewhere, clock, draw("root", name="fan")).work()
    session = elsewhere.open_session("elsewhere", Serves({("default", "fan"): frozenset({"root", "work", "end"})}))
    here.upsert(FAN)
    here.clean(NOW)
    again = draw("root > work", name="fan")
    (run_id,) = here.trigger([Trigger("default", "fan", version=here.upsert(again))])
    (claim,) = elsewhere.exchange(session, [], 10).claims

    assert (claim.run_id, elsewhere.run(run_id).version) == (run_id, 3)
    with pytest.raises(GraphNotFound):
        elsewhere.trigger([Trigger("default", "fan", version=1)])


@pytest.mark.parametrize("known", [True, False])
def test_an_outcome_that_comes_after_the_cleaning_is_refused(manage: Open, clock: Clock, known: bool) -> None:
    """The run was cancelled and removed while a body ran; the others of the exchange are recorded."""
    here, elsewhere = manage(), manage()
    gone, stays = (begin(elsewhere, clock, draw("root > leaf", name=name)) for name in ("gone", "stays"))
    (late,), (fine,) = gone.take(), stays.take()
    here.cancel(gone.run_id)
    here.clean(NOW)
    if not known:
        with pytest.raises(GraphNotFound):  # what is rolled back makes it read runs anew
            elsewhere.trigger([Trigger("default", "nowhere")])
    answer = elsewhere.exchange(gone.session, [report(late)], 10)
    stays.tell(report(fine))

    assert (answer.refused, stays.ends("root")) == ((late.state_id,), ["SUCCESS"])


def test_a_run_that_is_retried_after_it_was_found_stays(manage: Open, file: Path, clock: Clock) -> None:
    manager = manage()
    begun = worked(manager, clock, root=fail())
    database, old = Sqlite(file), Old(clock.now_ms)
    with database.reading() as connection:
        found = old_runs(connection, old, 10)
    manager.retry(begun.run_id)
    with database.transaction() as connection:
        marked = mark(connection, old, found)
    database.close()

    assert (len(found), marked, manager.run(begun.run_id).status) == (1, 0, "RUNNING")


def test_others_work_while_a_large_run_is_removed(manage: Open, clock: Clock) -> None:
    here, elsewhere = manage(), manage()
    old = worked(here, clock, root=numbers(1_500))
    clock.now_ms += 31 * DAY_MS
    other = begin(elsewhere, clock, FAN)
    cleaner = threading.Thread(target=here.clean, args=(MONTH,))
    cleaner.start()
    done = [other.work(**DEEDS)]
    while cleaner.is_alive():
        (other.run_id,) = elsewhere.trigger([Trigger("default", "fan")])
        done.append(other.work(**DEEDS))
    cleaner.join()

    left = [run.run_id for run in here.runs(limit=10_000).items]
    assert (len(left), set(done), old.run_id in left) == (len(done), {"SUCCESS"}, False)


KILLED = """
import os, sys
from datetime import timedelta
from exodsl.manager import cleaning
from exodsl.manager.opening import open_manager
cleaning.FIRST = cleaning.SMALLEST = cleaning.LARGEST = 100
asked = iter([False, False, False])
open_manager(sys.argv[1]).clean(timedelta(0), stop=lambda: next(asked, None) is None and os.kill(os.getpid(), 9))
"""


def test_a_cleaning_that_is_killed_is_finished_by_the_next(manage: Open, file: Path, clock: Clock) -> None:
    manager = manage()
    clock.now_ms = 1_700_000_000_000
    worked(manager, clock, root=numbers(500))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file)], timeout=60)
    left = rows(file)
    cleaned = manager.clean(timedelta(days=9_999))

    assert killed.returncode == -9
    assert (left["run"], left["state"]) == (1, 701)
    assert (counted(cleaned), rows(file)) == ((1, 701, 0), {})
