"""Every key that changes something, pressed beside a real runtime: the run really goes on."""

from __future__ import annotations

import pytest

from exodsl_tui.links import Link, RunLink, StateLink, spell
from exodsl_tui.screens.act import ActionScreen
from exodsl_tui.screens.base import InspectorScreen
from tests.tui.actions.conftest import PAGES, Works
from tests.tui.conftest import Drive, Tui

FAILED = PAGES // 2


async def agree(tui: Tui, said: str, done: str) -> None:
    """Wait for what an action says, agree to it, and wait until it is done."""
    await tui.shows(said)
    assert "> Cancel" in tui.text(), "nothing is done by just pressing enter"
    await tui.press("right", "enter")
    await tui.shows(done)


def where(tui: Tui) -> Link:
    screen = tui.app.screen
    assert isinstance(screen, InspectorScreen)
    return screen.link


@pytest.mark.parametrize(
    ("link", "keys", "said"),
    [
        ("run/{run}/states", "R", f"Retry {FAILED} states"),
        ("run/{run}/states?node:fetch", "ar", f"{FAILED} states that match"),
        ("run/{run}", "jr", f"{FAILED} states of fetch"),
        ("run/{run}/failures", "R", "of fetch with LookupError"),
        ("run/{run}/gate/total", "r", "1 gate may reopen"),
    ],
    ids=["all-that-match", "all-marked", "of-a-node", "of-a-kind", "dead-for-a-gate"],
)
def test_what_failed_is_retried_and_the_run_goes_on(live: Drive, works: Works, link: str, keys: str, said: str) -> None:
    run_id = works.failed()

    async def look(tui: Tui) -> None:
        await tui.press(*keys)
        await tui.shows(said)
        assert "No runtime serves" not in tui.text()
        await agree(tui, said, f"{FAILED} states retried")
        await tui.until(lambda: works.run(run_id).status == "SUCCESS")

    live(look, link=link.format(run=run_id))


def test_the_state_under_the_cursor_is_retried_alone(live: Drive, works: Works) -> None:
    run_id = works.failed()

    async def look(tui: Tui) -> None:
        await tui.press("r")
        await agree(tui, "Retry 1 state", "1 state retried")
        await tui.shows(f"{FAILED - 1} states")

    live(look, link=spell(RunLink(run_id, "states", "status:failed")))


def test_marked_states_are_retried_and_lose_their_marks(live: Drive, works: Works) -> None:
    run_id = works.failed()

    async def look(tui: Tui) -> None:
        await tui.press("space", "space", "r")
        await agree(tui, "2 states marked", "2 states retried")
        await tui.shows("1 state")
        assert "marked" not in tui.text()

    live(look, link=spell(RunLink(run_id, "states", "status:failed")))


def test_a_run_starts_again_from_a_state(live: Drive, works: Works) -> None:
    run_id = works.failed()

    async def look(tui: Tui) -> None:
        await tui.press("B")
        await agree(tui, "Rerun from state", "starts again from state")
        link = where(tui)
        assert isinstance(link, RunLink)
        assert link.run != run_id
        await tui.until(lambda: works.run(link.run).status == "SUCCESS")
        assert works.run(run_id).status == "FAILED"

    state = works.manager.states(run_id, identifier="split").items[0]
    live(look, link=spell(StateLink(run_id, state.state_id)))


def test_a_run_is_cancelled_once_its_id_is_typed(live: Drive, works: Works) -> None:
    works.plant.may.clear()
    run_id = works.trigger()

    async def look(tui: Tui) -> None:
        await tui.shows("x6")
        await tui.press("X")
        await tui.shows(f"Type {run_id[-8:]} to go on")
        await tui.press("enter")
        assert isinstance(tui.app.screen, ActionScreen), "nothing begins before it is typed"
        await tui.type(run_id[-8:])
        await tui.press("enter")
        await tui.shows("is CANCELLED")
        assert works.run(run_id).status == "CANCELLED"

    live(look, link=spell(RunLink(run_id)))


def test_a_run_is_paused_and_goes_on(live: Drive, works: Works) -> None:
    works.plant.mended.set()
    works.plant.may.clear()
    run_id = works.trigger()

    async def look(tui: Tui) -> None:
        await tui.shows("plant")
        await tui.press("p")
        await agree(tui, "Pause run", "is PAUSED")
        works.plant.may.set()
        await tui.press("p")
        await agree(tui, "Resume run", "is RUNNING")
        await tui.until(lambda: works.run(run_id).status == "SUCCESS")

    live(look)


def test_a_run_is_triggered_with_the_inputs_of_the_form(live: Drive, works: Works) -> None:
    works.plant.mended.set()

    async def look(tui: Tui) -> None:
        await tui.shows("plant")
        await tui.press("T")
        await tui.shows("exodsl trigger plant")
        assert "No runtime serves" not in tui.text()
        await tui.press("backspace", "4")
        await tui.shows("--input pages=4")
        await tui.press("ctrl+s")
        await tui.shows("is on its way")
        link = where(tui)
        assert isinstance(link, RunLink)
        await tui.until(lambda: works.run(link.run).status == "SUCCESS")
        assert works.run(link.run).inputs == {"pages": 4}

    live(look, link="graphs")


@pytest.mark.parametrize("key", ["escape", "enter"])
def test_nothing_is_done_unless_somebody_agrees(live: Drive, works: Works, key: str) -> None:
    run_id = works.failed()

    async def look(tui: Tui) -> None:
        await tui.press("R")
        await tui.shows("Retry 3 states")
        await tui.press(key)
        assert isinstance(tui.app.screen, InspectorScreen)
        assert works.run(run_id).status == "FAILED"

    live(look, link=spell(RunLink(run_id, "states")))
