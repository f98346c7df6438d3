"""The inspector: screens on a stack over one database, which one thread reads.

Screens are opened by link (`go`). Where a link leads is in `_screen`; screens of other rooms never import this module:
they find what they need in `exodsl_tui.host`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from exodsl.manager.protocol import StateManager
from exodsl_tui import keys
from exodsl_tui.commands import GoToState, Quit, complete_command, parse_command
from exodsl_tui.host import Clock
from exodsl_tui.links import GateLink, HomeLink, Link, RunLink, StateLink
from exodsl_tui.places import Place
from exodsl_tui.questions import Health
from exodsl_tui.reader import Reader
from exodsl_tui.screens.acting import Acting
from exodsl_tui.screens.base import InspectorScreen
from exodsl_tui.screens.help import HelpScreen
from exodsl_tui.screens.home import HomeScreen
from exodsl_tui.screens.prompt import Prompt
from exodsl_tui.screens.small import SmallScreen, is_small
from exodsl_tui.screens.trouble import TroubleScreen
from exodsl_tui.signs import Piece
from exodsl_tui.themes import DARK, THEMES, defaults
from exodsl_tui.words import span


def system_clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def _link_to(state_id: int, manager: StateManager) -> Link:
    return StateLink(manager.state(state_id).run_id, state_id)


class PlainScrollBar(ScrollBarRender):
    """A scrollbar of blanks: half blocks have another width on some terminals."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class Inspector(Acting):
    """The application.

    :param link: what to show first, above the list of runs.
    :param theme: its name.
    :param keymap: other keys, by id of binding.
    """

    TITLE = "exodsl"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS = """
    CommandPalette SearchIcon { display: none; }
    .-ascii HelpScreen > Vertical, .-ascii ColumnChoice > Vertical, .-ascii .side { border: ascii $primary; }
    .-ascii .window, .-ascii SelectOverlay { border: ascii $primary; }
    .-ascii SelectCurrent .arrow { display: none; }
    .-ascii Toast { border-left: ascii $primary; }
    .-ascii CommandPalette #--input, .-ascii CommandPalette #--results { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = keys.EVERYWHERE

    def __init__(
        self,
        place: Place,
        *,
        link: Link | None = None,
        clock: Clock = system_clock,
        zone: tzinfo | None = None,
        ascii: bool = False,
        theme: str = DARK.name,
        keymap: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(place, clock=clock, zone=zone, ascii=ascii)
        self.reader = Reader(place.open, self._tell_health, place.identity)
        self.health = Health(opened=False)
        self.frozen = False
        self._link = link
        self._first_theme = theme
        self._seen_at = self.now()
        self._keymap_given = dict(keymap or {})

    # Beginning and end

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours of statuses for themes that have none."""
        return defaults(self.current_theme)

    def on_mount(self) -> None:
        """Show the first screens, and begin to read."""
        for theme in THEMES:
            self.register_theme(theme)
        ScrollBar.renderer = PlainScrollBar
        self.set_class(self.signs.ascii, "-ascii")
        self.theme = self._first_theme
        self.set_keymap(self._keymap_given)
        self.reader.start()
        if isinstance(self._link, HomeLink):
            self.push_screen(HomeScreen(self._link))
        else:
            self.push_screen(HomeScreen(HomeLink()))
            if self._link is not None:
                self.go(self._link)
        self.set_interval(1.0, self._show_mode)

    def on_unmount(self) -> None:
        """Close the database."""
        self.reader.close()

    # Where to go

    def go(self, link: Link) -> None:
        """Open the screen that a link leads to; a list of the database replaces what is open."""
        if isinstance(link, HomeLink):
            while len(self.screen_stack) > 2:
                self.pop_screen()
            home = self.screen
            assert isinstance(home, HomeScreen)
            home.open_tab(link.tab, link.filter)
        else:
            self.push_screen(self._screen(link))
        self.call_after_refresh(self._show_mode)  # once it has its lines

    def _screen(self, link: RunLink | StateLink | GateLink) -> InspectorScreen:
        if isinstance(link, StateLink):
            from exodsl_tui.screens.state import StateScreen

            return StateScreen(link)
        if isinstance(link, GateLink):
            from exodsl_tui.screens.gate import GateScreen

            return GateScreen(link)
        from exodsl_tui.screens.run import RunScreen

        return RunScreen(link)

    def back(self) -> None:
        """Leave the screen, if it is not the last."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
            self._show_mode()

    def action_leave(self) -> None:
        """Take back marks or a filter, else leave the screen."""
        screen = self.screen
        if not isinstance(screen, InspectorScreen):
            self.pop_screen()
        elif not screen.clear():
            self.back()

    def action_quit_screen(self) -> None:
        """Leave the screen; leave the inspector from the last one."""
        if len(self.screen_stack) > 2:
            self.back()
        else:
            self.exit()

    def action_go_to(self) -> None:
        """Ask where to go."""
        self.push_screen(Prompt(":", check=parse_command, complete=complete_command), self._commanded)

    def _commanded(self, line: str | None) -> None:
        if not line or not line.strip():
            return
        command = parse_command(line)
        if isinstance(command, Quit):
            self.exit()
        elif isinstance(command, GoToState):
            question = partial(_link_to, command.state)
            self.reader.ask(self, "go to", question, self.go, self.complain)
        else:
            self.go(command)

    # What everyone may do

    def action_help(self) -> None:
        """Show the keys of what has the focus."""
        self.push_screen(HelpScreen(self.screen))

    def action_follow(self) -> None:
        """Freeze what is shown, or follow the database again."""
        self.frozen = not self.frozen
        self.reader.freeze(self.frozen)
        self._show_mode()

    def action_reload(self) -> None:
        """Read everything that is shown again."""
        self.reader.reload()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Give every action that has a key here, and themes, to the palette."""
        given: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if active.enabled and binding.description and binding.action not in given:
                given.add(binding.action)
                shown = f"key {self.get_key_display(binding)}"

                def run(action: str = binding.action, node: Any = active.node) -> None:
                    self.call_later(self.run_action, action, node)

                yield SystemCommand(binding.description, shown, run)
        yield SystemCommand("Theme", "other colours", self.action_change_theme)
        yield SystemCommand("Screenshot", "the screen as an SVG file", self.deliver_screenshot)

    def get_key_display(self, binding: Binding) -> str:
        """Return a key in letters that every terminal has."""
        shown = keys.NAMES.get(binding.key)
        return shown or super().get_key_display(binding)

    # How the database is

    def _tell_health(self, health: Health) -> None:
        """Take the reader's word, from its thread."""
        self.call_later(self._take_health, health)

    def _take_health(self, health: Health) -> None:
        self.health = health
        if health.error is None:
            self._seen_at = self.now()
            for screen in self.screen_stack:
                if isinstance(screen, TroubleScreen):
                    screen.dismiss()
        elif not health.opened:
            self._show_trouble(health)
        self._show_mode()

    def _show_trouble(self, health: Health) -> None:
        assert health.error is not None
        screen = self.screen
        if isinstance(screen, TroubleScreen):
            screen.show(health.error)
        else:
            self.push_screen(TroubleScreen(health.error))

    def _show_mode(self) -> None:
        """Let every screen say whether it is live."""
        error = self.health.error
        if error is None:
            self._seen_at = self._seen_at if self.frozen else self.now()
        age = span((self.now() - self._seen_at).total_seconds())
        mode: Piece = ("live", "ok")
        wrong = ""
        if error is not None:
            mode = ("lost", "bad")
            wrong = f"What you see is {age} old. {error}"
        elif self.frozen:
            mode = (f"frozen {age}", "retry")
        for screen in self.screen_stack:
            if isinstance(screen, InspectorScreen):
                screen.mode(mode, wrong, lost=error is not None)

    def on_app_focus(self, _event: events.AppFocus) -> None:
        """Look often."""
        self.reader.focus(True)

    def on_app_blur(self, _event: events.AppBlur) -> None:
        """Look seldom."""
        self.reader.focus(False)

    def on_resize(self, event: events.Resize) -> None:
        """Say what is needed where a terminal is too small."""
        small = isinstance(self.screen, SmallScreen)
        if is_small(event.size) and not small:
            self.push_screen(SmallScreen())
        elif small and not is_small(event.size):
            self.pop_screen()
