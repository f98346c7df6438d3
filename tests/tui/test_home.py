"""The first screen: runs, graphs, schedules and nodes, and the keys of lists."""

from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from exodsl.manager.protocol import StateManager, Trigger
from exodsl_tui.links import HomeLink, RunLink
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.home import HomeScreen
from exodsl_tui.widgets.paged_table import PagedTable
from exodsl_tui.widgets.table import Table
from tests.manager.byhand import Clock, draw, give, serves
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui

SIZES = [(80, 24), (120, 40)]
TABS = ["runs", "graphs", "schedules", "nodes"]
NIGHTLY = draw(
    "ask > tell",
    name="nightly",
    namespace="reports",
    parts={
        "ask": {
            "inputs_schema": {
                "type": "object",
                "properties": {"day": {"type": "string"}, "most": {"type": "integer"}},
            },
            "outputs_schema": {"type": "object", "properties": {"rows": {"type": "array", "items": {}}}},
            "secrets": ["token"],
        }
    },
    secrets={"token": "env:TOKEN"},
    triggers=[{"type": "CRON", "value": {"expression": "0 6 * * MON-FRI", "tz": "Europe/Berlin"}}],
)


@pytest.fixture
def filled(manager: StateManager, start: Begin, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with runs of all kinds, a schedule, and a runtime."""
    monkeypatch.setenv("TOKEN", "not to be seen")
    samples.done(start)
    samples.ended(start)
    manager.upsert(NIGHTLY)
    session = manager.open_session("ana-1", serves(NIGHTLY))
    clock.now_ms += 3 * 86_400_000
    manager.exchange(session, (), 0)
    paused = start(draw("long > wait", name="import"))
    manager.pause(paused.run_id)
    samples.going(start)
    clock.now_ms += 1_000


@pytest.fixture
def many(manager: StateManager) -> list[str]:
    """A database with 300 runs; returns their ids, the newest first."""
    manager.upsert(draw("a > b", name="small"))
    return manager.trigger([Trigger("default", "small") for _ in range(300)])[::-1]


def home(tui: Tui) -> HomeScreen:
    """Return the first screen."""
    screen = tui.app.screen_stack[1]
    assert isinstance(screen, HomeScreen)
    return screen


def table(tui: Tui) -> Table:
    """Return the list that is seen."""
    return home(tui).pane.query_one(Table)


def current(tui: Tui) -> Any:
    """Return the row that the cursor is on."""
    return table(tui).current


def names(tui: Tui) -> list[str]:
    """Return the names of the rows of a list, from the first on."""
    rows: list[Any] = [table(tui).row(at) for at in range(table(tui).height)]
    return [row.name for row in rows]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("tab", TABS)
def test_lists(drive: Drive, snapshot: SnapshotAssertion, tab: str, size: tuple[int, int]) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=tab, size=size)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("tab", TABS)
def test_lists_in_plain_characters(drive: Drive, snapshot: SnapshotAssertion, tab: str) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text().isascii()
        assert tui.text() == snapshot

    drive(look, link=tab, ascii=True, size=(120, 24))


@pytest.mark.usefixtures("filled")
def test_without_colours_everything_is_still_said(
    drive: Drive, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def look(tui: Tui) -> None:
        assert tui.app.no_color
        assert tui.text() == snapshot

    drive(look, link="runs")


@pytest.mark.usefixtures("filled")
def test_light_terminals_have_dark_letters(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        assert tui.app.current_theme.name == "exodsl-light"
        assert tui.app.screen.styles.background.brightness > 0.9
        assert "etl" in tui.text()

    drive(look, link="runs", light=True)


@pytest.mark.usefixtures("manager")
def test_an_empty_database_says_how_to_start_a_run(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        assert "exodsl run FILE.py" in tui.text()

    drive(look)


@pytest.mark.usefixtures("filled")
def test_digits_and_brackets_open_tabs(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("3")
        assert home(tui).link == HomeLink("schedules")
        await tui.press("]")
        assert home(tui).link == HomeLink("nodes")
        await tui.press("]", "[", "[")
        assert home(tui).link == HomeLink("schedules")

    drive(look)


@pytest.mark.usefixtures("filled")
def test_what_needs_somebody_is_one_key_away_and_stands_in_the_link(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("!")
        assert home(tui).link == HomeLink("runs", "status:failed,paused")
        assert "status:failed,paused" in tui.text().splitlines()[0]
        assert "2 runs" in tui.text()
        await tui.press("2", "1")
        assert "2 runs" in tui.text()
        await tui.press("!")
        assert home(tui).link == HomeLink("runs")

    drive(look)


@pytest.mark.usefixtures("filled")
def test_the_runs_of_a_graph_are_one_key_away(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("2", "n", "enter")
        assert home(tui).link == HomeLink("runs", "graph:etl")
        assert "2 runs" in tui.text()

    drive(look)


@pytest.mark.usefixtures("filled")
def test_a_run_opens_and_esc_comes_back(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("enter")
        screen = tui.app.screen
        assert isinstance(screen, InspectorScreen)
        assert isinstance(screen.link, RunLink)
        await tui.press("escape")
        assert tui.app.screen is home(tui)

    drive(look)


def test_the_newest_run_appears_and_the_cursor_stays_on_its_run(
    drive: Drive, manager: StateManager, many: list[str]
) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("j", "j")
        assert current(tui).run_id == many[2]
        (new,) = manager.trigger([Trigger("default", "small")])
        await tui.shows(new[-8:])
        assert current(tui).run_id == many[2]
        assert table(tui).cursor == 3

    drive(look)


def test_frozen_lists_stay_as_they_are(drive: Drive, manager: StateManager, many: list[str]) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("f")
        (new,) = manager.trigger([Trigger("default", "small")])
        assert "frozen" in tui.text().splitlines()[0]
        assert new[-8:] not in tui.text()
        await tui.press("f")
        await tui.shows(new[-8:])

    drive(look)


def test_keys_move_through_a_list_that_comes_in_pages(drive: Drive, many: list[str]) -> None:
    async def look(tui: Tui) -> None:
        runs = table(tui)
        await tui.press("G")
        await tui.until(lambda: current(tui) is not None and current(tui).run_id == many[-1])
        assert "300 runs" in tui.text()
        await tui.press("k")
        assert current(tui).run_id == many[-2]
        await tui.press("g")
        assert current(tui).run_id == many[0]
        await tui.press("pagedown")
        assert runs.cursor > 10

    drive(look)


def test_rows_are_marked_one_by_one_in_ranges_and_all_at_once(drive: Drive, many: list[str]) -> None:
    async def look(tui: Tui) -> None:
        runs = table(tui)
        await tui.press("space", "space")
        assert runs.marks == {many[0], many[1]}
        assert "2 marked" in tui.text()
        await tui.press("escape")
        assert not runs.marks
        await tui.press("g", "v", "j", "j", "v")
        assert runs.marks == set(many[:3])
        await tui.press("a")
        assert runs.all_marked
        assert "all that match are marked" in tui.text()

    drive(look)


def test_a_range_reaches_rows_that_were_never_seen(drive: Drive, many: list[str]) -> None:
    async def look(tui: Tui) -> None:
        runs = table(tui)
        await tui.press("v", "G")
        await tui.until(lambda: current(tui) is not None and current(tui).run_id == many[-1])
        await tui.press("v")
        await tui.until(lambda: len(runs.marks) == 300)

    drive(look)


@pytest.mark.usefixtures("filled")
def test_n_goes_from_failure_to_failure(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        runs = table(tui)
        await tui.press("n")
        assert current(tui).status == "FAILED"
        await tui.press("g", "N")
        assert runs.cursor == 0

    drive(look)


@pytest.mark.usefixtures("filled")
def test_columns_can_be_hidden(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        assert "progress" in tui.text()
        await tui.press("c", "j", "space", "enter")
        assert "progress" not in tui.text()
        assert "states" in tui.text()

    drive(look)


@pytest.mark.usefixtures("filled")
def test_a_list_in_memory_is_sorted_by_its_columns(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        graphs = table(tui)
        before = names(tui)
        await tui.press("s")
        assert names(tui) != before
        assert "graph v" in tui.text()
        for _ in range(10):
            await tui.press("s")
            if graphs.sorted_by is None:
                break
        assert names(tui) == before

    drive(look, link="graphs")


@pytest.mark.usefixtures("filled")
def test_a_click_moves_the_cursor_and_two_open(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.pilot.click(PagedTable, offset=(10, 2))
        await tui.settled()
        assert table(tui).cursor == 1
        await tui.pilot.click(PagedTable, offset=(10, 3), times=2)
        await tui.settled()
        assert len(tui.app.screen_stack) == 3

    drive(look)


@pytest.mark.usefixtures("filled")
def test_a_click_opens_a_tab(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.pilot.click("#tabs", offset=(12, 0))
        await tui.settled()
        assert home(tui).link == HomeLink("graphs")

    drive(look)


@pytest.mark.usefixtures("filled")
def test_the_larger_pane_takes_all_the_room(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        assert "takes" in tui.text()
        await tui.press("+")
        assert "takes" not in tui.text()
        await tui.press("_")
        assert "takes" in tui.text()
        await tui.press("tab", "+")
        assert "takes" in tui.text()
        assert "served by" not in tui.text().splitlines()[2]

    drive(look, link="nodes", size=(130, 40))


def test_q_leaves_the_inspector_from_the_first_screen(drive: Drive, manager: StateManager) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("q")
        await tui.until(lambda: not tui.app.is_running)

    drive(look)


def test_names_cannot_write_markup_or_steer_the_terminal(drive: Drive, start: Begin) -> None:
    run = start(draw("a > b", name="[bold]x[/] \x1b[31m"))
    run.work(a=give({}))

    async def look(tui: Tui) -> None:
        assert "[bold]x[/] \\x1b[31m" in tui.text()

    drive(look, size=(120, 24))
