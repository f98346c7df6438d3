"""The screen of a run: its tabs at every size, and the keys of its graph."""

from __future__ import annotations

import re

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.message import Message

from exodsl.manager.protocol import StateManager
from exodsl_tui.links import GateLink, RunLink, StateLink, spell
from exodsl_tui.messages import RetryCluster
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.gate import GateScreen
from exodsl_tui.screens.graph_pane import GraphPane
from exodsl_tui.screens.run import RunScreen
from exodsl_tui.screens.state import StateScreen
from exodsl_tui.widgets.boxes import Boxes
from exodsl_tui.widgets.rails import Rails
from exodsl_tui.widgets.scrub import Scrub
from tests.manager.byhand import ByHand, Clock, draw, fail, numbers
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, ScreenPicture, Tui

SIZES = [(80, 24), (120, 40)]
TABS = ["graph", "states", "timeline", "failures", "store", "info"]


@pytest.fixture
def going(start: Begin, clock: Clock) -> ByHand:
    """A run that goes on."""
    run = samples.going(start)
    clock.now_ms += 5_000
    return run


@pytest.fixture
def ended(start: Begin, clock: Clock) -> ByHand:
    """A run that failed, and waited for two hours meanwhile."""
    run = samples.ended(start)
    clock.now_ms += 5_000
    return run


def link(run: ByHand, tab: str = "graph", filter: str = "") -> str:
    return spell(RunLink(run.run_id, tab, filter))  # type: ignore[arg-type]


def screen(tui: Tui) -> InspectorScreen:
    found = tui.app.screen
    assert isinstance(found, InspectorScreen)
    return found


def graph(tui: Tui) -> GraphPane:
    return screen(tui).query_one(GraphPane)


def current(tui: Tui) -> str:
    """Return the node under the cursor."""
    stand = graph(tui).current
    assert stand is not None
    return stand.name


async def walk(tui: Tui, keys: str) -> list[str]:
    """Press keys, and return on which node the cursor is after each."""
    found: list[str] = []
    for key in keys.split():
        await tui.press(key)
        found.append(current(tui))
    return found


def picture(tui: Tui) -> str:
    """Return the screen as SVG, without the number that differs from process to process."""
    return re.sub(r"terminal-\d+", "terminal", tui.app.export_screenshot(title="exodsl"))


# What is shown


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("tab", TABS)
def test_tabs(drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, tab: str, size: tuple[int, int]) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(ended, tab), size=size)


@pytest.mark.parametrize("tab", TABS)
def test_tabs_in_plain_characters(drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, tab: str) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text().isascii()
        assert tui.text() == snapshot

    drive(look, link=link(ended, tab), ascii=True)


@pytest.mark.parametrize("tab", TABS)
def test_tabs_without_colours(
    drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, tab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(ended, tab))


