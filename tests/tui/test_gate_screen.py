"""The gates of a unite, and the doctor's word on one."""

from __future__ import annotations

import re

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.message import Message

from exodsl_tui.links import GateLink, RunLink, StateLink, spell
from exodsl_tui.messages import RetryStates
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.gate import GateScreen
from tests.manager.byhand import ByHand, Clock, draw, numbers
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, ScreenPicture, Tui

SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def going(start: Begin, clock: Clock) -> ByHand:
    """A run with one gate that waits, and cannot open."""
    run = samples.going(start)
    clock.now_ms += 5_000
    return run


@pytest.fixture
def nested(start: Begin) -> ByHand:
    """A run with three inner gates, and one around them."""
    return samples.nested(start)


def link(run: ByHand, node: str, path: tuple[int, ...] | None = None) -> str:
    return spell(GateLink(run.run_id, node, path))


def where(tui: Tui) -> object:
    screen = tui.app.screen
    assert isinstance(screen, InspectorScreen)
    return screen.link


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_only_gate_is_examined(
    drive: Drive, going: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(going, "collect"), size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_several_gates_are_listed(
    drive: Drive, nested: ByHand, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(nested, "sum"), size=size)


def test_in_plain_characters(drive: Drive, going: ByHand, snapshot: SnapshotAssertion) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text().isascii()
        assert tui.text() == snapshot

    drive(look, link=link(going, "collect"), ascii=True)


def test_without_colours(
    drive: Drive, going: ByHand, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(going, "collect"))


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
def test_in_colours(
    drive: Drive, going: ByHand, snapshot: SnapshotAssertion, light: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def look(tui: Tui) -> None:
        drawn = re.sub(r"terminal-\d+", "terminal", tui.app.export_screenshot(title="exodsl"))
        assert drawn == snapshot.use_extension(ScreenPicture)

    drive(look, link=link(going, "collect"), size=(120, 40), light=light)


def test_a_gate_that_opened_says_when(drive: Drive, start: Begin) -> None:
    run = start(draw("split* > work, work > end", unites={"end": "split"}))
    run.work(split=numbers(3))

    async def look(tui: Tui) -> None:
        assert "Opened 2027-01-15 08:00:00 UTC: 3 arrived." in tui.text()

    drive(look, link=link(run, "end"))


def test_a_unite_that_was_not_reached_has_no_gates(drive: Drive, start: Begin) -> None:
    run = start(draw("split* > work, work > end", unites={"end": "split"}))

    async def look(tui: Tui) -> None:
        assert "no gates yet" in tui.text()

    drive(look, link=link(run, "end"))


def test_enter_opens_a_gate_of_the_list(drive: Drive, nested: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("down", "enter")

        assert where(tui) == GateLink(nested.run_id, "sum", (1,))
        assert "3 arrived of 4, 1 moving" in tui.text()

    drive(look, link=link(nested, "sum"))


def test_enter_opens_the_states_that_a_gate_waits_for_within_its_branch(drive: Drive, nested: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("enter")
        assert where(tui) == RunLink(nested.run_id, "states", "node:leaf status:queued,executed branch:1")
        assert "1 state" in tui.text()

        await tui.press("escape", "escape", "down", "enter")
        assert isinstance(where(tui), StateLink)

    drive(look, link=link(nested, "sum", (1,)))


def test_exactly_the_dead_states_are_retried(drive: Drive, going: ByHand, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Message] = []
    monkeypatch.setattr(GateScreen, "on_retry_states", lambda _self, message: asked.append(message), raising=False)

    async def look(tui: Tui) -> None:
        await tui.press("r")

    drive(look, link=link(going, "collect"))

    (message,) = asked
    assert isinstance(message, RetryStates)
    (failed,) = (state.state_id for state in going.states("parse") if state.status == "ERRORED")
    assert (message.run_id, message.state_ids) == (going.run_id, (failed,))


def test_nothing_is_retried_where_nothing_is_dead(drive: Drive, nested: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("r")

        await tui.shows("Nothing is dead")

    drive(look, link=link(nested, "sum", (1,)))


def test_the_states_of_the_unite_are_one_key_away(drive: Drive, nested: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("S")

        assert where(tui) == RunLink(nested.run_id, "states", "node:sum")

    drive(look, link=link(nested, "sum"))


def test_a_node_that_is_not_there_is_told_and_left(drive: Drive, nested: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows('no node "nobody"')
        assert not isinstance(tui.app.screen, GateScreen)

    drive(look, link=link(nested, "nobody"))


def test_a_gate_follows_its_run(drive: Drive, nested: ByHand) -> None:
    async def look(tui: Tui) -> None:
        assert "1 moving" in tui.text()
        nested.work()
        await tui.shows("Opened")

    drive(look, link=link(nested, "sum", (1,)))


def test_the_gate_under_the_cursor_stands_beside_the_list_as_soon_as_there_is_room(
    drive: Drive, nested: ByHand
) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("down")
        assert "sum   open" not in tui.text()

        await tui.pilot.resize_terminal(130, 30)
        await tui.shows("sum   open")

    drive(look, link=link(nested, "sum"))
