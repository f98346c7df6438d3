"""What leaves the inspector: copied texts, and files that overwrite nothing."""

from __future__ import annotations

import csv
import json
import shlex
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from exodsl.cli.app import app
from exodsl.errors import InputInvalid
from exodsl.manager.filter_text import state_filter
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl_tui.actions.aim import Aim
from exodsl_tui.actions.copying import copies
from exodsl_tui.actions.exporting import STATE_COLUMNS, listed, states_of
from exodsl_tui.actions.files import check_new, complete_path
from exodsl_tui.actions.work import Watch
from exodsl_tui.links import HomeLink, RunLink, StateLink, parse, spell
from exodsl_tui.screens.base import InspectorScreen
from tests.manager.byhand import ByHand
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui


@pytest.fixture
def ended(start: Begin) -> ByHand:
    """A run that failed."""
    return samples.ended(start)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, where files are written."""
    made = tmp_path / "out"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def failed(run: ByHand) -> str:
    return spell(RunLink(run.run_id, "states", "status:failed"))


async def export(tui: Tui, key: str, name: str) -> None:
    """Choose a form, take the name that is offered, and wait until the file is there."""
    await tui.press("e", key)
    await tui.shows(name)
    await tui.press("enter")
    await tui.shows("Written:")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("l", "run/{run}/state/{state}/error"),
        ("i", "{state}"),
        ("r", "{run_id}"),
        ("n", '{"lang": "th", "n": 2}'),
        ("e", "tests.Broken: cannot read page 2"),
        ("c", "exodsl state {state} --db {db}"),
    ],
)
def test_what_is_copied_of_a_state(drive: Drive, ended: ByHand, database: Path, key: str, text: str) -> None:
    state = ended.manager.states(ended.run_id, status="ERRORED").items[0].state_id
    wanted = (
        text
        if text.startswith("{" + '"')
        else text.format(run=ended.run_id[-8:], run_id=ended.run_id, state=state, db=database)
    )

    async def look(tui: Tui) -> None:
        await tui.shows("cannot read page 2")
        await tui.press("y", key)
        await tui.shows("Copied")
        assert tui.app.clipboard == wanted

    drive(look, link=spell(StateLink(ended.run_id, state)))


def test_what_is_copied_of_a_list_of_runs(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows("etl")
        await tui.press("y", "l")
        assert tui.app.clipboard == "runs?graph:etl"
        await tui.press("y", "down", "enter")
        assert tui.app.clipboard == ended.run_id

    drive(look, link="runs?graph:etl")


@pytest.mark.parametrize("link", ["runs", "graphs", "schedules", "nodes"])
def test_the_command_that_is_copied_of_a_list_is_one(link: str, database: Path, manager: StateManager) -> None:
    copied = {copy.key: copy.text for copy in copies(Aim(), parse(link), link, str(database))}["c"]
    assert isinstance(copied, str)

    assert CliRunner().invoke(app, shlex.split(copied)[1:], catch_exceptions=False).exit_code == 0


def test_no_command_that_is_copied_has_a_password() -> None:
    uri = "postgresql://workflows:secret@db.example.com/workflows"
    copied = {copy.key: copy.text for copy in copies(Aim(), HomeLink(), "runs", uri)}["c"]

    assert copied == "exodsl runs --db 'postgresql://workflows:***@db.example.com/workflows'"


def test_the_screen_is_written_as_a_picture(drive: Drive, ended: ByHand, folder: Path) -> None:
    async def look(tui: Tui) -> None:
        name = f"run-{ended.run_id[-8:]}.svg"
        await export(tui, "s", name)
        text = (folder / name).read_text()
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "parse" in text

    drive(look, link=failed(ended))


def test_the_graph_is_written_with_its_counts(drive: Drive, ended: ByHand, folder: Path) -> None:
    async def look(tui: Tui) -> None:
        name = f"run-{ended.run_id[-8:]}.mmd"
        await export(tui, "m", name)
        text = (folder / name).read_text()
        assert "flowchart TD" in text
        assert "24/24" in text

    drive(look, link=spell(RunLink(ended.run_id)))


def test_what_a_filter_shows_is_written_as_csv(drive: Drive, ended: ByHand, folder: Path) -> None:
    async def look(tui: Tui) -> None:
        name = f"run-{ended.run_id[-8:]}.csv"
        await export(tui, "c", name)
        with (folder / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["status"] for row in rows] == ["ERRORED"] * 8
        assert rows[0]["error"] == "tests.Broken: cannot read page 2"

    drive(look, link=failed(ended))


def test_states_are_written_as_json_with_their_values(drive: Drive, ended: ByHand, folder: Path) -> None:
    async def look(tui: Tui) -> None:
        name = f"run-{ended.run_id[-8:]}.json"
        await export(tui, "j", name)
        states = json.loads((folder / name).read_text())
        assert [state["inputs"]["lang"] for state in states] == ["th"] * 8

    drive(look, link=failed(ended))


@pytest.mark.parametrize(("key", "name"), [("c", "runs.csv"), ("j", "runs.json")])
def test_runs_are_written(drive: Drive, ended: ByHand, folder: Path, key: str, name: str) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows("etl")
        await export(tui, key, name)
        assert ended.run_id in (folder / name).read_text()

    drive(look, read_only=True)


def test_a_run_is_written_into_a_file_that_opens(drive: Drive, ended: ByHand, folder: Path) -> None:
    name = f"run-{ended.run_id[-8:]}.db"

    async def look(tui: Tui) -> None:
        await export(tui, "r", name)

    drive(look, link=spell(RunLink(ended.run_id)))
    with closing(open_manager(str(folder / name), read_only=True)) as copy:
        assert [run.run_id for run in copy.runs().items] == [ended.run_id]

    async def again(tui: Tui) -> None:
        await tui.shows("etl")

    Drive(folder / name, drive.clock)(again, link=spell(RunLink(ended.run_id)))


def test_nothing_is_overwritten(drive: Drive, ended: ByHand, folder: Path) -> None:
    (folder / "runs.csv").write_text("mine")

    async def look(tui: Tui) -> None:
        await tui.shows("etl")
        await tui.press("e", "c", "enter")
        await tui.shows("nothing is overwritten")
        await tui.press("escape")
        assert isinstance(tui.app.screen, InspectorScreen)

    drive(look)
    assert (folder / "runs.csv").read_text() == "mine"


def test_of_a_file_that_is_stopped_nothing_stays(ended: ByHand, manager: StateManager, folder: Path) -> None:
    watch = Watch()
    job = listed(states_of(ended.run_id, state_filter(""), whole=False), STATE_COLUMNS, "csv", folder / "x.csv")
    watch.stop()

    assert job(manager, watch).said == "Stopped; nothing was written."
    assert not list(folder.iterdir())


def test_a_file_that_appeared_meanwhile_is_left_alone(ended: ByHand, manager: StateManager, folder: Path) -> None:
    job = listed(states_of(ended.run_id, state_filter(""), whole=False), STATE_COLUMNS, "csv", folder / "x.csv")
    (folder / "x.csv").write_text("mine")

    with pytest.raises(InputInvalid, match="cannot be written"):
        job(manager, Watch())

    assert (folder / "x.csv").read_text() == "mine"


def test_a_new_file_needs_a_folder(folder: Path) -> None:
    with pytest.raises(InputInvalid, match="There is no folder"):
        check_new("nowhere/x.csv")


def test_paths_are_completed(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inputs.json").touch()
    (folder / ".hidden").touch()

    assert complete_path("in") == ["inner/", "inputs.json"]
    assert complete_path("") == ["inner/", "inputs.json"]
    assert complete_path("nowhere/") == []
