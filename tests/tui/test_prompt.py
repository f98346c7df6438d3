"""Filters and commands: they are checked while they are typed, completed, and lead somewhere."""

from __future__ import annotations

import pytest

from exodsl.errors import InputInvalid
from exodsl.manager.protocol import StateManager
from exodsl_tui.commands import GoToState, Quit, complete_command, parse_command
from exodsl_tui.links import GateLink, HomeLink, RunLink, StateLink
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.prompt import Prompt
from tests.manager.byhand import draw
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui


@pytest.fixture
def runs(start: Begin) -> list[str]:
    """A run that failed and one that went well."""
    return [samples.ended(start).run_id, samples.done(start).run_id]


def link(tui: Tui) -> object:
    """Return where the inspector is."""
    screen = tui.app.screen
    assert isinstance(screen, InspectorScreen)
    return screen.link


@pytest.mark.usefixtures("runs")
def test_a_filter_is_typed_and_taken_back(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("/")
        await tui.type("status:failed")
        await tui.press("enter")
        assert "etl" in tui.text()
        assert "greeting" not in tui.text()
        assert link(tui) == HomeLink("runs", "status:failed")
        await tui.press("escape")
        assert "greeting" in tui.text()
        assert link(tui) == HomeLink("runs")

    drive(look)


@pytest.mark.usefixtures("runs")
def test_the_column_of_a_mistake_is_marked_and_enter_waits(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("/")
        await tui.type("graph:etl status:x")
        *_, typed, hint = tui.text().splitlines()
        assert hint.index("^") == typed.index("x")
        assert "there is no status" in hint
        await tui.press("enter")
        assert isinstance(tui.app.screen, Prompt)
        await tui.press("escape")
        assert link(tui) == HomeLink("runs")

    drive(look)


@pytest.mark.usefixtures("runs")
def test_tab_completes_fields_and_names(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("/", "g", "r", "tab", "e", "t", "tab", "enter")
        assert link(tui) == HomeLink("runs", "graph:etl")

    drive(look)


@pytest.mark.usefixtures("runs")
def test_nothing_that_matches_says_how_to_take_the_filter_back(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        assert "no run matches; esc takes the filter back" in tui.text()

    drive(look, link="runs?graph:none")


@pytest.mark.usefixtures("runs")
def test_a_link_with_a_wrong_filter_opens_without_it_and_says_so(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        assert "greeting" in tui.text()
        assert "there is no status" in tui.text()
        assert link(tui) == HomeLink("runs")

    drive(look, link="runs?status:x")


@pytest.mark.parametrize("tab", ["graphs", "nodes"])
@pytest.mark.usefixtures("runs")
def test_short_lists_are_filtered_by_parts_of_names(drive: Drive, tab: str) -> None:
    async def look(tui: Tui) -> None:
        before = tui.app.screen.query("Table").first().height  # type: ignore[attr-defined]
        await tui.press("/")
        await tui.type("ee" if tab == "graphs" else "fet")
        await tui.press("enter")
        assert before > tui.app.screen.query("Table").first().height == 1  # type: ignore[attr-defined]

    drive(look, link=tab)


def test_a_colon_goes_anywhere(drive: Drive, runs: list[str]) -> None:
    async def look(tui: Tui) -> None:
        await tui.press(":")
        await tui.type(f"run {runs[0][-6:]}")
        await tui.press("enter")
        assert isinstance(link(tui), RunLink)
        await tui.press(":")
        await tui.type("nodes")
        await tui.press("enter")
        assert link(tui) == HomeLink("nodes")
        await tui.press(":")
        await tui.type("state 1")
        await tui.press("enter")
        await tui.until(lambda: isinstance(tui.app.screen, InspectorScreen))
        assert link(tui) == StateLink(runs[0][-8:], 1, "inputs")

    drive(look)


@pytest.mark.usefixtures("runs")
def test_a_state_that_is_not_there_is_refused(drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.press(":")
        await tui.type("state 999")
        await tui.press("enter")
        await tui.shows('No state "999"')

    drive(look)


def test_q_behind_a_colon_leaves(drive: Drive, manager: StateManager) -> None:
    manager.upsert(draw("a"))

    async def look(tui: Tui) -> None:
        await tui.press(":", "q", "enter")
        await tui.until(lambda: not tui.app.is_running)

    drive(look)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("runs", HomeLink("runs")),
        (":runs status:failed", HomeLink("runs", "status:failed")),
        ("run 7f3", RunLink("7f3")),
        ("state 412", GoToState(412)),
        ("run/7f3/gate/collect", GateLink("7f3", "collect")),
        ("run/7f3/states?status:errored node:x", RunLink("7f3", "states", "status:errored node:x")),
        ("q", Quit()),
    ],
)
def test_commands(line: str, command: object) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "said"), [("rns", 'Did you mean "run'), ("run", "Say which: run 7f3"), ("state x", "Say which: state 412")]
)
def test_commands_that_are_none(line: str, said: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        parse_command(line)

    assert said in str(caught.value)


def test_commands_are_completed() -> None:
    assert list(complete_command("s", 1)) == ["schedules", "state"]
    assert "runs" in complete_command("", 0)