@pytest.mark.parametrize("size", [*SIZES, (200, 60)], ids=str)
def test_a_graph_that_goes_on(drive: Drive, going: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(going), size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
def test_a_graph_as_boxes(
    drive: Drive, going: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int], ascii: bool
) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("b", "down", "down", "down")

        assert tui.text() == snapshot

    drive(look, link=link(going), size=size, ascii=ascii)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_graph_of_nested_fanouts(
    drive: Drive, start: Begin, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    run = samples.nested(start)

    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(run), size=size)


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
def test_a_graph_in_colours(
    drive: Drive, going: ByHand, snapshot: SnapshotAssertion, light: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def look(tui: Tui) -> None:
        assert picture(tui) == snapshot.use_extension(ScreenPicture)

    drive(look, link=link(going), size=(120, 40), light=light)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_past(drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("t", "home", *["right"] * 9)

        assert tui.text() == snapshot

    drive(look, link=link(ended), size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_the_inputs_of_failures_have_in_common(
    drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("i")

        assert tui.text() == snapshot

    drive(look, link=link(ended, "failures"), size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_node_of_the_timeline_opens_to_its_states(
    drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("down", "down", "down", "enter")

        assert tui.text() == snapshot

    drive(look, link=link(ended, "timeline"), size=size)


def test_a_run_that_has_nothing_yet(drive: Drive, start: Begin, snapshot: SnapshotAssertion) -> None:
    run = start(samples.ETL)

    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(run))


# The keys of the graph


def test_the_cursor_steps_over_forks_and_goes_along_edges(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        assert await walk(tui, "down down down down up up") == ["split", "fetch", "parse", "validate", "parse", "fetch"]
        assert await walk(tui, "right right left left") == ["parse", "collect", "parse", "fetch"]
        assert await walk(tui, "G g") == ["publish", "ingest"]

    drive(look, link=link(going))


def test_in_boxes_the_cursor_goes_along_lines_and_to_neighbours(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("b")

        assert await walk(tui, "down down down right left") == ["split", "fetch", "parse", "validate", "parse"]
        assert await walk(tui, "down down up up up") == ["collect", "publish", "collect", "parse", "fetch"]
        assert await walk(tui, "G g n") == ["publish", "ingest", "parse"]

    drive(look, link=link(going))


def test_boxes_and_rails_keep_the_cursor_on_its_node(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        assert await walk(tui, "down down b down b") == ["split", "fetch", "fetch", "parse", "parse"]
        assert isinstance(tui.app.focused, Rails)

    drive(look, link=link(going))


def test_the_oldest_blocker_is_one_key_away(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        assert await walk(tui, "o g b o") == ["parse", "ingest", "ingest", "parse"]

    drive(look, link=link(going))


def test_enter_opens_the_states_of_a_node_and_the_gate_of_a_unite(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("o", "enter")
        assert screen(tui).link == RunLink(going.run_id, "states", "node:parse")

        await tui.press("1", "right", "enter")
        assert isinstance(tui.app.screen, GateScreen)
        assert screen(tui).link == GateLink(going.run_id, "collect", ())

    drive(look, link=link(going))


def test_boxes_open_the_same(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("b", "down", "enter")
        assert screen(tui).link == RunLink(going.run_id, "states", "node:split")

    drive(look, link=link(going))


def test_a_click_selects_a_box_and_a_double_click_opens_it(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("b")
        await tui.pilot.click(Boxes, offset=(5, 15))
        await tui.settled()
        assert current(tui) == "parse"

        await tui.pilot.click(Boxes, offset=(25, 15), times=2)
        await tui.settled()
        assert screen(tui).link == RunLink(going.run_id, "states", "node:validate")

    drive(look, link=link(going))


def test_a_click_selects_a_row(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.pilot.click(Rails, offset=(10, 3))
        await tui.settled()

        assert current(tui) == "fetch"

    drive(look, link=link(going))


def test_chains_are_folded_and_expanded(drive: Drive, start: Begin) -> None:
    run = start(samples.CHAIN)
    run.work(split=numbers(3))

    async def look(tui: Tui) -> None:
        assert await walk(tui, "down down x down") == ["clean", "enrich", "load", "split"]
        assert "load -> check (4)" in tui.text()

        assert await walk(tui, "up enter down") == ["load", "load", "clean"]
        assert "load -> check" not in tui.text()

    drive(look, link=link(run))


def test_a_graph_without_chains_says_so(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("x")

        await tui.shows("nothing to fold")

    drive(look, link=link(going))


def test_a_very_large_graph_is_folded_and_shown_as_rails_only(drive: Drive, start: Begin) -> None:
    run = start(samples.wide(305))

    async def look(tui: Tui) -> None:
        assert "a0 -> a4 (5)" in tui.text()

        await tui.press("b")
        await tui.shows("rails only")
        assert isinstance(tui.app.focused, Rails)

    drive(look, link=link(run))


# The past


def test_scrubbing_shows_the_counts_of_a_moment(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("t")
        assert isinstance(tui.app.focused, Scrub)
        assert tui.line("parse").split()[-4:] == ["16", "8", "0", "0"]

        await tui.press("home")
        assert tui.line("ingest").split()[-4:] == ["0", "0", "1", "0"]
        assert tui.line("as it was").startswith(" as it was at 08:00:00")

        await tui.press(*["right"] * 9)
        assert tui.line("parse").split()[-4:] == ["8", "4", "0", "12"]

    drive(look, link=link(ended))


def test_escape_comes_back_to_now(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        before = tui.text()
        await tui.press("t", "home", "escape")

        assert tui.text() == before
        assert isinstance(tui.app.focused, Rails)

    drive(look, link=link(ended))


def test_the_hand_steps_over_a_folded_pause(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("t")
        scrub = tui.app.screen.query_one(Scrub)
        seen = [scrub.bucket]
        while seen[-1] > 0:
            scrub.action_step(-1)
            seen.append(scrub.bucket)

        assert seen == sorted(set(seen), reverse=True)
        assert len(seen) < 80

    drive(look, link=link(ended))


# The other tabs


def test_failures_open_as_exactly_their_states(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("enter")
        assert "8 states" in tui.text()

        await tui.press("escape")
        assert "97 states" in tui.text()

    drive(look, link=link(ended, "failures"))


def test_a_retry_of_a_cluster_is_asked_for(drive: Drive, ended: ByHand, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Message] = []
    monkeypatch.setattr(RunScreen, "on_retry_cluster", lambda _self, message: asked.append(message), raising=False)

    async def look(tui: Tui) -> None:
        await tui.press("R")

    drive(look, link=link(ended, "failures"))

    (message,) = asked
    assert isinstance(message, RetryCluster)
    assert (message.run_id, message.cluster.identifier, message.cluster.count) == (ended.run_id, "parse", 8)


def test_states_are_narrowed_to_a_branch(drive: Drive, start: Begin) -> None:
    run = samples.nested(start)

    async def look(tui: Tui) -> None:
        await tui.press("d")
        assert screen(tui).link == RunLink(run.run_id, "states", "branch:0.0")
        assert "1 state" in tui.text()

    drive(look, link=link(run, "states", "node:leaf"))


def test_a_state_opens_from_the_list_and_from_the_timeline(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("enter")
        assert isinstance(tui.app.screen, StateScreen)
        await tui.press("escape", "3", "enter", "down", "enter")
        assert isinstance(screen(tui).link, StateLink)

    drive(look, link=link(ended, "states"))


def test_the_value_of_the_store_under_the_cursor_is_copied(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("down", "y")

        assert tui.app.clipboard == '{"name": "news", "tags": ["a", "b"]}'

    drive(look, link=link(ended, "store"))


def test_a_store_that_was_cleaned_up_says_so(drive: Drive, start: Begin) -> None:
    run = start(draw("a", store_config={"required_keys": ["k"]}), store={"k": 1})
    run.work()

    async def look(tui: Tui) -> None:
        assert "cleaned up" in tui.text()

    drive(look, link=link(run, "store"))


def test_a_run_that_is_not_there_is_told_and_left(drive: Drive, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows('No run "0000"')
        assert not isinstance(tui.app.screen, RunScreen)

    drive(look, link="run/0000")


def test_tabs_count_states_and_failures(drive: Drive, manager: StateManager, going: ByHand) -> None:
    async def look(tui: Tui) -> None:
        assert "2 States 99" in tui.text()
        assert "4 Failures 1" in tui.text()

    drive(look, link=link(going))


def test_a_node_with_a_name_full_of_markup_is_shown_as_it_is(drive: Drive, start: Begin) -> None:
    run = start(draw("[red]a > b[/]"))
    run.work(**{"[red]a": fail("[bold]\x1b[31mred")})

    async def look(tui: Tui) -> None:
        assert "[red]a" in tui.text()
        await tui.press("b")
        assert "[red]a" in tui.text()
        await tui.press("4")
        assert "[bold]\\x1b[31mred" in tui.text()

    drive(look, link=link(run))


def test_the_state_under_the_cursor_stands_beside_the_list_as_soon_as_there_is_room(
    drive: Drive, ended: ByHand
) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("down")
        assert "state 2" not in tui.text()

        await tui.pilot.resize_terminal(130, 30)
        await tui.shows("split  state 2")

    drive(look, link=link(ended, "states"))


def test_a_state_that_takes_the_place_of_the_list_is_the_one_under_the_cursor(going: ByHand, drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.pilot.resize_terminal(120, 24)
        await tui.shows("ingest  state 1 ")
        await tui.pilot.resize_terminal(80, 24)
        await tui.press("down", "plus")
        await tui.shows("split  state 2 ")

    drive(look, link=link(going, "states"))


def test_where_no_state_matches_nothing_of_the_last_one_stays_beside_the_list(going: ByHand, drive: Drive) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows("Relatives 1")
        await tui.press("slash")
        await tui.type("id:9999")
        await tui.press("enter")
        await tui.shows("no state matches")
        await tui.until(lambda: "Relatives 1" not in tui.text())

    drive(look, link=link(going, "states"), size=(120, 24))
