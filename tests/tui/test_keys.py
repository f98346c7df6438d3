"""Every key has a place in the palette and in the help, and may be changed."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from exodsl.errors import SettingInvalid
from exodsl_tui.keys import parse_keymap
from exodsl_tui.launch import known_ids
from exodsl_tui.screens.help import HelpScreen
from exodsl_tui.screens.prompt import Prompt
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui

LINKS = ["runs", "graphs", "schedules", "nodes", "run/{run}", "run/{run}/states", "run/{run}/state/1"]


@pytest.mark.parametrize("link", LINKS)
def test_no_key_without_an_entry_in_the_palette(drive: Drive, start: Begin, link: str) -> None:
    run = samples.done(start)

    async def look(tui: Tui) -> None:
        screen = tui.app.screen
        active = [found.binding for found in screen.active_bindings.values() if found.enabled]
        offered = {command.title for command in tui.app.get_system_commands(screen)}
        assert {binding.key for binding in active if not binding.description} <= {"tab", "shift+tab"}
        assert {binding.description for binding in active if binding.description} <= offered

    drive(look, link=link.format(run=run.run_id))


def test_the_palette_does_what_it_offers(drive: Drive, start: Begin) -> None:
    samples.done(start)

    async def look(tui: Tui) -> None:
        await tui.press("ctrl+p")
        await tui.type("tab nodes")
        await tui.shows("Tab Nodes")
        await tui.press("down", "enter")
        await tui.shows("[4 Nodes]")

    drive(look)


def test_help_is_about_what_has_the_focus(drive: Drive, start: Begin, snapshot: SnapshotAssertion) -> None:
    samples.done(start)

    async def look(tui: Tui) -> None:
        await tui.press("?")
        assert isinstance(tui.app.screen, HelpScreen)
        assert tui.text() == snapshot
        await tui.press("?")
        assert not isinstance(tui.app.screen, HelpScreen)

    drive(look, size=(80, 60))


def test_the_footer_shows_six_keys_at_most(drive: Drive, start: Begin) -> None:
    samples.done(start)

    async def look(tui: Tui) -> None:
        keys = tui.text().splitlines()[-1]
        assert len(keys.strip().split("  ")) <= 6
        assert keys.strip().startswith("enter Open")
        assert keys.strip().endswith("^p Palette  ? Help")

    drive(look)


def test_other_keys_can_be_given(drive: Drive, start: Begin) -> None:
    samples.done(start)

    async def look(tui: Tui) -> None:
        await tui.press("m")
        assert isinstance(tui.app.screen, Prompt)

    drive(look, keymap=parse_keymap("filter=m", known_ids()))


@pytest.mark.parametrize(("text", "said"), [("filter", "says no key"), ("filtre=m", 'Did you mean "filter"?')])
def test_keys_that_cannot_be_given_are_told(text: str, said: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        parse_keymap(text, known_ids())

    assert said in str(caught.value)


def test_ids_of_keys_are_unique_within_a_screen(drive: Drive, start: Begin) -> None:
    samples.done(start)

    async def look(tui: Tui) -> None:
        actions: dict[str, set[str]] = {}
        for found in tui.app.screen.active_bindings.values():
            if found.binding.id is not None:
                actions.setdefault(found.binding.id, set()).add(found.binding.action)
        assert [name for name, of in actions.items() if len(of) > 1] == []

    drive(look)
