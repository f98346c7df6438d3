"""The inspector under Textual's pilot, over real databases, with a clock and ids that are always the same."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.events import Key
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot

from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager
from exodsl.template.models import GraphTemplate
from exodsl_tui.app import Inspector
from exodsl_tui.links import parse
from exodsl_tui.places import Place
from exodsl_tui.themes import DARK, LIGHT
from tests.manager.byhand import ByHand, Clock, begin

PATIENCE = 8.0
"""Seconds until a condition that a test waits for counts as never met."""
TURNS = 5
"""In so many turns of the event loop, one after the other, no message waits: then none is on its way either."""
Begin = Callable[..., ByHand]
Look = Callable[["Tui"], Awaitable[None]]


class ScreenText(SingleFileSnapshotExtension):
    """A screen as text, one file each."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"

    def serialize(self, data: Any, **_: Any) -> str:
        """Keep the text as it is."""
        return f"{data}\n"


class ScreenPicture(SingleFileSnapshotExtension):
    """A screen as SVG, without what differs from process to process."""

    _write_mode = WriteMode.TEXT
    file_extension = "svg"

    def serialize(self, data: Any, **_: Any) -> str:
        """Keep the picture as it is."""
        return str(data)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots of screens as text."""
    return snapshot.use_extension(ScreenText)


@dataclass
class Tui:
    """An inspector that is looked at, and whose keys are pressed."""

    app: Inspector
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until everything is answered and drawn."""
        for key in keys:
            self._send(key)
            await self.settled()

    async def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        for letter in text:
            self._send(letter)
        await self.settled()

    def _send(self, key: str) -> None:
        """Have a key pressed that is given as its letter or its name, as a terminal would report it."""
        name = _character_to_key(key) if len(key) == 1 else key
        self.app.post_message(Key(name, key if len(key) == 1 else key_to_character(key)))

    async def settled(self) -> None:
        """Wait until the reader has answered everything, and the answers are drawn."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while not self.calm():
                    await asyncio.sleep(0.002)
                answered = self.app.reader.answered
                await self.drawn()
                if self.calm() and self.app.reader.answered == answered:
                    return

    async def drawn(self) -> None:
        """Wait until no message is left to be handled, and everything is drawn that is to be."""
        for _ in range(2):  # what is drawn may send messages
            turns = 0
            while turns < TURNS:
                await asyncio.sleep(0)
                turns = turns + 1 if self.idle() else 0
            self.app.screen._on_timer_update()

    def calm(self) -> bool:
        """Say whether the reader has nothing to answer."""
        return self.app.reader.quiet

    def idle(self) -> bool:
        """Say whether no message waits to be handled."""
        screen = self.app.screen
        return not any(pump.message_queue_size for pump in (self.app, screen, *screen.walk_children()))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self.drawn()
                await asyncio.sleep(0.005)

    async def shows(self, text: str) -> None:
        """Wait until a text is on the screen, and whatever comes with it."""
        try:
            await self.until(lambda: text in self.text())
            await self.settled()
        except TimeoutError:
            raise AssertionError(f"{text!r} never appears:\n{self.text()}") from None

    def text(self) -> str:
        """Return what is on the screen, as text."""
        strips = self.app.screen._compositor.render_strips(self.app.screen.size)
        return "\n".join(strip.text.rstrip() for strip in strips)

    def line(self, text: str) -> str:
        """Return the line of the screen that a text is in."""
        return next(line for line in self.text().splitlines() if text in line)


@dataclass(frozen=True)
class Drive:
    """Opens an inspector, and hands it to a test."""

    database: Path
    clock: Clock

    def __call__(
        self,
        look: Look,
        *,
        link: str | None = None,
        size: tuple[int, int] = (80, 24),
        ascii: bool = False,
        light: bool = False,
        read_only: bool = False,
        keymap: Mapping[str, str] | None = None,
    ) -> None:
        """Run an inspector over the database until `look` is done."""
        asyncio.run(self._run(look, link, size, ascii, light, read_only, keymap))

    async def _run(
        self,
        look: Look,
        link: str | None,
        size: tuple[int, int],
        ascii: bool,
        light: bool,
        read_only: bool,
        keymap: Mapping[str, str] | None,
    ) -> None:
        app = Inspector(
            Place("prod.db", str(self.database), read_only=read_only, clock=self.clock),
            link=None if link is None else parse(link),
            clock=lambda: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=self.clock.now_ms),
            zone=UTC,
            ascii=ascii,
            theme=(LIGHT if light else DARK).name,
            keymap=keymap,
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            tui = Tui(app, pilot)
            await tui.settled()
            await look(tui)


@pytest.fixture(autouse=True)
def fixed_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids of runs depend on nothing but their order."""
    numbers = itertools.count(0x51F3A)
    monkeypatch.setattr("exodsl.manager.ids.randbits", lambda bits: next(numbers) * 7919 % 2**bits)


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when a test says so; for databases and screens alike."""
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "prod.db"


@pytest.fixture
def manager(database: Path, clock: Clock) -> Iterator[StateManager]:
    """A state manager that writes into it."""
    opened = open_manager(str(database), durability="normal", clock=clock, seed=1)
    yield opened
    opened.close()


@pytest.fixture
def start(manager: StateManager, clock: Clock) -> Begin:
    """Begin a run of a template, to be worked by hand."""

    def start(template: GraphTemplate, given: Mapping[str, Any] = {}, **more: Any) -> ByHand:
        return begin(manager, clock, template, given, **more)

    return start


@pytest.fixture
def drive(database: Path, clock: Clock) -> Drive:
    """Opens the inspector over the database."""
    return Drive(database, clock)
