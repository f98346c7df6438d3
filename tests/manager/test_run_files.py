"""One run as a file of its own: it opens like any database, and is what the run was at one moment."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from exodsl.engine.notes import Line, Notes, Progressed
from exodsl.errors import DatabaseUnusable, RunNotFound
from exodsl.manager.protocol import StateManager
from tests.manager.audit import Audit
from tests.manager.byhand import ByHand, Clock, fail, give, numbers, put, report, serves
from tests.manager.conftest import Begin, Open

SHAPE: dict[str, Any] = {
    "arrows": "split* > work, work > end",
    "unites": {"end": "split!"},
    "inputs": {"work": {"n": "${{ split.outputs.n }}"}},
    "keep_store": True,
}
LARGE = "x" * 300_000


def worked(run: Begin) -> ByHand:
    """Work a run to its end that has a failure, a large value and a store."""
    begun = run(**SHAPE)
    outputs = [{"n": n} for n in (*range(6), LARGE)]
    begun.work(
        split=give(*outputs, writes=[put("seen", 7)]), work=lambda inputs: fail() if inputs["n"] == 3 else give({})
    )
    return begun


def everything(manager: StateManager, run_id: str) -> list[Any]:
    """Return all that can be seen of a run."""
    states = manager.states(run_id, limit=1_000, whole=True).items
    return [
        manager.run(run_id),
        states,
        manager.gates(run_id, limit=1_000),
        manager.progress(run_id),
        manager.read_store(run_id),
        [manager.notes(state.state_id) for state in states],
    ]


def test_a_run_in_a_file_of_its_own_is_the_run_that_it_was(
    run: Begin, manager: StateManager, manage: Open, tmp_path: Path
) -> None:
    begun = worked(run)
    count = manager.export_run(begun.run_id, tmp_path / "copy.db")
    copy = manage(tmp_path / "copy.db")

    assert everything(copy, begun.run_id) == everything(manager, begun.run_id)
    assert count == len(begun.states())
    assert copy.template("default", begun.template.name) == begun.template
    assert [path.name for path in tmp_path.glob("copy.db*.part")] == []


def test_nothing_of_other_runs_comes_along(run: Begin, manager: StateManager, manage: Open, tmp_path: Path) -> None:
    worked(run)
    begun = worked(run)
    manager.export_run(begun.run_id, tmp_path / "copy.db")
    copy = manage(tmp_path / "copy.db")

    assert [one.run_id for one in copy.runs().items] == [begun.run_id]
    assert len(copy.states(begun.run_id, limit=1_000).items) == len(begun.states())


def test_a_run_that_goes_on_comes_without_its_leases_and_can_go_on_in_its_copy(
    run: Begin, manager: StateManager, manage: Open, clock: Clock, tmp_path: Path
) -> None:
    begun = run(**SHAPE)
    begun.exchange(report(begun.take()[0], numbers(400)), capacity=3)
    manager.export_run(begun.run_id, tmp_path / "copy.db")
    copy = manage(tmp_path / "copy.db")
    statuses = {state.status for state in copy.states(begun.run_id, identifier="work", limit=1_000).items}
    there = ByHand(copy, clock, begun.template, begun.run_id, copy.open_session("there", serves(begun.template)))

    assert statuses == {"CREATED"}
    assert there.work() == "SUCCESS"
    assert len(there.states("work")) == 400
    assert begun.work() == "SUCCESS"


def test_what_bodies_told_comes_along(run: Begin, manager: StateManager, manage: Open, tmp_path: Path) -> None:
    begun = run("a > b")
    (claim,) = begun.take()
    told = Notes(claim.state_id, claim.lease, (Line(1, 20, "half way"),), 0, Progressed(1, 1.0, 2.0, "pages"))
    manager.exchange(begun.session, [report(claim)], 0, [told])
    manager.export_run(begun.run_id, tmp_path / "copy.db")

    assert manage(tmp_path / "copy.db").notes(claim.state_id) == manager.notes(claim.state_id)


def test_the_counters_of_a_copy_add_up(run: Begin, manager: StateManager, tmp_path: Path) -> None:
    begun = run(**SHAPE)
    begun.exchange(report(begun.take()[0], numbers(5)), capacity=3)
    manager.export_run(begun.run_id, tmp_path / "copy.db")
    connection = sqlite3.connect(tmp_path / "copy.db")
    Audit(connection, begun.template.nodes).check()
    held = connection.execute("SELECT count(*) FROM state WHERE lease <> 0 AND status IN (0, 1)").fetchone()
    places = [connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("session", "secret")]
    connection.close()

    assert (held, places) == ((0,), [(0,), (0,)])


def test_a_file_that_is_there_is_left_as_it_is(run: Begin, manager: StateManager, tmp_path: Path) -> None:
    begun = run("a > b")
    taken = tmp_path / "notes.txt"
    taken.write_text("mine")
    with pytest.raises(DatabaseUnusable, match="is there already"):
        manager.export_run(begun.run_id, taken)

    assert taken.read_text() == "mine"


def test_a_file_that_cannot_be_written_is_refused(run: Begin, manager: StateManager, tmp_path: Path) -> None:
    begun = run("a > b")
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        manager.export_run(begun.run_id, tmp_path / "nowhere" / "copy.db")


def test_nothing_is_left_of_an_export_that_fails(
    run: Begin, manager: StateManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = run("a > b")
    monkeypatch.setattr(Path, "replace", _full_disk)
    with pytest.raises(DatabaseUnusable, match="No space"):
        manager.export_run(begun.run_id, tmp_path / "copy.db")

    assert list(tmp_path.glob("copy.db*")) == []


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_run_that_is_not_there_makes_no_file(manager: StateManager, tmp_path: Path) -> None:
    with pytest.raises(RunNotFound):
        manager.export_run("0" * 8, tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()
