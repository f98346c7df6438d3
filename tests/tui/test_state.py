"""One state on the screen: its values, its error, its attempts, its relatives, and what waits for what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from exodsl.engine.notes import Line, Notes
from exodsl.engine.reports import Claim, ErrorInfo, Failed, Report
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import StateView
from exodsl_tui.links import STATE_TABS, StateLink, spell
from exodsl_tui.screens.state import StateScreen
from exodsl_tui.widgets.table import Table
from tests.manager.byhand import ByHand, Clock, draw, fail, give
from tests.tui import samples
from tests.tui.conftest import Begin, Drive, Tui

TRACEBACK = """\
Traceback (most recent call last):
  File "/home/me/shop/pages.py", line 12, in parse
    return client.get(url)
           ^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/httpx/_client.py", line 1054, in get
    return self.request(url)
  File "/usr/lib/python3.11/socket.py", line 706, in readinto
    return self._sock.recv_into(b)
TimeoutError: timed out
"""
TWICE = draw(
    "ask > answer",
    name="twice",
    inputs={"answer": {"question": "${{ ask.outputs.question }}"}},
    parts={"answer": {"retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 5_000}}},
)


@pytest.fixture
def failed(start: Begin, manager: StateManager, clock: Clock) -> StateView:
    """A state that failed twice, and told something the second time."""
    run = start(TWICE)
    run.take()
    run.answer({"ask": give({"question": "why?", "deep": {"er": [1, 2]}})})
    (claim,) = run.held
    _report(run, claim, "connection refused by 10.0.0.7")
    clock.now_ms += 5_000
    (claim,) = run.take()
    lines = (Line(clock.now_ms, 20, "asking"), Line(clock.now_ms + 5, 30, "slow\nvery"))
    notes = Notes(claim.state_id, claim.lease, lines)
    manager.exchange(run.session, (), 0, [notes])
    clock.now_ms += 1_200
    _report(run, claim, "timed out")
    return run.states("answer")[-1]


def _report(run: ByHand, claim: Claim, message: str) -> None:
    error = ErrorInfo("builtins.TimeoutError", message, TRACEBACK)
    run.exchange(Report(claim.state_id, claim.lease, Failed(error)), capacity=100)


def link(state: StateView, tab: str = "inputs") -> str:
    """Return the link to a tab of a state."""
    return f"run/{state.run_id}/state/{state.state_id}/{tab}"


def screen(tui: Tui) -> StateScreen:
    """Return the screen of the state."""
    found = tui.app.screen
    assert isinstance(found, StateScreen)
    return found


@pytest.mark.parametrize("tab", STATE_TABS)
def test_tabs(drive: Drive, snapshot: SnapshotAssertion, failed: StateView, tab: str) -> None:
    async def look(tui: Tui) -> None:
        await tui.press(str(STATE_TABS.index(tab) + 1))
        assert tui.text() == snapshot
        assert screen(tui).link.tab == tab

    drive(look, link=link(failed))


@pytest.mark.parametrize("tab", ["error", "attempts"])
def test_tabs_of_a_large_screen(drive: Drive, snapshot: SnapshotAssertion, failed: StateView, tab: str) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text() == snapshot

    drive(look, link=link(failed, tab), size=(120, 40))


def test_in_plain_characters(drive: Drive, snapshot: SnapshotAssertion, failed: StateView) -> None:
    async def look(tui: Tui) -> None:
        assert tui.text().isascii()
        assert tui.text() == snapshot

    drive(look, link=link(failed, "error"), ascii=True)


def test_libraries_are_unfolded_by_a_key(drive: Drive, failed: StateView) -> None:
    async def look(tui: Tui) -> None:
        assert "2 library frames" in tui.text()
        assert "socket.py" not in tui.text()
        await tui.press("x")
        assert "socket.py" in tui.text()

    drive(look, link=link(failed, "error"))


def test_a_failed_state_opens_at_its_error(drive: Drive, failed: StateView) -> None:
    async def look(tui: Tui) -> None:
        assert screen(tui).link == StateLink(failed.run_id[-8:], failed.state_id, "error")

    drive(look, link=f"run/{failed.run_id}/state/{failed.state_id}")


def test_relatives_are_followed_and_esc_comes_back(drive: Drive, failed: StateView) -> None:
    async def look(tui: Tui) -> None:
        relative: Any = tui.app.screen.query_one("#relatives", Table).current
        await tui.press("enter")
        assert screen(tui).link.state == relative.what.state_id
        await tui.press("escape")
        assert screen(tui).link.state == failed.state_id

    drive(look, link=link(failed, "relatives"))


def test_the_link_of_a_tab_is_copied(drive: Drive, failed: StateView) -> None:
    async def look(tui: Tui) -> None:
        await tui.press("y", "l")
        assert tui.app.clipboard == spell(StateLink(failed.run_id[-8:], failed.state_id, "attempts"))

    drive(look, link=link(failed, "attempts"))


def test_a_value_is_written_to_a_file_and_nothing_is_overwritten(
    drive: Drive, failed: StateView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def look(tui: Tui) -> None:
        await tui.press("w", "enter")
        assert json.loads((tmp_path / f"state-{failed.state_id}-inputs.json").read_text()) == {"question": "why?"}
        await tui.press("w")
        assert "nothing is overwritten" in tui.text()
        await tui.press("enter")
        assert "nothing is overwritten" in tui.text()

    drive(look, link=link(failed))


def test_of_a_large_value_the_beginning_is_shown(drive: Drive, start: Begin) -> None:
    run = start(draw("a", name="large"))
    run.take()
    run.answer({"a": give({"text": "x" * 300_000})})

    async def look(tui: Tui) -> None:
        assert "293.0 KiB, the first 256.0 KiB follow; w writes all of it" in tui.text()

    drive(look, link=link(run.state("a"), "outputs"))


def test_a_state_moves_on_the_screen_while_it_is_looked_at(drive: Drive, start: Begin) -> None:
    run = start(draw("a > b"))
    run.take()

    async def look(tui: Tui) -> None:
        assert "running" in tui.text()
        run.answer({"a": fail("it broke")})
        await tui.shows("failed")
        await tui.shows("it broke")

    drive(look, link=f"run/{run.run_id}/state/{run.state('a').state_id}")


def test_a_state_says_that_no_runtime_has_its_code(drive: Drive, manager: StateManager, start: Begin) -> None:
    run = start(draw("a > b"))
    manager.close_session(run.session)

    async def look(tui: Tui) -> None:
        assert "waits for a runtime: none serves its run" in tui.text()

    drive(look, link=link(run.state("a")))


def test_a_state_that_is_not_there_is_told(drive: Drive, start: Begin) -> None:
    run = samples.done(start)

    async def look(tui: Tui) -> None:
        assert 'No state "999" is in this database' in tui.text()

    drive(look, link=f"run/{run.run_id}/state/999")


def test_names_of_secrets_are_shown_and_no_values(drive: Drive, start: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "sesame-opens")
    run = start(draw("a", parts={"a": {"secrets": ["token"]}}, secrets={"token": "env:TOKEN"}))

    async def look(tui: Tui) -> None:
        assert "secrets, never shown: token" in tui.text()
        assert "sesame" not in tui.text()

    drive(look, link=link(run.state("a")))
