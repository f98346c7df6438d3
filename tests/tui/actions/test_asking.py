"""What actions say before they begin, at every size, and what they leave alone."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from exodsl.manager.protocol import StateManager
from exodsl_tui.links import RunLink, StateLink, spell
from exodsl_tui.screens.act import ActionScreen
from exodsl_tui.screens.base import InspectorScreen
from tests.manager.byhand import ByHand, Clock, draw, fail, numbers
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui

SIZES = [(80, 24), (120, 40)]
MANY = 250


@pytest.fixture
def ended(start: Begin, clock: Clock) -> ByHand:
    """A run that failed."""
    run = samples.ended(start)
    clock.now_ms += 5_000
    return run


@pytest.fixture
def many(start: Begin) -> ByHand:
    """A run of which very many states failed."""
    run = start(draw("split* > work", name="many"))
    run.work(split=numbers(MANY), work=fail("gone"))
    return run


@pytest.fixture
def cron(manager: StateManager) -> None:
    """A graph with a schedule."""
    schedule = {"type": "CRON", "value": {"expression": "0 6 * * *"}}
    manager.upsert(draw("a", name="daily", triggers=[schedule]))


def states(run: ByHand, filter: str = "status:failed") -> str:
    return spell(RunLink(run.run_id, "states", filter))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("key", "said"),
    [("R", "Retry 8"), ("X", "nothing to cancel"), ("B", "Rerun from state"), ("y", "Copy"), ("e", "Export")],
    ids=["retry", "nothing", "rerun", "copy", "export"],
)
def test_what_a_key_asks(
    drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, key: str, said: str, size: tuple[int, int]
) -> None:
    async def look(tui: Tui) -> None:
        await tui.shows("cannot read page 2" if size[0] == 120 else "8 states")
        await tui.press(key)
        await tui.shows(said)
        assert tui.text() == snapshot

    drive(look, link=states(ended), size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_cancelling_asks_for_the_id_of_the_run(
    drive: Drive, start: Begin, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    run = samples.going(start)

    async def look(tui: Tui) -> None:
        await tui.shows("cannot read page 2" if size[0] == 120 else "1 state")
        await tui.press("X")
        await tui.shows("to go on")
        assert tui.text() == snapshot

    drive(look, link=states(run), size=size)


@pytest.mark.parametrize("key", ["R", "y", "e"])
def test_in_plain_characters(drive: Drive, ended: ByHand, key: str) -> None:
    async def look(tui: Tui) -> None:
        await tui.press(key)
        await tui.shows({"R": "Retry 8", "y": "Copy", "e": "Export"}[key])
        assert tui.text().isascii()

    drive(look, link=states(ended), ascii=True)


def test_without_colours(
    drive: Drive, ended: ByHand, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def look(tui: Tui) -> None:
        await tui.press("R")
        await tui.shows("may reopen")
        assert tui.text() == snapshot

    drive(look, link=states(ended))


def test_very_many_are_retried_only_once_their_number_is_typed(drive: Drive, many: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("R")
        await tui.shows(f"Type {MANY} to go on")
        await tui.type("25")
        await tui.press("enter")
        assert isinstance(tui.app.screen, ActionScreen)
        await tui.type("0")
        await tui.press("enter")
        await tui.shows(f"{MANY} states retried")
        assert many.manager.run(many.run_id).status == "RUNNING"

    drive(look, link=states(many))


def test_what_was_retried_meanwhile_is_skipped_and_told(drive: Drive, ended: ByHand) -> None:
    failed = [state.state_id for state in ended.manager.states(ended.run_id, status="ERRORED").items]

    async def look(tui: Tui) -> None:
        await tui.press("R")
        await tui.shows("Retry 8 states")
        ended.manager.retry(ended.run_id, failed[:1])
        await tui.press("right", "enter")
        await tui.shows("7 states retried")
        assert "1 skipped:" in tui.text()
        assert f"State {failed[0]} is RETRY_CREATED" in tui.text()
        await tui.press("enter")
        assert isinstance(tui.app.screen, InspectorScreen)

    drive(look, link=states(ended))


def test_marked_states_that_did_not_fail_are_said_to_be_skipped(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("space", "n", "space", "r")
        await tui.shows("1 state is skipped:")
        assert "Retry 1 state" in tui.text()

    drive(look, link=states(ended, "node:parse"))


def test_there_may_be_nothing_to_retry(drive: Drive, start: Begin) -> None:
    run = samples.done(start)

    async def look(tui: Tui) -> None:
        await tui.press("R")
        await tui.shows("There is nothing to retry")
        assert "> Close" in tui.text()

    drive(look, link=states(run, ""))


def test_an_error_is_shown_whole(drive: Drive, many: ByHand) -> None:
    many.manager.retry(many.run_id)
    state = many.manager.states(many.run_id, status="CREATED").items[0]

    async def look(tui: Tui) -> None:
        await tui.press("B")
        await tui.shows("It was refused")
        assert f"State {state.state_id} is CREATED; a run starts again from a state that ended" in tui.text()

    drive(look, link=spell(StateLink(many.run_id, state.state_id)))


def test_a_schedule_is_paused_and_goes_on(drive: Drive, manager: StateManager, cron: None) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("p")
        await tui.shows("starts no run until it is")
        await tui.press("right", "enter")
        await tui.shows("is paused")
        assert manager.schedules()[0].paused
        await tui.press("p")
        await tui.shows("Resume the schedule")
        await tui.press("right", "enter")
        await tui.shows("is on")
        assert not manager.schedules()[0].paused

    drive(look, link="schedules")


@pytest.mark.parametrize("tab", ["graph", "states", "failures"])
def test_nothing_is_offered_where_one_only_looks(drive: Drive, ended: ByHand, tab: str) -> None:
    async def look(tui: Tui) -> None:
        await tui.press(*"rRXpTB")
        assert isinstance(tui.app.screen, InspectorScreen)
        offered = {command.title for command in tui.app.get_system_commands(tui.app.screen)}
        assert not offered & {"Retry", "Retry all that match", "Retry all of them", "Trigger", "Cancel the run"}
        assert {"Copy", "Export"} <= offered
        await tui.press("?")
        assert "Retry" not in tui.text()

    drive(look, link=spell(RunLink(ended.run_id, tab)), read_only=True, size=(80, 60))  # type: ignore[arg-type]


def test_every_action_is_in_the_palette(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        offered = {command.title for command in tui.app.get_system_commands(tui.app.screen)}
        actions = {"Retry", "Retry all that match", "Trigger", "Pause or resume", "Cancel the run", "Copy", "Export"}
        assert offered >= {*actions, "Rerun from this state"}

    drive(look, link=states(ended))


def test_an_action_from_the_palette_acts_on_the_state_under_the_cursor(drive: Drive, ended: ByHand) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("ctrl+p")
        await tui.type("rerun")
        await tui.shows("Rerun from this state")
        await tui.press("down", "enter")
        await tui.shows("Rerun from state")

    drive(look, link=states(ended))
