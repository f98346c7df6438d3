"""What all screens share: the lines above and below, following while they are seen, and where they are.

A screen of tabs makes each tab's `Pane` when it is first opened. What a screen shows is a link (`link`), which the
crumbs spell, `y` copies, and `Host.go` opens again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from exodsl_tui.actions.aim import Aim
from exodsl_tui.asking import Asking
from exodsl_tui.keys import TAB_KEYS
from exodsl_tui.links import Link, spell
from exodsl_tui.signs import Piece
from exodsl_tui.widgets.crumbs import Crumbs
from exodsl_tui.widgets.key_line import KeyLine
from exodsl_tui.widgets.status_line import StatusLine
from exodsl_tui.widgets.tab_bar import Tab, TabBar


class InspectorScreen(Asking, Screen[None]):
    """A screen over a database."""

    HELP = ""
    """What `?` says of it, above its keys."""

    DEFAULT_CSS = """
    InspectorScreen > .body { height: 1fr; }
    InspectorScreen.-lost > .body { opacity: 60%; }
    """

    @property
    @abstractmethod
    def link(self) -> Link:
        """Where this is."""

    @property
    @abstractmethod
    def steps(self) -> tuple[str, ...]:
        """What the crumbs say behind the database's name."""

    @property
    def filter_text(self) -> str:
        """What the crumbs say is filtered."""
        return ""

    @property
    def aim(self) -> Aim:
        """What the keys act on that change, copy or export something."""
        return Aim()

    @abstractmethod
    def body(self) -> Iterable[Widget]:
        """Return what is between the lines above and below."""

    def compose(self) -> ComposeResult:
        """Put the lines around the body."""
        yield Crumbs()
        with Container(classes="body"):
            yield from self.body()
        yield StatusLine()
        yield KeyLine()

    def on_mount(self) -> None:
        """Say where this is."""
        self.moved()

    def on_screen_suspend(self) -> None:
        """Ask nothing below another screen."""
        self.rest()

    def on_screen_resume(self) -> None:
        """Go on."""
        self.wake()
        self.moved()

    def moved(self) -> None:
        """Say where this is, after that has changed."""
        if self.is_mounted:
            self.query_one(Crumbs).show(self.steps, self.filter_text)
            self.aimed()

    def aimed(self) -> None:
        """Offer other keys, once there is something else to act on."""
        kinds = self.aim.kinds
        if kinds != self._kinds:
            self._kinds = kinds
            self.refresh_bindings()

    _kinds: tuple[bool, ...] = ()

    def say(self, text: str) -> None:
        """Say something of what is shown, in the status line."""
        self.query_one(StatusLine).say(text)

    def mode(self, mode: Piece, wrong: str, *, lost: bool) -> None:
        """Show whether the database is followed, and what is wrong with it."""
        self.set_class(lost, "-lost")
        for crumbs in self.query(Crumbs):
            crumbs.mode(mode)
        for line in self.query(StatusLine):
            line.complain(wrong)

    def clear(self) -> bool:
        """Take back what `esc` takes back before it leaves: marks, a filter. Return whether there was anything."""
        return False

    def acted(self) -> None:
        """Called when an action on what was marked here is over."""

    def copied(self) -> str:
        """Return what `y` copies: the link to this, as the command line takes it."""
        return spell(self.link)


class Pane(Asking, Widget):
    """What one tab of a screen shows."""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    """

    filter_text: str = ""

    @property
    def aim(self) -> Aim:
        """See `InspectorScreen.aim`."""
        return Aim()

    def on_mount(self) -> None:
        """Be opened, after what a pane does itself when it is mounted."""
        self.opened()

    def opened(self) -> None:
        """Called when the tab is opened: give something the focus."""

    def set_filter(self, text: str) -> None:
        """Filter what is shown; called with a text that `check_filter` took."""

    def clear(self) -> bool:
        """See `InspectorScreen.clear`."""
        return False

    def reload(self) -> None:
        """Ask for everything anew."""

    def acted(self) -> None:
        """See `InspectorScreen.acted`."""

    def changed(self) -> None:
        """Tell the screen that what its crumbs say has changed."""
        screen = self.screen
        if isinstance(screen, InspectorScreen):
            screen.moved()


class TabbedScreen(InspectorScreen):
    """A screen of tabs; a digit, `[`, `]` or a click opens one.

    :param first: the name of the tab to open.
    :param filter: the filter of that tab.
    """

    TABS: ClassVar[tuple[Tab, ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [*TAB_KEYS]

    def __init__(self, first: str, filter: str = "") -> None:
        super().__init__()
        self.open_name = first
        self._first_filter = filter
        self._panes: dict[str, Pane] = {}

    @abstractmethod
    def makers(self) -> Mapping[str, Callable[[], Pane]]:
        """Return what makes the pane of each tab."""

    def body(self) -> Iterable[Widget]:
        """Return the line of tabs; panes come when they are opened."""
        yield TabBar(self.TABS, id="tabs")

    def on_mount(self) -> None:
        """Open the first tab."""
        self.open_tab(self.open_name, self._first_filter)

    @property
    def tab_bar(self) -> TabBar:
        """The line of tabs."""
        return self.query_one("#tabs", TabBar)

    @property
    def pane(self) -> Pane:
        """The open pane."""
        return self._panes[self.open_name]

    @property
    def filter_text(self) -> str:
        """The filter of the open pane."""
        return self.pane.filter_text if self.open_name in self._panes else self._first_filter

    @property
    def aim(self) -> Aim:
        """What the open pane is about."""
        return self.pane.aim if self.open_name in self._panes and self.pane.is_mounted else Aim()

    def open_tab(self, name: str, filter: str | None = None) -> None:
        """Open a tab.

        :param filter: what to filter there; `None` to leave its filter as it is.
        """
        for other, hidden in self._panes.items():
            if other != name and hidden.display:
                hidden.display = False
                hidden.rest()
        self.open_name = name
        self.say("")
        self.tab_bar.show(name)
        pane = self._panes.get(name)
        if pane is None:
            pane = self._panes[name] = self.makers()[name]()
            if filter:
                pane.filter_text = filter
            self.query_one(".body", Container).mount(pane)
        else:
            pane.display = True
            pane.wake()
            if filter is not None and filter != pane.filter_text:
                pane.set_filter(filter)
            pane.opened()
        self.moved()
        self.refresh_bindings()

    def action_open_tab(self, name: str) -> None:
        """Open a tab by name."""
        self.open_tab(name)

    def action_next_tab(self, by: int) -> None:
        """Open the tab beside this one."""
        self.open_tab(self.tab_bar.next(by))

    def on_tab_bar_chosen(self, message: TabBar.Chosen) -> None:
        """Open the tab that was clicked."""
        self.open_tab(message.name)

    def rest(self) -> None:
        """Rest, with the open pane."""
        super().rest()
        if self.open_name in self._panes:
            self.pane.rest()

    def wake(self) -> None:
        """Go on, with the open pane."""
        super().wake()
        if self.open_name in self._panes:
            self.pane.wake()

    def acted(self) -> None:
        """Tell the open pane."""
        self.pane.acted()

    def clear(self) -> bool:
        """Clear the open pane."""
        return self.pane.clear()
